/** The line where the image of the active pane crosses the image of this pane. */

import { type Plane, planeOf, referenceLine } from '../viewer/geometry/planes.ts'
import type { Drawn } from '../viewer/StackPane.tsx'

export function ReferenceLine({ drawn, reference }: { readonly drawn: Drawn; readonly reference: Plane }) {
  const { image, placement } = drawn
  const plane = planeOf(image)
  const ends = plane && referenceLine(plane, reference)
  if (ends === undefined) return null
  // The center of a pixel is half a pixel from its edge.
  const [from, to] = ends.map(({ column, row }) => placement.toStage({ x: column + 0.5, y: row + 0.5 }))
  return (
    <svg className="viewer-lines" aria-hidden="true">
      <line className="reference-line" x1={from!.x} y1={from!.y} x2={to!.x} y2={to!.y} />
    </svg>
  )
}
