/** The graphics and texts of a presentation state above its image. */
import type { Point } from '../viewer/geometry/orientation.ts'
import { pixelFormatOf } from '../viewer/pixels/stored-values.ts'
import type { Drawn } from '../viewer/StackPane.tsx'
import type { Presentation } from './presentation-state.ts'

interface GraphicLayerProps extends Drawn {
  readonly presentation: Presentation
}

const LINE_HEIGHT = 16

export function GraphicLayer({ image, placement, presentation }: GraphicLayerProps) {
  const { graphics, texts } = presentation.graphics
  const { columns, rows } = pixelFormatOf(image)
  const area = presentation.area ?? { left: 0, top: 0, right: columns, bottom: rows }
  const [a, b] = [
    placement.toStage({ x: area.left, y: area.top }),
    placement.toStage({ x: area.right, y: area.bottom }),
  ]
  const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)]
  const place = ({ x, y }: Point, units: 'image' | 'area'): Point =>
    units === 'image'
      ? placement.toStage({ x, y })
      : { x: left + x * Math.abs(a.x - b.x), y: top + y * Math.abs(a.y - b.y) }
  const words = texts.map(({ lines }) => lines.join(' ')).join('. ')
  return (
    <svg
      className="viewer-lines graphic-layer"
      role="img"
      aria-label={words === '' ? 'Annotations' : `Annotations: ${words}`}
    >
      {graphics.map(({ kind, units, points, isFilled, color }, index) => {
        const placed = points.map((point) => place(point, units))
        return kind === 'points' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: graphics have no state.
          <circle key={index} cx={placed[0]!.x} cy={placed[0]!.y} r={3} fill={color} />
        ) : (
          <polyline
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            key={index}
            points={placed.map(({ x, y }) => `${x},${y}`).join(' ')}
            fill={isFilled ? color : 'none'}
            fillOpacity={0.4}
            stroke={color}
            strokeWidth={1.5}
          />
        )
      })}
      {texts.map(({ lines, units, box, align, anchor, color }, index) => {
        const placed = box.map((corner) => place(corner, units))
        const [boxLeft, boxTop] = [Math.min(...placed.map(({ x }) => x)), Math.min(...placed.map(({ y }) => y))]
        const boxRight = Math.max(...placed.map(({ x }) => x))
        const x = { start: boxLeft, middle: (boxLeft + boxRight) / 2, end: boxRight }[align]
        const to = anchor && place(anchor.point, anchor.units)
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <g key={index}>
            {to && <line x1={x} y1={boxTop + LINE_HEIGHT} x2={to.x} y2={to.y} stroke={color} strokeWidth={1} />}
            <text fill={color} textAnchor={align}>
              {lines.map((line, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above.
                <tspan key={at} x={x} y={boxTop + (at + 0.8) * LINE_HEIGHT}>
                  {line}
                </tspan>
              ))}
            </text>
          </g>
        )
      })}
    </svg>
  )
}
