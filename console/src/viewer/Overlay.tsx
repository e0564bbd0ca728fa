/** What is written on the stage: whose image it is, which of how many, how it is shown, and which side of the patient is where. */
import Button from '@cloudscape-design/components/button'
import { edgesOf } from './geometry.ts'
import { cornersOf } from './overlay-text.ts'
import type { StackImage } from './stack/stack.ts'

interface OverlayProps {
  readonly image: StackImage
  readonly index: number
  readonly count: number
  /** How it is shown, a line each. */
  readonly shown: readonly string[]
  readonly isPlaying: boolean
}

export function Overlay({ image, index, count, shown, isPlaying }: OverlayProps) {
  const corners = cornersOf(image, { index, count })
  const edges = edgesOf(image)
  return (
    <div className="viewer-overlay">
      <Corner place="top-left" lines={corners.patient} />
      <Corner place="top-right" lines={corners.study} />
      {/* Read out where a person scrolls, and not while it plays. */}
      <div aria-live={isPlaying ? 'off' : 'polite'}>
        <Corner place="bottom-left" lines={corners.image} />
      </div>
      <Corner place="bottom-right" lines={shown} />
      {edges &&
        (['left', 'right', 'top', 'bottom'] as const).map((edge) => (
          <span
            key={edge}
            className={`viewer-edge viewer-edge-${edge}`}
            title={`This edge of the image: ${sides(edges[edge])}`}
          >
            {edges[edge]}
          </span>
        ))}
    </div>
  )
}

function Corner({ place, lines }: { place: string; lines: readonly string[] }) {
  return (
    <div className={`viewer-corner viewer-corner-${place}`}>
      {lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  )
}

const SIDES: Readonly<Record<string, string>> = {
  L: 'left',
  R: 'right',
  A: 'anterior',
  P: 'posterior',
  H: 'head',
  F: 'feet',
}

const sides = (letters: string): string => [...letters].map((letter) => SIDES[letter] ?? letter).join(', ')

export function ImageError({ reason, onAgain }: { reason: string; onAgain: (() => void) | undefined }) {
  return (
    <div className="viewer-failed" role="alert">
      <p>
        <strong>This image cannot be shown.</strong> {reason}
      </p>
      {onAgain && <Button onClick={onAgain}>Try again</Button>}
    </div>
  )
}
