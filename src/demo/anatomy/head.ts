/** A head as solids of tissue, in millimetres; z is 0 at the level of the basal ganglia, y negative towards the face. */

import type { Solid, Vector } from '../drawing/painting.ts'
import type { Random } from '../drawing/random.ts'

export type HeadTissue = 'skin' | 'bone' | 'fluid' | 'grey' | 'white' | 'nucleus' | 'vessel' | 'air' | 'eye' | 'lesion'

type Part = Solid<HeadTissue>

const SULCI = 300

/** The same random numbers yield the same person; `lesions` is the number of spots in the white matter. */
export function head(random: Random, { lesions }: { lesions: number }): readonly Part[] {
  const size = random.between(0.95, 1.04)
  const parts = [
    ...shell(),
    ...sulci(random),
    ...deepStructures(random.between(0.85, 1.35)),
    ...hindbrain(),
    ...face(),
    ...spots(random, lesions),
  ]
  return parts.map((part) => ({ ...part, centre: larger(part.centre, size), radii: larger(part.radii, size) }))
}

function larger([x, y, z]: Vector, size: number): Vector {
  return [x * size, y * size, z * size]
}

function part(tissue: HeadTissue, centre: Vector, radii: Vector, more: Partial<Part> = {}): Part {
  return { tissue, centre, radii, ...more }
}

function pair(tissue: HeadTissue, [x, y, z]: Vector, radii: Vector, turn = 0): Part[] {
  return [part(tissue, [x, y, z], radii, { turn }), part(tissue, [-x, y, z], radii, { turn: -turn })]
}

function shell(): Part[] {
  return [
    part('skin', [0, 0, 0], [79, 99, 106]),
    part('bone', [0, 0, 0], [72.5, 92.5, 99.5]),
    part('fluid', [0, 0, 0], [66.5, 86.5, 93.5]),
    part('grey', [0, 0, 1], [65, 85, 91.5]),
    part('white', [0, 0, 1], [60, 80, 86.5]),
  ]
}

/** Folds of the cortex: a sheet of grey matter from the surface inwards, with fluid in its centre. */
function sulci(random: Random): Part[] {
  const grey: Part[] = []
  const fluid: Part[] = []
  for (let fold = 0; fold < SULCI; fold++) {
    // Evenly distributed over the sphere (golden angle), with some jitter.
    const height = 1 - (2 * (fold + 0.5)) / SULCI
    const angle = fold * 2.399963 + random.between(-0.25, 0.25)
    const around = Math.sqrt(1 - height * height)
    const direction: Vector = [around * Math.cos(angle), around * Math.sin(angle), height]
    const length = random.between(7, 14)
    const tall = random.between(8, 17)
    const inwards = length * 0.85
    const centre: Vector = [(66 - inwards) * direction[0], (86 - inwards) * direction[1], (92 - inwards) * direction[2]]
    const turn = Math.atan2(direction[1] / 86, direction[0] / 66) + random.between(-0.6, 0.6)
    grey.push(part('grey', centre, [length + 2.5, 5, tall + 3], { turn }))
    fluid.push(part('fluid', centre, [length - 1, 1.3, tall], { turn }))
  }
  return [...grey, ...fluid]
}

/** @param widening of the ventricles with age */
function deepStructures(widening: number): Part[] {
  return [
    part('white', [0, 2, 18], [26, 52, 26]),
    part('fluid', [0, 0, 30], [1.4, 82, 52]),
    part('white', [0, -2, 24], [14, 38, 12]),
    part('white', [0, 0, 0], [36, 50, 22]),
    ...pair('nucleus', [15, -22, 10], [6, 13, 14], -0.25),
    ...pair('nucleus', [28, -4, 2], [7, 21, 15], 0.16),
    ...pair('nucleus', [12, 14, 2], [10, 15, 12], 0.35),
    ...pair('grey', [47, -4, 0], [3, 22, 18], 0.1),
    ...pair('fluid', [50, -4, 0], [1.8, 20, 16], 0.1),
    ...pair('fluid', [9, -24, 16], [5 * widening, 14, 12], -0.3),
    ...pair('fluid', [12, 4, 24], [5.5 * widening, 30, 9], 0.12),
    ...pair('fluid', [22, 34, 10], [6 * widening, 17, 14], 0.3),
    part('fluid', [0, 2, 0], [2.4 * widening, 13, 11]),
    part('fluid', [0, 30, 2], [7, 5, 7]),
  ]
}

function hindbrain(): Part[] {
  const folia: Part[] = []
  for (let fold = -4; fold <= 4; fold++) {
    folia.push(...pair('white', [24, 50 + 2 * Math.abs(fold), -48 + fold * 5], [17, 11, 1.2], 0.3))
  }
  return [
    part('fluid', [0, 46, -48], [55, 38, 30]),
    ...pair('grey', [25, 50, -48], [28, 30, 25], 0.2),
    part('grey', [0, 52, -46], [12, 26, 20]),
    ...folia,
    part('fluid', [0, 20, -52], [19, 19, 44]),
    part('white', [0, 16, -52], [14, 13, 40]),
    part('fluid', [0, 32, -50], [7, 4, 14]),
    part('bone', [0, -34, -58], [48, 34, 12]),
    part('vessel', [0, 0, -44], [2.5, 2.5, 14]),
    part('vessel', [0, 90, 0], [4, 3, 70]),
  ]
}

function face(): Part[] {
  return [
    ...pair('skin', [31, -76, -38], [19, 21, 18]),
    ...pair('eye', [31, -80, -38], [12.5, 12.5, 12.5]),
    part('air', [0, -78, -56], [15, 22, 24]),
    part('skin', [0, -76, -56], [1.6, 22, 24]),
    ...pair('air', [26, -64, -68], [13, 15, 12]),
    part('air', [0, -87, 0], [17, 5, 13]),
    part('skin', [0, -103, -55], [10, 12, 22]),
  ]
}

function spots(random: Random, count: number): Part[] {
  return Array.from({ length: count }, () => {
    const side = random.pick([-1, 1])
    const centre: Vector = [side * random.between(20, 40), random.between(-40, 45), random.between(8, 42)]
    const radius = random.between(2.5, 6.5)
    return part('lesion', centre, [radius, radius * random.between(0.7, 1.6), radius])
  })
}
