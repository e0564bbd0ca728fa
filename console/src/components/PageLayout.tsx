/** The layout of every page: top navigation, breadcrumbs, notifications and content. */
import AppLayout from '@cloudscape-design/components/app-layout'
import BreadcrumbGroup, { type BreadcrumbGroupProps } from '@cloudscape-design/components/breadcrumb-group'
import { type ReactNode, useEffect } from 'react'
import { hrefTo } from '../location.ts'
import { Notifications } from './Notifications.tsx'
import { TopBar } from './TopBar.tsx'

interface PageLayoutProps {
  /** The title of the browser tab. */
  readonly title: string
  /** Below "Data stores", which is added. */
  readonly breadcrumbs?: readonly BreadcrumbGroupProps.Item[]
  readonly contentType?: 'default' | 'table' | 'form'
  readonly children: ReactNode
}

export function PageLayout({ title, breadcrumbs = [], contentType = 'default', children }: PageLayoutProps) {
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
