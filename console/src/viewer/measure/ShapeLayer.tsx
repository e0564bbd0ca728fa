/** The shapes on an image with their results, above the stage, and the one that is being drawn. */
import './shapes.css'
import { useMemo, useRef, useState } from 'react'
import type { Placement, Point } from '../geometry/orientation.ts'
import type { DecodedFrame } from '../pixels/render.ts'
import { ARROW_TEXT_MAX } from '../stack/limits.ts'
import type { StackImage } from '../stack/stack.ts'
import { outlinePath } from './outline-path.ts'
import { usePrimaryPointer } from './primary-pointer.ts'
import { lookOf, measured, resultsOf, type Shape, type ShapeKind } from './shapes.ts'
import { useDrawing } from './use-drawing.ts'

interface ShapeLayerProps {
  readonly image: StackImage
  /** Undefined until the image is sharp. */
  readonly decoded: DecodedFrame | undefined
  readonly placement: Placement
  /** Of the selected tool. */
  readonly kind: ShapeKind | undefined
  readonly shapes: readonly Shape[]
  /** Of stored reports. */
  readonly saved: readonly Shape[]
  readonly onAdd: (shape: Shape) => void
  readonly onReplace: (shape: Shape, next: Shape) => void
  readonly onRemove: (shape: Shape) => void
}

export function ShapeLayer({
  image,
  decoded,
  placement,
  kind,
  shapes,
  saved,
  onAdd,
  onReplace,
  onRemove,
}: ShapeLayerProps) {
  const layer = useRef<SVGSVGElement>(null)
  /** An arrow whose text is being typed. */
  const [arrow, setArrow] = useState<Shape>()
  const draft = useDrawing(layer, {
    ...{ kind, placement, image: image.key },
    onDrawn: (shape) => (shape.kind === 'arrow' ? setArrow(shape) : onAdd(measured(shape, image, decoded))),
  })
  /** A shape whose end is being moved, and how it looks now. */
  const [moved, setMoved] = useState<{ readonly shape: Shape; readonly next: Shape }>()
  const replaced = new Set(shapes.flatMap(({ replaces }) => replaces ?? []))
  const kept = saved.filter((shape) => shape.image === image.key && !replaced.has(lookOf(shape)))
  const ofImage = [...kept, ...shapes.filter((shape) => shape.image === image.key)]
  const place = (shape: Shape, next: Shape) => {
    const measuredNext = measured(next, image, decoded)
    // A stored report doesn't change: what is moved is a shape of its own, which can be saved.
    if (kept.includes(shape)) onAdd({ ...measuredNext, replaces: lookOf(shape) })
    else onReplace(shape, measuredNext)
  }
  const nowOf = (shape: Shape): Shape => (moved?.shape === shape ? moved.next : shape)
  const unfinished = [draft, arrow].filter((shape) => shape !== undefined && shape.image === image.key) as Shape[]
  return (
    <>
      <svg ref={layer} className={`shape-layer${kind === undefined ? '' : ' shape-layer-drawing'}`} aria-hidden="true">
        {[...ofImage.map(nowOf), ...unfinished].map((shape, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: shapes have no state.
          <path key={index} className="shape" d={outlinePath(shape.kind, shape.points.map(placement.toStage))} />
        ))}
        {ofImage.flatMap((shape, index) =>
          nowOf(shape).points.map((point, at) => (
            <Handle
              // biome-ignore lint/suspicious/noArrayIndexKey: a handle is the point of its place.
              key={`${index}/${at}`}
              {...{ layer, at: placement.toStage(point) }}
              onMove={(to) => setMoved({ shape, next: withPoint(shape, at, placement.toImage(to)) })}
              onEnd={(to) => {
                setMoved(undefined)
                place(shape, withPoint(shape, at, placement.toImage(to)))
              }}
            />
          )),
        )}
      </svg>
      {[...ofImage, ...(draft === undefined ? [] : [draft])].map((shape, index) => (
        <Results
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          key={index}
          {...{ shape: nowOf(shape), placement, image, decoded }}
          onRemove={shapes.includes(shape) ? () => onRemove(shape) : undefined}
        />
      ))}
      {arrow !== undefined && arrow.image === image.key && (
        <input
          className="shape-input"
          aria-label="Text of the arrow"
          placeholder="Text, then Enter"
          maxLength={ARROW_TEXT_MAX}
          // biome-ignore lint/a11y/noAutofocus: the person has just drawn the arrow.
          autoFocus
          style={placeOf(placement.toStage(arrow.points[0]!))}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' && event.key !== 'Escape') return
            if (event.key === 'Enter') onAdd({ ...arrow, text: event.currentTarget.value.trim() })
            setArrow(undefined)
            focusStage(event.currentTarget)
          }}
        />
      )}
    </>
  )
}

const withPoint = (shape: Shape, at: number, point: Point): Shape => ({
  ...shape,
  points: shape.points.map((each, index) => (index === at ? point : each)),
})

interface HandleProps {
  readonly layer: { readonly current: Element | null }
  /** On the stage. */
  readonly at: Point
  readonly onMove: (to: Point) => void
  readonly onEnd: (to: Point) => void
}

/** An end of a shape, which can be moved with every tool. */
function Handle({ layer, at, onMove, onEnd }: HandleProps) {
  const circle = useRef<SVGCircleElement>(null)
  const from = useRef<Point>(undefined)
  usePrimaryPointer(circle, {
    isEnabled: true,
    origin: layer,
    listener: {
      onDown(point) {
        from.current = point
      },
      onMove: (point) => from.current !== undefined && onMove(point),
      onUp(point) {
        const start = from.current
        from.current = undefined
        // A click leaves the shape as it is.
        if (start !== undefined && (start.x !== point.x || start.y !== point.y)) onEnd(point)
      },
    },
  })
  return <circle ref={circle} className="shape-handle" cx={at.x} cy={at.y} r={8} />
}

/** So that the next key reaches the viewer. */
const focusStage = (from: Element) => from.closest<HTMLElement>('[role=application]')?.focus()

const placeOf = ({ x, y }: Point) => ({ left: `${x}px`, top: `${y}px` })

interface ResultsProps extends Pick<ShapeLayerProps, 'image' | 'decoded' | 'placement'> {
  readonly shape: Shape
  readonly onRemove: (() => void) | undefined
}

function Results({ shape, placement, image, decoded, onRemove }: ResultsProps) {
  const { kind, points } = shape
  const lines = useMemo(() => resultsOf(shape, image, decoded), [shape, image, decoded])
  const drawn = points.map(placement.toStage)
  // An arrow has its text at its tail, and other shapes at their right.
  const beside = kind === 'arrow' ? drawn[0]! : drawn.reduce((right, point) => (point.x > right.x ? point : right))
  return (
    <div className="shape-results" style={placeOf(beside)}>
      <span>
        {lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
      </span>
      {onRemove && (
        <button
          type="button"
          aria-label={`Remove ${kind} ${lines[0] ?? ''}`.trim()}
          onClick={({ currentTarget }) => {
            focusStage(currentTarget)
            onRemove()
          }}
        >
          ×
        </button>
      )}
    </div>
  )
}
