/** The outline of a shape as SVG path data, for the stage and for pictures. */
import type { Point } from '../geometry/orientation.ts'
import type { ShapeKind } from './shapes.ts'

/** Of half a cross, and of the barbs of an arrow. */
const CROSS = 6
const BARB = 12
const BARB_ANGLE = 0.45

/** @param unit the length of a CSS pixel of the stage */
export function outlinePath(kind: ShapeKind, points: readonly Point[], unit = 1): string {
  const [a, b] = points as readonly [Point, Point]
  switch (kind) {
    case 'length':
    case 'angle':
      return `M${points.map(({ x, y }) => `${x},${y}`).join('L')}`
    case 'rectangle':
      return `M${a.x},${a.y}H${b.x}V${b.y}H${a.x}Z`
    case 'ellipse': {
      const [left, right, y] = [Math.min(a.x, b.x), Math.max(a.x, b.x), (a.y + b.y) / 2]
      const radii = `A${(right - left) / 2},${Math.abs(a.y - b.y) / 2} 0 1 0 `
      return `M${left},${y}${radii}${right},${y}${radii}${left},${y}Z`
    }
    case 'probe': {
      const [half, whole] = [CROSS * unit, 2 * CROSS * unit]
      return `M${a.x - half},${a.y}h${whole}M${a.x},${a.y - half}v${whole}`
    }
    case 'arrow': {
      const direction = Math.atan2(b.y - a.y, b.x - a.x)
      const barb = (turn: number) =>
        `${b.x - BARB * unit * Math.cos(direction + turn)},${b.y - BARB * unit * Math.sin(direction + turn)}`
      return `M${a.x},${a.y}L${b.x},${b.y}L${barb(BARB_ANGLE)}M${b.x},${b.y}L${barb(-BARB_ANGLE)}`
    }
  }
}
