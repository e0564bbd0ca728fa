/** A trunk from neck to pelvis as solids of tissue, in millimetres; z is 0 at the middle of the liver. */

import type { Solid, Vector } from '../drawing/painting.ts'
import type { Random } from '../drawing/random.ts'

export type TorsoTissue =
  | 'fat'
  | 'muscle'
  | 'lung'
  | 'vessel'
  | 'air'
  | 'heart'
  | 'blood'
  | 'vein'
  | 'bone'
  | 'rib'
  | 'marrow'
  | 'disc'
  | 'cord'
  | 'fluid'
  | 'liver'
  | 'spleen'
  | 'kidney'
  | 'bowel'
  | 'tumour'

type Part = Solid<TorsoTissue>

/** T1 to L5. */
const VERTEBRAE = 17
const VERTEBRA_PITCH_MM = 30
const LOWEST_VERTEBRA_MM = -225
/** From the spine to the sternum; they overlap by half. */
const RIB_SEGMENTS = 24

/** The same random numbers yield the same person; `tumours` is the number of nodules in lung and liver. */
export function torso(random: Random, { tumours }: { tumours: number }): readonly Part[] {
  const girth = random.between(0.92, 1.1)
  const parts = [
    ...wall(),
    ...cavities(),
    ...lungVessels(random),
    ...mediastinum(),
    ...abdomen(random),
    ...spine(),
    ...ribs(),
    ...pelvis(),
    ...nodules(random, tumours),
  ]
  return parts.map((part) => ({ ...part, centre: wider(part.centre, girth), radii: wider(part.radii, girth) }))
}

function wider([x, y, z]: Vector, girth: number): Vector {
  return [x * girth, y * girth, z]
}

function part(tissue: TorsoTissue, centre: Vector, radii: Vector, more: Partial<Part> = {}): Part {
  return { tissue, centre, radii, ...more }
}

/** Symmetric: given for the left side (x > 0). */
function pair(tissue: TorsoTissue, [x, y, z]: Vector, radii: Vector, more: Partial<Part> = {}): Part[] {
  const turn = more.turn ?? 0
  return [part(tissue, [x, y, z], radii, { ...more, turn }), part(tissue, [-x, y, z], radii, { ...more, turn: -turn })]
}

function wall(): Part[] {
  return [
    part('fat', [0, 5, 330], [62, 62, 130]),
    part('muscle', [0, 5, 330], [54, 54, 130], { within: 'fat' }),
    ...pair('fat', [150, 20, 240], [62, 58, 75]),
    part('fat', [0, 0, 60], [172, 118, 430]),
    part('fat', [0, 0, -240], [170, 116, 400]),
    ...pair('muscle', [150, 20, 240], [52, 48, 65], { within: 'fat' }),
    part('muscle', [0, 0, 80], [158, 107, 400], { within: 'fat' }),
    part('muscle', [0, 6, -240], [152, 101, 380], { within: 'fat' }),
  ]
}

function cavities(): Part[] {
  return [
    part('fat', [0, -20, -150], [128, 72, 190], { within: 'muscle' }),
    part('lung', [-74, 2, 130], [62, 84, 145], { turn: 0.12, within: 'muscle' }),
    part('lung', [74, 2, 130], [60, 84, 145], { turn: -0.12, within: 'muscle' }),
    part('fat', [72, 4, 22], [50, 68, 40], { within: 'lung' }),
    part('fat', [-72, 8, 26], [50, 66, 42], { within: 'lung' }),
  ]
}

/** Branches that get thinner from the hilum to the chest wall. */
function lungVessels(random: Random): Part[] {
  const vessels: Part[] = []
  for (const side of [-1, 1]) {
    for (let branch = 0; branch < 190; branch++) {
      const depth = random.between(0.12, 1)
      const angle = random.between(-2.2, 2.2)
      const height = random.between(-1, 1)
      const reach = depth * Math.sqrt(1 - 0.8 * height * height)
      const centre: Vector = [
        side * (34 + 90 * reach * Math.cos(angle / 2) ** 2),
        6 + 70 * reach * Math.sin(angle),
        130 + 118 * depth * height,
      ]
      const thickness = 4 - 2.9 * depth
      const along = Math.abs(height) < 0.6 ? random.between(4, 9) : random.between(1, 2)
      vessels.push(
        part('vessel', centre, [thickness + along, thickness, thickness + (along > 3 ? 1 : 9)], {
          turn: side * (angle * 0.75 + random.between(-0.4, 0.4)),
          within: 'lung',
        }),
      )
    }
  }
  return vessels
}

function mediastinum(): Part[] {
  return [
    part('muscle', [0, 5, 190], [34, 62, 150], { within: 'lung' }),
    part('fat', [0, -30, 190], [24, 40, 110], { within: 'muscle' }),
    part('heart', [24, -34, 92], [62, 50, 62], { turn: 0.5, within: 'lung' }),
    part('blood', [44, -42, 84], [30, 22, 40], { turn: 0.5, within: 'heart' }),
    part('blood', [-12, -42, 92], [22, 24, 40], { within: 'heart' }),
    part('blood', [14, -8, 105], [34, 16, 26], { within: 'heart' }),
    part('blood', [-10, -28, 168], [15, 15, 45], { within: 'muscle' }),
    part('blood', [8, 5, 212], [15, 44, 14], { turn: -0.35, within: 'muscle' }),
    part('blood', [14, -20, 165], [30, 12, 16], { within: 'muscle' }),
    part('vein', [-32, -18, 190], [9, 9, 60], { within: 'muscle' }),
    part('blood', [22, 42, 20], [12, 12, 250], { within: 'muscle' }),
    part('air', [0, 12, 265], [9, 9, 80], { within: 'muscle' }),
    ...pair('air', [20, 18, 180], [22, 7, 7], { turn: 0.2, within: 'muscle' }),
    part('muscle', [3, 34, 230], [8, 6, 130], { within: 'fat' }),
  ]
}

function abdomen(random: Random): Part[] {
  const loops: Part[] = []
  for (let loop = 0; loop < 64; loop++) {
    const centre: Vector = [random.between(-88, 88), random.between(-66, 12), random.between(-270, -95)]
    const radii: Vector = [random.between(14, 24), random.between(11, 17), random.between(11, 18)]
    const turn = random.between(-1, 1)
    loops.push(part('bowel', centre, radii, { turn, within: 'fat' }))
    const filling = random.next() < 0.3 ? 'air' : 'fluid'
    loops.push(part(filling, centre, [radii[0] - 5, radii[1] - 5, radii[2] - 5], { turn, within: 'bowel' }))
  }
  return [
    part('liver', [-62, -8, 2], [84, 82, 88], { within: 'fat' }),
    part('liver', [10, -48, 8], [72, 36, 48], { turn: 0.2, within: 'fat' }),
    part('vein', [-48, 6, 22], [38, 4, 4], { turn: 0.6, within: 'liver' }),
    part('vein', [-60, -22, 10], [30, 4, 5], { turn: -0.4, within: 'liver' }),
    part('vein', [-34, 0, -8], [36, 7, 6], { turn: 0.3, within: 'liver' }),
    part('fluid', [-46, -58, -42], [17, 21, 30], { within: 'liver' }),
    part('spleen', [112, 38, 2], [28, 44, 52], { turn: -0.45, within: 'fat' }),
    part('bowel', [58, -38, 0], [46, 34, 50], { turn: 0.4, within: 'fat' }),
    part('fluid', [58, -28, 0], [39, 23, 43], { turn: 0.4, within: 'bowel' }),
    part('air', [58, -52, 6], [28, 12, 30], { turn: 0.4, within: 'fluid' }),
    part('bowel', [10, 2, -45], [58, 13, 15], { turn: 0.18, within: 'fat' }),
    ...loops,
    ...pair('fat', [68, 46, -62], [46, 42, 78]),
    ...pair('kidney', [66, 48, -62], [29, 24, 56], { turn: -0.5, within: 'fat' }),
    ...pair('fat', [58, 44, -62], [13, 10, 26], { turn: -0.5, within: 'kidney' }),
    part('vein', [-24, 34, -30], [13, 11, 190], { within: 'muscle' }),
    part('blood', [14, 36, -60], [11, 11, 190], { within: 'muscle' }),
    ...pair('muscle', [46, 62, -170], [25, 24, 110], { within: 'fat' }),
  ]
}

function spine(): Part[] {
  const parts: Part[] = []
  for (let level = 0; level < VERTEBRAE; level++) {
    const z = LOWEST_VERTEBRA_MM + level * VERTEBRA_PITCH_MM
    const size = 1.12 - 0.016 * level
    parts.push(
      part('disc', [0, 62, z - VERTEBRA_PITCH_MM / 2], [22 * size, 17 * size, 5.5], { boxy: true, within: 'muscle' }),
      part('bone', [0, 62, z], [24 * size, 19 * size, 12], { boxy: true, within: 'muscle' }),
      part('marrow', [0, 62, z], [21.5 * size, 16.5 * size, 10], { boxy: true, within: 'bone' }),
      ...pair('bone', [22, 82, z + 2], [17, 5, 6], { turn: 0.35, within: 'muscle' }),
      ...pair('bone', [11, 91, z], [13, 4, 9], { turn: 0.75, within: 'muscle' }),
      part('bone', [0, 99, z - 6], [3.5, 9, 8], { within: 'muscle' }),
    )
  }
  parts.push(part('fluid', [0, 86, 60], [11, 8, 330], { within: 'muscle' }))
  parts.push(part('cord', [0, 86, 150], [6, 4.5, 200], { within: 'fluid' }))
  return parts
}

/** Each from the spine around the chest wall, descending towards the front. */
function ribs(): Part[] {
  const parts: Part[] = [part('bone', [0, -96, 165], [19, 5, 85], { within: 'muscle' })]
  for (let rib = 0; rib < 11; rib++) {
    const back = 300 - rib * 25
    const reach = rib < 7 ? 0.93 : 0.85 - 0.08 * (rib - 7)
    for (let step = 1; step <= RIB_SEGMENTS * reach; step++) {
      const angle = (step / RIB_SEGMENTS) * Math.PI
      const z = back - 105 * (step / RIB_SEGMENTS) ** 1.3
      const narrowing = Math.sqrt(Math.max(0.25, 1 - ((z - 80) / 300) ** 2))
      const [sin, cos] = [Math.sin(angle), Math.cos(angle)]
      const centre: Vector = [146 * narrowing * sin, 4 + 92 * narrowing * cos, z]
      const turn = Math.atan2(-92 * sin, 146 * cos)
      parts.push(...pair('rib', centre, [19, 4.2, 6], { turn, within: 'muscle' }))
    }
  }
  parts.push(...pair('bone', [105, 84, 205], [44, 4, 62], { turn: -0.5, within: 'muscle' }))
  parts.push(...pair('bone', [80, -56, 292], [72, 7, 7], { turn: 0.35, within: 'muscle' }))
  parts.push(...pair('bone', [160, 20, 250], [26, 26, 28], { within: 'muscle' }))
  parts.push(...pair('marrow', [160, 20, 250], [22, 22, 24], { within: 'bone' }))
  return parts
}

function pelvis(): Part[] {
  return [
    ...pair('bone', [92, 34, -275], [14, 64, 62], { turn: 0.5, within: 'muscle' }),
    ...pair('marrow', [92, 34, -275], [9, 58, 57], { turn: 0.5, within: 'bone' }),
    part('bone', [0, 74, -290], [52, 20, 46], { within: 'muscle' }),
    part('marrow', [0, 74, -290], [46, 15, 41], { within: 'bone' }),
    ...pair('bone', [92, 0, -360], [27, 27, 28], { within: 'muscle' }),
    ...pair('marrow', [92, 0, -360], [23, 23, 24], { within: 'bone' }),
    part('fluid', [0, -28, -335], [42, 34, 32], { within: 'fat' }),
  ]
}

function nodules(random: Random, count: number): Part[] {
  const parts: Part[] = []
  for (let nodule = 0; nodule < count; nodule++) {
    const radius = random.between(6, 15)
    const inLung = nodule % 2 === 0
    const centre: Vector = inLung
      ? [random.pick([-1, 1]) * random.between(55, 105), random.between(-45, 50), random.between(100, 205)]
      : [random.between(-110, -40), random.between(-45, 40), random.between(-25, 40)]
    parts.push(part('tumour', centre, [radius, radius * 0.9, radius], { within: inLung ? 'lung' : 'liver' }))
  }
  return parts
}
