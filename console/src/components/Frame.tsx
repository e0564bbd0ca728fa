/** What is around every page: the bar at the top, the way back, notices. */
import AppLayout from '@cloudscape-design/components/app-layout'
import BreadcrumbGroup, { type BreadcrumbGroupProps } from '@cloudscape-design/components/breadcrumb-group'
import { type ReactNode, useEffect } from 'react'
import { addressOf } from '../place.ts'
import { Notices } from './Notices.tsx'
import { TopBar } from './TopBar.tsx'

interface FrameProps {
  /** Of the browser's tab. */
  readonly title: string
  /** From below the list of data stores to this page. */
  readonly way?: readonly BreadcrumbGroupProps.Item[]
  readonly contentType?: 'default' | 'table' | 'form'
  readonly children: ReactNode
}

export function Frame({ title, way = [], contentType = 'default', children }: FrameProps) {
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
          way.length > 0 && (
            <BreadcrumbGroup ariaLabel="Way back" items={[{ text: 'Data stores', href: addressOf('') }, ...way]} />
          )
        }
        notifications={<Notices />}
        content={children}
      />
    </>
  )
}
