/** Draws texts over a picture: in its corners, at its edges, and beside shapes. */
import type { Size } from '../geometry/geometry.ts'
import type { Point } from '../geometry/orientation.ts'

export type TextPlace = `${'top' | 'bottom'}-${'left' | 'right'}` | 'left' | 'right' | 'top' | 'bottom'

export interface Placed {
  readonly lines: readonly string[]
  /** A point: beside it. */
  readonly at: TextPlace | Point
}

const FONT = '"Open Sans", "Helvetica Neue", Roboto, Arial, sans-serif'
const FONT_SIZE = 13
const LINE_HEIGHT = 1.4
const MARGIN = 10

/** @param options.unit the length of a CSS pixel of the stage */
export function drawTexts(
  context: CanvasRenderingContext2D,
  texts: readonly Placed[],
  { size, unit }: { readonly size: Size; readonly unit: number },
): void {
  context.textBaseline = 'top'
  context.lineJoin = 'round'
  for (const { lines, at } of texts) {
    const isPoint = typeof at !== 'string'
    const isEdge = !isPoint && !at.includes('-')
    context.font = `${isEdge ? 'bold ' : ''}${FONT_SIZE * unit}px ${FONT}`
    const lineHeight = FONT_SIZE * LINE_HEIGHT * unit
    const block = {
      width: Math.max(...lines.map((line) => context.measureText(line).width)),
      height: lines.length * lineHeight,
    }
    const { x, y } = isPoint ? besidePoint(at, { size, block, unit }) : inPlace(at, { size, block, unit })
    for (const [number, line] of lines.entries()) {
      // At the right, lines end at the edge.
      const indent = !isPoint && at.endsWith('right') ? block.width - context.measureText(line).width : 0
      context.strokeStyle = '#000'
      context.lineWidth = 3 * unit
      context.strokeText(line, x + indent, y + number * lineHeight)
      context.fillStyle = isPoint ? '#ffe14d' : isEdge ? '#ffd27a' : '#f2f3f3'
      context.fillText(line, x + indent, y + number * lineHeight)
    }
  }
}

interface Room {
  readonly size: Size
  readonly block: Size
  readonly unit: number
}

function inPlace(place: TextPlace, { size, block, unit }: Room): Point {
  const margin = MARGIN * unit
  const [right, bottom] = [size.width - margin - block.width, size.height - margin - block.height]
  const isAt = (side: string) => place.split('-').includes(side)
  return {
    x: isAt('left') ? margin : isAt('right') ? right : (size.width - block.width) / 2,
    y: isAt('top') ? margin : isAt('bottom') ? bottom : (size.height - block.height) / 2,
  }
}

/** Within the picture. */
function besidePoint({ x, y }: Point, { size, block, unit }: Room): Point {
  return {
    x: Math.max(0, Math.min(x + 6 * unit, size.width - block.width)),
    y: Math.max(0, Math.min(y + 4 * unit, size.height - block.height)),
  }
}
