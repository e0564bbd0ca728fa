/** The texts over the stage: patient, study, image, display, and the sides of the patient at the edges. */
import Button from '@cloudscape-design/components/button'
import { edgesOf } from './geometry/geometry.ts'
import { type Orientation, turnedEdges } from './geometry/orientation.ts'
import { cornersOf } from './overlay-text.ts'
import type { StackImage } from './stack/stack.ts'

interface OverlayProps {
  readonly image: StackImage
  readonly index: number
  readonly count: number
  /** Lines about the display: window, zoom. */
  readonly displayLines: readonly string[]
  readonly isPlaying: boolean
  readonly orientation: Orientation
}

export function Overlay({ image, index, count, displayLines, isPlaying, orientation }: OverlayProps) {
  const corners = cornersOf(image, { index, count })
  const upright = edgesOf(image)
  const edges = upright && turnedEdges(upright, orientation)
  return (
    <div className="viewer-overlay">
      <Corner position="top-left" lines={corners.patient} />
      <Corner position="top-right" lines={corners.study} />
      {/* Announced by screen readers while the person scrolls, but not during playback. */}
      <div aria-live={isPlaying ? 'off' : 'polite'}>
        <Corner position="bottom-left" lines={corners.image} />
      </div>
      <Corner position="bottom-right" lines={displayLines} />
      {edges &&
        (['left', 'right', 'top', 'bottom'] as const).map((edge) => (
          <span key={edge} className={`viewer-edge viewer-edge-${edge}`} title={`Patient side: ${sides(edges[edge])}`}>
            {edges[edge]}
          </span>
        ))}
    </div>
  )
}

function Corner({ position, lines }: { position: string; lines: readonly string[] }) {
  return (
    <div className={`viewer-corner viewer-corner-${position}`}>
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

export function ImageError({ reason, onRetry }: { reason: string; onRetry: (() => void) | undefined }) {
  return (
    <div className="viewer-failed" role="alert">
      <p>
        <strong>Can't display this image.</strong> {reason}
      </p>
      {onRetry && <Button onClick={onRetry}>Retry</Button>}
    </div>
  )
}
