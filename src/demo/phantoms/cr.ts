/** Chest radiographs on a storage phosphor plate: the shadow of the trunk, bone bright (MONOCHROME2). */

import type { TorsoTissue } from '../anatomy/torso.ts'
import { castShadows, type Plane, type Solid } from '../drawing/painting.ts'
import type { Grain } from '../drawing/random.ts'

const STORED_MAX = 4095

/** Attenuation relative to water; that of bone exceeds its density because of calcium. */
const DENSITY: Readonly<Record<TorsoTissue, number>> = {
  fat: 0.88,
  muscle: 1.04,
  lung: 0.26,
  vessel: 1.02,
  air: 0.02,
  heart: 1.05,
  blood: 1.05,
  vein: 1.05,
  bone: 2.6,
  /** Segments overlap by half, so each has half a rib. */
  rib: 1.75,
  marrow: 1.3,
  disc: 1.08,
  cord: 1.03,
  fluid: 1,
  liver: 1.06,
  spleen: 1.05,
  kidney: 1.04,
  bowel: 1,
  tumour: 1.3,
}

/** In the lateral view the arms are raised and not in the image. */
export function crImage(
  trunk: readonly Solid<TorsoTissue>[],
  { plane, grain, grainOffset, view }: { plane: Plane; grain: Grain; grainOffset: number; view: 'PA' | 'LL' },
): Uint16Array {
  const solids = view === 'PA' ? trunk : trunk.filter(({ centre, radii }) => Math.abs(centre[0]) - radii[0] / 4 < 125)
  const shadows = new Float32Array(plane.rows * plane.columns)
  castShadows(shadows, solids, { plane, density: DENSITY })
  const pixels = new Uint16Array(shadows.length)
  for (let at = 0; at < shadows.length; at++) {
    // The response of the plate saturates where little light arrives.
    const response = 1 - Math.exp(-Math.max(0, shadows[at]!) / 150)
    const noise = 26 * grain.values[(grainOffset + at) & (grain.values.length - 1)]!
    pixels[at] = Math.max(0, Math.min(STORED_MAX, Math.round(260 + 3700 * response + noise)))
  }
  return pixels
}
