/** Drawing a shape with the pointer: from one end to the other, and then a click for the second arm of an angle. */
import { useEffect, useRef, useState } from 'react'
import type { Placement, Point } from '../geometry/orientation.ts'
import { usePrimaryPointer } from './primary-pointer.ts'
import { POINT_COUNT, type Shape, type ShapeKind } from './shapes.ts'

/** In CSS pixels. What is shorter is a click. */
const DRAG_MIN = 4

interface Drawing {
  /** Undefined if the tool doesn't draw. */
  readonly kind: ShapeKind | undefined
  /** The key of the image. */
  readonly image: string
  readonly placement: Placement
  readonly onDrawn: (shape: Shape) => void
}

/** @returns the shape that is being drawn */
export function useDrawing(
  layer: { readonly current: Element | null },
  { kind, image, placement, onDrawn }: Drawing,
): Shape | undefined {
  const [draft, setDraft] = useState<Shape>()
  /** The draft between two renders. */
  const current = useRef<Shape>(undefined)
  const set = (next: Shape | undefined) => {
    current.current = next
    setDraft(next)
  }
  const finish = (shape: Shape) => {
    set(undefined)
    onDrawn(shape)
  }
  // Another tool or image ends the drawing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: they are what it depends on.
  useEffect(() => {
    current.current = undefined
    setDraft(undefined)
  }, [kind, image])
  useEffect(() => {
    if (draft === undefined) return
    const cancel = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape') return
      current.current = undefined
      setDraft(undefined)
    }
    window.addEventListener('keydown', cancel)
    return () => window.removeEventListener('keydown', cancel)
  }, [draft])

  const withLast = ({ points, ...shape }: Shape, at: Point): Shape => ({
    ...shape,
    points: [...points.slice(0, -1), placement.toImage(at)],
  })
  usePrimaryPointer(layer, {
    isEnabled: kind !== undefined,
    listener: {
      onDown(at) {
        if (kind === undefined) return
        const drawn = current.current
        if (drawn !== undefined) return finish(withLast(drawn, at))
        const point = placement.toImage(at)
        if (kind === 'probe') finish({ kind, image, points: [point] })
        else set({ kind, image, points: [point, point] })
      },
      onMove(at) {
        if (current.current !== undefined) set(withLast(current.current, at))
      },
      onUp(at) {
        const drawn = current.current
        if (drawn === undefined) return
        const shape = withLast(drawn, at)
        const from = placement.toStage(shape.points.at(-2)!)
        if (Math.hypot(at.x - from.x, at.y - from.y) < DRAG_MIN) return set(undefined)
        if (shape.points.length === POINT_COUNT[shape.kind]) return finish(shape)
        set({ ...shape, points: [...shape.points, shape.points.at(-1)!] })
      },
    },
  })
  return draft
}
