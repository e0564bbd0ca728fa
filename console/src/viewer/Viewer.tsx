/** The viewer of an image set: a stack of images, or videos. */
import './viewer.css'
import { useMemo } from 'react'
import { EmptyState } from '../components/EmptyState.tsx'
import { reportsOf, StructuredReports } from '../structured-report/StructuredReport.tsx'
import { StackViewer } from './StackViewer.tsx'
import { imagesOf } from './stack/stack.ts'
import { Video } from './Video.tsx'
import { isVideo } from './video.ts'
import type { ViewerProps } from './viewer-props.ts'

export function Viewer({ datastoreId, imageSetId, document }: ViewerProps) {
  const images = useMemo(() => imagesOf(document), [document])
  const reports = images.length === 0 ? reportsOf(document) : []
  if (reports.length > 0) return <StructuredReports reports={reports} />
  if (images.length === 0) {
    return (
      <EmptyState
        title="No images"
        description="This image set has no pixel data. For example, presentation states don't have images."
      />
    )
  }
  if (images.every(isVideo)) return <Video {...{ datastoreId, imageSetId, images }} />
  return <StackViewer key={imageSetId} {...{ datastoreId, imageSetId, images }} />
}
