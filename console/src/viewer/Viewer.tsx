/** The viewer of an image set: a stack of images, videos, or what instances without images have. */
import './viewer.css'
import { useMemo } from 'react'
import { ObjectView } from '../objects/ObjectView.tsx'
import { noteOf } from '../objects/object-kinds.ts'
import { StackViewer } from './StackViewer.tsx'
import { imagesOf } from './stack/stack.ts'
import { Video } from './Video.tsx'
import { isVideo } from './video.ts'
import type { ViewerProps } from './viewer-props.ts'

export function Viewer({ datastoreId, imageSetId, document }: ViewerProps) {
  const images = useMemo(() => imagesOf(document), [document])
  if (images.length === 0) {
    return (
      <div className="viewer-objects">
        <ObjectView {...{ datastoreId, document }} />
      </div>
    )
  }
  if (images.every(isVideo)) return <Video {...{ datastoreId, imageSetId, images }} />
  const note = noteOf(images[0]!.instance)
  return (
    <>
      {note !== undefined && <p className="viewer-note">{note}</p>}
      <StackViewer key={imageSetId} {...{ datastoreId, imageSetId, images }} />
    </>
  )
}
