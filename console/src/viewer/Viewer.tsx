/** The pictures of an image set, whatever they are: a stack to scroll through, a video, or the word that there are none. */
import './viewer.css'
import { useMemo } from 'react'
import { Nothing } from '../components/Nothing.tsx'
import type { ViewerProps } from './picture-props.ts'
import { StackViewer } from './StackViewer.tsx'
import { picturesOf } from './stack/stack.ts'
import { Video } from './Video.tsx'
import { isVideo } from './video.ts'

export function Viewer({ datastoreId, imageSetId, document }: ViewerProps) {
  const pictures = useMemo(() => picturesOf(document), [document])
  if (pictures.length === 0) {
    return <Nothing title="No pictures" advice="What was imported here has no pixels, as a report has none." />
  }
  if (pictures.every(isVideo)) return <Video {...{ datastoreId, imageSetId, pictures }} />
  return <StackViewer key={imageSetId} {...{ datastoreId, imageSetId, pictures }} />
}
