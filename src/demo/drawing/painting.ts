/** Draws solids of tissue: their cross-section with a plane (CT, MR, PT) or their shadow along its normal (radiographs). */

import type { Grain } from './random.ts'

/** Millimetres in the patient's axes: x to the left, y to the back, z to the head (PS3.3 C.7.6.2.1.1). */
export type Vector = readonly [x: number, y: number, z: number]

/** An ellipsoid; later ones of a list cover earlier ones. */
export interface Solid<Tissue extends string> {
  tissue: Tissue
  centre: Vector
  radii: Vector
  /** Radians about the z axis, from x towards y. */
  turn?: number
  /** Flattens the sides of the ellipsoid (powers of 4 instead of 2). */
  boxy?: boolean
  /** The density that the solid replaces, for projections. */
  within?: Tissue
}

/** The pixel grid of an image in space: the centre of its first pixel, and the directions of rows and columns. */
export interface Plane {
  origin: Vector
  across: Vector
  down: Vector
  spacingMm: number
  rows: number
  columns: number
}

/** The appearance of a tissue: its value, and the amplitude of noise in it. */
export type Looks<Tissue extends string> = Readonly<Record<Tissue, readonly [value: number, grain: number]>>

interface Brush<Tissue extends string> {
  plane: Plane
  looks: Looks<Tissue>
  grain: Grain
  /** Where the image starts in the grain. */
  grainOffset: number
  /** Width of the blurred edge of a solid. */
  edgeMm: number
}

/** Paints over the image. The innermost loop of the demo: plain numbers, no vectors. */
export function paint<Tissue extends string>(
  picture: Float32Array,
  solids: readonly Solid<Tissue>[],
  brush: Brush<Tissue>,
): void {
  const { plane, looks, grain, grainOffset, edgeMm } = brush
  const mask = grain.values.length - 1
  for (const solid of solids) {
    const cut = crossSection(solid, plane, edgeMm)
    if (cut === undefined) continue
    const [value, grainStrength] = looks[solid.tissue]
    const { start, acrossStep, downStep, innerSquared, outerSquared } = cut
    const [stepA, stepB, stepC] = acrossStep
    const [weightA, weightB, weightC] = [1 / solid.radii[0] ** 2, 1 / solid.radii[1] ** 2, 1 / solid.radii[2] ** 2]
    const boxy = solid.boxy === true
    for (let y = cut.top; y <= cut.bottom; y++) {
      let a = start[0] + cut.left * stepA + y * downStep[0]
      let b = start[1] + cut.left * stepB + y * downStep[1]
      let c = start[2] + cut.left * stepC + y * downStep[2]
      let at = y * plane.columns + cut.left
      let grainAt = grainOffset + y * grain.sizePixels + cut.left
      for (let x = cut.left; x <= cut.right; x++, a += stepA, b += stepB, c += stepC, at++, grainAt++) {
        const aa = a * a
        const bb = b * b
        const cc = c * c
        const squared = boxy ? Math.sqrt(aa * aa + bb * bb + cc * cc) : aa + bb + cc
        if (squared >= outerSquared) continue
        const painted = value + grainStrength * grain.values[grainAt & mask]!
        if (squared <= innerSquared) {
          picture[at] = painted
          continue
        }
        // Millimetres to the surface: the depth inside, divided by the slope of that measure.
        const inside = (1 - Math.sqrt(squared)) / Math.sqrt((aa * weightA + bb * weightB + cc * weightC) / squared)
        const cover = inside / edgeMm + 0.5
        if (cover <= 0) continue
        picture[at] = picture[at]! + Math.min(1, cover) * (painted - picture[at]!)
      }
    }
  }
}

/**
 * Adds to each pixel the millimetres that a ray travels in a solid times the density of the solid minus the density it replaces. Solids
 * that replace nothing are the outline: where they overlap, the thickest counts.
 */
export function castShadows<Tissue extends string>(
  picture: Float32Array,
  solids: readonly Solid<Tissue>[],
  { plane, density }: { plane: Plane; density: Readonly<Record<Tissue, number>> },
): void {
  const normal = cross(plane.across, plane.down)
  const outline = new Float32Array(picture.length)
  for (const solid of solids) {
    const { start, acrossStep, downStep } = stepsThrough(solid, plane)
    const ray = scaled(solid, normal)
    const raySquared = dot(ray, ray)
    const isOutline = solid.within === undefined
    const over = density[solid.tissue] - (solid.within === undefined ? 0 : density[solid.within])
    // Without their component along the ray, the coordinates are the distance of a ray from the solid's centre.
    const flat = (v: Vector): Vector => sum(v, ray, -dot(v, ray) / raySquared)
    const [s, p, q] = [flat(start), flat(acrossStep), flat(downStep)]
    const window = windowOf({ start: s, acrossStep: p, downStep: q }, { plane, reach: 1 })
    if (window === undefined) continue
    for (let y = window.top; y <= window.bottom; y++) {
      for (let x = window.left; x <= window.right; x++) {
        const a = s[0] + x * p[0] + y * q[0]
        const b = s[1] + x * p[1] + y * q[1]
        const c = s[2] + x * p[2] + y * q[2]
        const room = 1 - (a * a + b * b + c * c)
        if (room <= 0) continue
        const at = y * plane.columns + x
        const shadow = over * 2 * Math.sqrt(room / raySquared)
        if (isOutline) outline[at] = Math.max(outline[at]!, shadow)
        else picture[at]! += shadow
      }
    }
  }
  for (let at = 0; at < picture.length; at++) picture[at]! += outline[at]!
}

interface Steps {
  start: Vector
  acrossStep: Vector
  downStep: Vector
}

/** The solid as a unit sphere: the coordinates of the first pixel, and their change per pixel. */
function stepsThrough<Tissue extends string>(solid: Solid<Tissue>, plane: Plane): Steps {
  const fromCentre = sum(plane.origin, solid.centre, -1)
  return {
    start: scaled(solid, fromCentre),
    acrossStep: scaled(solid, times(plane.across, plane.spacingMm)),
    downStep: scaled(solid, times(plane.down, plane.spacingMm)),
  }
}

function crossSection<Tissue extends string>(solid: Solid<Tissue>, plane: Plane, edgeMm: number) {
  const [rx, ry, rz] = solid.radii
  const smallest = Math.min(rx, ry, rz)
  const reach = (solid.boxy ? Math.sqrt(Math.sqrt(3)) : 1) + edgeMm / (2 * smallest)
  const fromCentre = sum(plane.origin, solid.centre, -1)
  if (Math.abs(dot(cross(plane.across, plane.down), fromCentre)) > reach * Math.max(rx, ry, rz)) return undefined
  const steps = stepsThrough(solid, plane)
  const window = windowOf(steps, { plane, reach })
  const inner = Math.max(0, 1 - edgeMm / (2 * smallest))
  return (
    window && { ...steps, ...window, innerSquared: inner * inner, outerSquared: (1 + edgeMm / (2 * smallest)) ** 2 }
  )
}

/** The rectangle of pixels around an ellipse |start + x * acrossStep + y * downStep| = reach; undefined if outside the image. */
function windowOf({ start, acrossStep, downStep }: Steps, { plane, reach }: { plane: Plane; reach: number }) {
  const [a, b, c] = [dot(acrossStep, acrossStep), dot(acrossStep, downStep), dot(downStep, downStep)]
  const [d, e] = [dot(acrossStep, start), dot(downStep, start)]
  const determinant = a * c - b * b
  const x = (b * e - c * d) / determinant
  const y = (b * d - a * e) / determinant
  const nearest = sum(sum(start, acrossStep, x), downStep, y)
  const room = reach * reach - dot(nearest, nearest)
  if (room <= 0) return undefined
  const halfWidth = Math.sqrt((room * c) / determinant)
  const halfHeight = Math.sqrt((room * a) / determinant)
  const left = Math.max(0, Math.ceil(x - halfWidth))
  const right = Math.min(plane.columns - 1, Math.floor(x + halfWidth))
  const top = Math.max(0, Math.ceil(y - halfHeight))
  const bottom = Math.min(plane.rows - 1, Math.floor(y + halfHeight))
  return left > right || top > bottom ? undefined : { left, right, top, bottom }
}

/** A vector in the solid's own axes, in units of its radii. */
function scaled<Tissue extends string>({ radii, turn = 0 }: Solid<Tissue>, v: Vector): Vector {
  const [cos, sin] = turn === 0 ? [1, 0] : [Math.cos(turn), Math.sin(turn)]
  return [(cos * v[0] + sin * v[1]) / radii[0], (cos * v[1] - sin * v[0]) / radii[1], v[2] / radii[2]]
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

export function times(v: Vector, factor: number): Vector {
  return [v[0] * factor, v[1] * factor, v[2] * factor]
}

/** a + factor * b. */
export function sum(a: Vector, b: Vector, factor = 1): Vector {
  return [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]]
}
