/** Mammograms for presentation: a breast against the chest wall at the left or right edge, with its gland and vessels. */

import type { Grain, Random } from '../drawing/random.ts'

interface MammogramView {
  rows: number
  columns: number
  /** The laterality determines the edge of the chest wall: left for a left breast. */
  laterality: 'L' | 'R'
  /** The oblique view shows the pectoral muscle as a triangle at the top. */
  view: 'CC' | 'MLO'
  /** 0 (fat) to 1 (dense gland). */
  glandular: number
  lesion: boolean
  grain: Grain
  /** Low-frequency noise: lobules and strands. */
  clouds: Grain
}

export const MG_STORED_MAX = 4095

/** Bright where the breast is dense; a MONOCHROME1 image stores the complement. */
export function mgImage(random: Random, shape: MammogramView): Uint16Array {
  const { rows, columns, laterality, view, glandular, lesion } = shape
  const fine = placed(shape.grain, random)
  const coarse = placed(shape.clouds, random)
  const [reach, half] = [columns * random.between(0.74, 0.86), rows * random.between(0.4, 0.45)]
  const droop = view === 'MLO' ? rows * 0.08 : 0
  const mass: Mass = {
    x: reach * random.between(0.3, 0.55),
    y: rows / 2 + random.between(-0.18, 0.18) * rows,
    radius: rows * random.between(0.025, 0.04),
    turn: random.between(0, 6),
  }
  const specks = Array.from(
    { length: 9 },
    () => [mass.x + random.between(-11, 11), mass.y + random.between(-11, 11)] as const,
  )
  const pixels = new Uint16Array(rows * columns)
  for (let y = 0; y < rows; y++) {
    for (let depth = 0; depth < columns; depth++) {
      const across = (y - rows / 2 - droop) / half
      const along = depth / reach
      // A blunt outline: narrower than an ellipse at the chest wall, wider at the nipple.
      const distance = across ** 2 * (0.55 + 0.45 * along) + along ** 2.2
      const at = y * columns + (laterality === 'L' ? depth : columns - 1 - depth)
      const behindMuscle = view === 'MLO' ? (0.42 * (1 - y / (rows * 0.62)) - depth / columns) * 14 + 0.5 : 0
      const muscle = Math.max(0, Math.min(1, behindMuscle))
      if (distance >= 1 && muscle === 0) {
        pixels[at] = Math.round(40 + 14 * Math.abs(read(fine, depth, y)))
        continue
      }
      const nearSkin = 1 - distance
      const rising = Math.min(1, nearSkin / 0.16)
      let density = 0.14 + 0.24 * rising + 0.09 * read(fine, depth, y)
      density += 0.25 * Math.max(0, 1 - Math.abs(nearSkin - 0.012) / 0.014)
      const gland = Math.exp(-(((along - 0.5) / 0.3) ** 2) - (across / 0.55) ** 2)
      const lobules = Math.max(
        0,
        0.5 + 0.9 * read(coarse, depth * 0.42, y * 0.42) + 0.45 * read(fine, depth * 1.3, y * 1.3),
      )
      density += 0.8 * glandular * gland * lobules
      density += 0.08 * strand(read(coarse, depth * 0.2 + 17, y * 0.2 + 5)) * rising
      density += muscle * Math.max(0, 0.72 + 0.04 * read(fine, depth, y) - density)
      if (lesion) density += lesionAt(mass, { x: depth, y })
      pixels[at] = Math.max(0, Math.min(MG_STORED_MAX, Math.round(density * 3300)))
    }
  }
  if (lesion) {
    for (const [x, y] of specks) {
      const column = laterality === 'L' ? Math.round(x) : columns - 1 - Math.round(x)
      pixels[Math.round(y) * columns + column] = 3700
    }
  }
  return pixels
}

interface Mass {
  x: number
  y: number
  radius: number
  turn: number
}

/** A spiculated mass: round, with uneven rays. */
function lesionAt(mass: Mass, { x, y }: { x: number; y: number }): number {
  const [dx, dy] = [x - mass.x, y - mass.y]
  const angle = Math.atan2(dy, dx) + mass.turn
  const rays = 1 + 0.16 * Math.sin(5 * angle) + 0.14 * Math.sin(8 * angle + 1) + 0.1 * Math.sin(13 * angle + 2)
  const distance = Math.hypot(dx, dy) / (mass.radius * rays)
  return distance > 3 ? 0 : 0.4 / (1 + Math.exp(4 * (distance - 1)))
}

/** Ligaments and vessels: a bright line where the noise crosses zero. */
function strand(noise: number): number {
  return Math.max(0, 1 - Math.abs(noise) / 0.09)
}

interface PlacedGrain extends Grain {
  left: number
  top: number
}

function placed(grain: Grain, random: Random): PlacedGrain {
  return { ...grain, left: random.integer(0, grain.sizePixels), top: random.integer(0, grain.sizePixels) }
}

/** Interpolates the grain from its four neighbours. */
function read({ sizePixels: size, values, left, top }: PlacedGrain, x: number, y: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)]
  const [right, down] = [x - column, y - row]
  const [here, next] = [(column + left) & (size - 1), (column + left + 1) & (size - 1)]
  const [above, below] = [((row + top) & (size - 1)) * size, ((row + top + 1) & (size - 1)) * size]
  const upper = values[above + here]! * (1 - right) + values[above + next]! * right
  const lower = values[below + here]! * (1 - right) + values[below + next]! * right
  return upper * (1 - down) + lower * down
}
