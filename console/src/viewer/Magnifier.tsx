/** The image twice as large in a circle around the pointer, while it is down. */
import { useRef, useState } from 'react'
import { zoomed } from './geometry/geometry.ts'
import type { Point } from './geometry/orientation.ts'
import { usePrimaryPointer } from './measure/primary-pointer.ts'
import { Stage, type StageProps } from './Stage.tsx'

const RADIUS = 100
const FACTOR = 2

interface MagnifierProps extends StageProps {
  /** CSS pixels per column. */
  readonly scale: number
}

export function Magnifier({ scale, viewState, size, ...shown }: MagnifierProps) {
  const layer = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<Point>()
  const isDown = useRef(false)
  usePrimaryPointer(layer, {
    isEnabled: true,
    listener: {
      onDown(point) {
        isDown.current = true
        setAt(point)
      },
      onMove: (point) => isDown.current && setAt(point),
      onUp() {
        isDown.current = false
        setAt(undefined)
      },
    },
  })
  const fromCenter = at && size && { x: at.x - size.width / 2, y: at.y - size.height / 2 }
  return (
    <div
      ref={layer}
      className="viewer-magnifier"
      style={at && { clipPath: `circle(${RADIUS}px at ${at.x}px ${at.y}px)`, background: '#000' }}
    >
      {fromCenter && (
        <Stage
          {...{ ...shown, size }}
          viewState={{ ...viewState, view: zoomed(viewState.view, { scale, factor: FACTOR, at: fromCenter }) }}
        />
      )}
    </div>
  )
}
