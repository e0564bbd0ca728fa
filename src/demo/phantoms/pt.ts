/** PET with FDG: activity concentration, stored as steps of the rescale slope. */

import type { TorsoTissue } from '../anatomy/torso.ts'
import { type Looks, type Plane, paint, type Solid } from '../drawing/painting.ts'
import type { Grain } from '../drawing/random.ts'

/** Becquerel per millilitre of one stored step. */
export const PT_RESCALE_SLOPE = 2

/** Standardised uptake values; one is about 5,000 Bq/ml for the dose and weight of the demo patients. */
const UPTAKE: Looks<TorsoTissue> = {
  fat: [0.3, 0.12],
  muscle: [0.7, 0.2],
  lung: [0.45, 0.15],
  vessel: [0.8, 0.2],
  air: [0.1, 0.05],
  heart: [4.5, 0.6],
  blood: [1.5, 0.25],
  vein: [1.5, 0.25],
  bone: [0.8, 0.2],
  rib: [0.8, 0.2],
  marrow: [1.3, 0.25],
  disc: [0.6, 0.15],
  cord: [1.2, 0.2],
  fluid: [0.9, 0.2],
  liver: [2.3, 0.35],
  spleen: [1.9, 0.3],
  kidney: [3.6, 0.6],
  bowel: [1.5, 0.5],
  tumour: [9.5, 0.8],
}
const BLADDER_UPTAKE = 14
const BECQUEREL_PER_SUV = 5000
const RESOLUTION_MM = 10

interface PTSlice {
  plane: Plane
  grain: Grain
  grainOffset: number
}

/** The bladder, the only large fluid volume below the bowel, collects the tracer. */
export function ptSlice(solids: readonly Solid<TorsoTissue>[], { plane, grain, grainOffset }: PTSlice): Uint16Array {
  const picture = new Float32Array(plane.rows * plane.columns)
  const brush = { plane, grain, grainOffset, edgeMm: RESOLUTION_MM }
  paint(picture, solids, { ...brush, looks: UPTAKE })
  const bladder = solids.filter(({ tissue, centre }) => tissue === 'fluid' && centre[2] < -300)
  paint(picture, bladder, { ...brush, looks: { ...UPTAKE, fluid: [BLADDER_UPTAKE, 0.8] } })
  const pixels = new Uint16Array(picture.length)
  for (let at = 0; at < picture.length; at++) {
    const noise = 0.12 * grain.values[(grainOffset + 7 * at) & (grain.values.length - 1)]!
    const activity = Math.max(0, picture[at]! + noise) * BECQUEREL_PER_SUV
    pixels[at] = Math.min(0x7fff, Math.round(activity / PT_RESCALE_SLOPE))
  }
  return pixels
}
