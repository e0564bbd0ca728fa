/** The images of an image set, whatever they are: a stack to scroll through, a video, or the word that there are none. */
import './viewer.css'
import { useMemo } from 'react'
import { EmptyState } from '../components/EmptyState.tsx'
import type { ViewerProps } from './viewer-props.ts'
import { StackViewer } from './StackViewer.tsx'
import { imagesOf } from './stack/stack.ts'
import { Video } from './Video.tsx'
import { isVideo } from './video.ts'

export function Viewer({ datastoreId, imageSetId, document }: ViewerProps) {
  const images = useMemo(() => imagesOf(document), [document])
  if (images.length === 0) {
    return <EmptyState title="No images" description="What was imported here has no pixels, as a report has none." />
  }
  if (images.every(isVideo)) return <Video {...{ datastoreId, imageSetId, images }} />
  return <StackViewer key={imageSetId} {...{ datastoreId, imageSetId, images }} />
}
