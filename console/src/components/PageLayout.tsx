/** The layout of every page: top navigation, breadcrumbs, notifications and content. */
import AppLayout from '@cloudscape-design/components/app-layout'
import BreadcrumbGroup, { type BreadcrumbGroupProps } from '@cloudscape-design/components/breadcrumb-group'
import { type ReactNode, useEffect, useState } from 'react'
import { hrefTo } from '../location.ts'
import { Notifications } from './Notifications.tsx'
import { TopBar } from './TopBar.tsx'

/** Leaves most of a small screen to the list. */
const SPLIT_PANEL_PIXELS = 280

interface PageLayoutProps {
  /** The title of the browser tab. */
  readonly title: string
  /** Below "Data stores", which is added. */
  readonly breadcrumbs?: readonly BreadcrumbGroupProps.Item[]
  readonly contentType?: 'default' | 'table' | 'form'
  /** Details of a row of the page, open while it is given. */
  readonly splitPanel?: ReactNode
  readonly onCloseSplitPanel?: () => void
  readonly children: ReactNode
}

export function PageLayout(props: PageLayoutProps) {
  const { title, breadcrumbs = [], contentType = 'default', splitPanel, onCloseSplitPanel, children } = props
  const [splitPanelSize, setSplitPanelSize] = useState(SPLIT_PANEL_PIXELS)
  useEffect(() => {
    document.title = `${title} – Hilum`
  }, [title])
  return (
    <>
      <TopBar />
      <AppLayout
        headerSelector="#top"
        contentType={contentType}
        navigationHide
        toolsHide
        // Forms stay narrow enough to read. Everything else takes the whole screen.
        {...(contentType !== 'form' && { maxContentWidth: Number.MAX_VALUE })}
        splitPanel={splitPanel}
        splitPanelSize={splitPanelSize}
        onSplitPanelResize={({ detail }) => setSplitPanelSize(detail.size)}
        splitPanelOpen={splitPanel !== undefined}
        onSplitPanelToggle={({ detail }) => !detail.open && onCloseSplitPanel?.()}
        breadcrumbs={
          breadcrumbs.length > 0 && (
            <BreadcrumbGroup
              ariaLabel="Breadcrumbs"
              items={[{ text: 'Data stores', href: hrefTo('') }, ...breadcrumbs]}
            />
          )
        }
        notifications={<Notifications />}
        content={children}
      />
    </>
  )
}
