/** The line where the image of the active pane crosses the image of this pane. */
import { areaOf } from '../viewer/geometry.ts'
import type { Drawn } from '../viewer/StackPane.tsx'
import { type Plane, planeOf, referenceLine } from './planes.ts'

export function ReferenceLine({ drawn, reference }: { readonly drawn: Drawn; readonly reference: Plane }) {
  const { image, view, size, imageSize } = drawn
  const plane = planeOf(image)
  const ends = plane && referenceLine(plane, reference)
  if (ends === undefined) return null
  const area = areaOf(view, { stage: size, image: imageSize })
  // The center of a pixel is half a pixel from its edge.
  const [from, to] = ends.map(({ column, row }) => ({
    x: (area.left + ((column + 0.5) / imageSize.columns) * area.width) / size.density,
    y: (area.top + ((row + 0.5) / imageSize.rows) * area.height) / size.density,
  }))
  return (
    <svg className="viewer-lines" aria-hidden="true">
      <line className="reference-line" x1={from!.x} y1={from!.y} x2={to!.x} y2={to!.y} />
    </svg>
  )
}
