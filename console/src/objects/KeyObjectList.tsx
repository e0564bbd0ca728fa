/** The key images of a selection. In the study view, each opens its image. */
import Button from '@cloudscape-design/components/button'
import { useMemo } from 'react'
import { formatNumber } from '../format/size.ts'
import type { Attributes } from '../metadata/document.ts'
import { type ImageReference, keyObjectsOf } from './key-objects.ts'

interface KeyObjectListProps {
  readonly instance: Attributes
  /** Undefined where images can't be opened. */
  readonly onOpen: ((image: ImageReference) => void) | undefined
  /** Of a series, for people. */
  readonly nameOf: (series: string) => string | undefined
}

export function KeyObjectList({ instance, onOpen, nameOf }: KeyObjectListProps) {
  const { title, description, images, count } = useMemo(() => keyObjectsOf(instance), [instance])
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      {description !== '' && <p>{description}</p>}
      {onOpen === undefined && <p>Open the study to go to these images.</p>}
      <ol>
        {images.map((image, index) => {
          const { sopInstanceUID, frameNumber, series } = image
          const name = `Key image ${index + 1}`
          const place = nameOf(series) ?? `Instance ${sopInstanceUID}`
          const text = frameNumber > 1 ? `${place}, frame ${frameNumber}` : place
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a selection doesn't change.
            <li key={index}>
              {onOpen === undefined || series === '' ? (
                `${name}: ${text}`
              ) : (
                <Button variant="inline-link" onClick={() => onOpen(image)}>
                  {`${name}: ${text}`}
                </Button>
              )}
            </li>
          )
        })}
      </ol>
      {count > images.length && (
        <p>{`Only the first ${formatNumber(images.length)} of ${formatNumber(count)} are listed.`}</p>
      )}
    </section>
  )
}
