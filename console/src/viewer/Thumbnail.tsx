/** A small image of an image set, made when it comes into view. What makes it is loaded with the first that does. */
import './thumbnail.css'
import { useEffect, useRef, useState } from 'react'
import { useApi } from '../api.ts'
import type { ThumbnailProps } from './viewer-props.ts'
import type { Thumbnail as Made } from './make-thumbnail.ts'

/** Begun a little before it can be seen. */
const MARGIN = '200px'

export function Thumbnail({ datastoreId, imageSetId }: ThumbnailProps) {
  const { client } = useApi()
  const place = useRef<HTMLSpanElement>(null)
  const [made, setMade] = useState<Made>()
  useEffect(() => {
    const element = place.current
    if (element === null) return
    setMade(undefined)
    let work: AbortController | undefined
    const observer = new IntersectionObserver(
      ([entry]) => {
        const isSeen = entry?.isIntersecting === true
        if (!isSeen) {
          work?.abort()
          work = undefined
        } else if (work === undefined) {
          work = new AbortController()
          make(work.signal)
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
        // Whoever opens the image set is told why; here there is no room for it.
        if (!signal.aborted) setMade({ kind: 'none', word: 'No image' })
      }
    }
    observer.observe(element)
    return () => {
      observer.disconnect()
      work?.abort()
    }
  }, [client, datastoreId, imageSetId])
  return (
    <span ref={place} className="thumbnail">
      {made?.kind === 'image' ? <img src={made.address} alt={made.alt} /> : made?.word}
    </span>
  )
}
