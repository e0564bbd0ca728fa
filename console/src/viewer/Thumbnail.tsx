/** The thumbnail of an image set, made when it scrolls into view. */
import { useEffect, useRef, useState } from 'react'
import { useApi } from '../api.ts'
import type { Thumbnail as MadeThumbnail } from './make-thumbnail.ts'
import type { ThumbnailProps } from './viewer-props.ts'

/** Starts shortly before the thumbnail is visible. */
const MARGIN = '200px'

export function Thumbnail({ datastoreId, imageSetId }: ThumbnailProps) {
  const { client } = useApi()
  const element = useRef<HTMLSpanElement>(null)
  const [made, setMade] = useState<MadeThumbnail>()
  useEffect(() => {
    const target = element.current
    if (target === null) return
    setMade(undefined)
    let abort: AbortController | undefined
    const observer = new IntersectionObserver(
      ([entry]) => {
        const isVisible = entry?.isIntersecting === true
        if (!isVisible) {
          abort?.abort()
          abort = undefined
        } else if (abort === undefined) {
          abort = new AbortController()
          make(abort.signal)
        }
      },
      { rootMargin: MARGIN },
    )
    const make = async (signal: AbortSignal) => {
      try {
        const { thumbnailOf } = await import('./make-thumbnail.ts')
        const thumbnail = await thumbnailOf({ client, datastoreId, imageSetId }, signal)
        if (signal.aborted) return
        setMade(thumbnail)
        observer.disconnect()
      } catch {
        // The viewer of the image set shows the reason.
        if (!signal.aborted) setMade({ kind: 'none', text: 'No preview' })
      }
    }
    observer.observe(target)
    return () => {
      observer.disconnect()
      abort?.abort()
    }
  }, [client, datastoreId, imageSetId])
  return (
    <span ref={element} className="thumbnail">
      {made?.kind === 'image' ? <img src={made.url} alt={made.alt} /> : made?.text}
    </span>
  )
}
