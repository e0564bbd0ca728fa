/** The layout of every page: top navigation, breadcrumbs, notifications and content. */
import AppLayout from '@cloudscape-design/components/app-layout'
import BreadcrumbGroup, { type BreadcrumbGroupProps } from '@cloudscape-design/components/breadcrumb-group'
import { type MouseEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { returnToPlace } from '../history-places.ts'
import { hrefTo, useLocation } from '../location.ts'
import { Notifications } from './Notifications.tsx'
import { TopBar } from './TopBar.tsx'
import './page-layout.css'

/** Leaves most of a small screen to the list. */
const SPLIT_PANEL_PIXELS = 230

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
  useArrival()
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it leads to a part of the page, but the fragment has other parameters. */}
      <a className="skip-link" href="#content" onClick={skipToContent}>
        Skip to main content
      </a>
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
        // What a click far down the page has done is said where the person looks.
        stickyNotifications
        content={
          <div id="content" tabIndex={-1}>
            {children}
          </div>
        }
      />
    </>
  )
}

/** The fragment of the URL has the parameters of the page, so the link doesn't change it. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault()
  focusHeading()
}

/** The new page begins at its heading, for screen readers and the keyboard. */
function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>('#content h1') ?? document.getElementById('content')
  if (heading === null) return
  heading.tabIndex = -1
  heading.focus({ preventScroll: true })
}

/** Where a page that another one leads to is read from: from its heading, or from where it was left. */
function useArrival(): void {
  const { entryId, arrivedBy } = useLocation()
  const arrivedAtMount = useRef(arrivedBy)
  useEffect(() => {
    if (arrivedAtMount.current !== 'load') focusHeading()
  }, [])
  useEffect(() => (arrivedBy === 'history' ? returnToPlace(entryId) : undefined), [entryId, arrivedBy])
}
