/** CT: tissues in Hounsfield units, stored from -1024 upwards. */

import type { HeadTissue } from '../anatomy/head.ts'
import type { TorsoTissue } from '../anatomy/torso.ts'
import { castShadows, type Looks, type Plane, paint, type Solid } from '../drawing/painting.ts'
import type { Grain } from '../drawing/random.ts'

export const CT_RESCALE_INTERCEPT = -1024
const AIR_HU = -1000
const STORED_MAX = 4095

const TORSO_HU: Looks<TorsoTissue> = {
  fat: [-95, 22],
  muscle: [55, 26],
  lung: [-850, 55],
  vessel: [30, 30],
  air: [-990, 12],
  heart: [60, 24],
  blood: [42, 22],
  vein: [42, 22],
  bone: [640, 120],
  rib: [420, 90],
  marrow: [220, 70],
  disc: [85, 24],
  cord: [38, 20],
  fluid: [8, 20],
  liver: [62, 26],
  spleen: [50, 24],
  kidney: [34, 24],
  bowel: [40, 24],
  tumour: [34, 28],
}

/** Tissues that an iodine contrast agent enhances. */
const PHASES: Readonly<Record<string, Partial<Looks<TorsoTissue>>>> = {
  native: {},
  arterial: {
    blood: [290, 26],
    vein: [90, 24],
    kidney: [165, 34],
    spleen: [110, 44],
    heart: [95, 26],
    vessel: [180, 30],
    tumour: [96, 30],
  },
  portal: {
    blood: [165, 24],
    vein: [175, 24],
    kidney: [190, 26],
    spleen: [125, 24],
    liver: [112, 26],
    heart: [120, 24],
    tumour: [62, 26],
  },
}

const HEAD_HU: Looks<HeadTissue> = {
  skin: [20, 30],
  bone: [980, 110],
  fluid: [6, 8],
  grey: [40, 8],
  white: [29, 8],
  nucleus: [39, 8],
  vessel: [58, 8],
  air: [-990, 12],
  eye: [12, 9],
  lesion: [16, 9],
}

export interface CTSlice {
  plane: Plane
  grain: Grain
  grainOffset: number
  /** A sharp kernel enhances edges and noise. */
  kernel: 'soft' | 'sharp'
}

export function ctTorsoSlice(
  solids: readonly Solid<TorsoTissue>[],
  { phase, ...slice }: CTSlice & { phase: 'native' | 'arterial' | 'portal' },
): Uint16Array {
  return ctSlice(solids, { ...slice, looks: { ...TORSO_HU, ...PHASES[phase] } })
}

export function ctHeadSlice(solids: readonly Solid<HeadTissue>[], slice: CTSlice): Uint16Array {
  return ctSlice(solids, { ...slice, looks: HEAD_HU })
}

/** The localizer for planning the scan: projections, displayed like Hounsfield units. */
export function ctScout(solids: readonly Solid<TorsoTissue>[], { plane, grain, grainOffset }: Omit<CTSlice, 'kernel'>) {
  const shadows = new Float32Array(plane.rows * plane.columns)
  castShadows(shadows, solids, { plane, density: SCOUT_DENSITY })
  return stored(shadows, (shadow, at) => -900 + 3.4 * shadow + 26 * noiseAt(grain, grainOffset + at))
}

const SCOUT_DENSITY: Readonly<Record<TorsoTissue, number>> = {
  ...Object.fromEntries(Object.entries(TORSO_HU).map(([tissue, [hu]]) => [tissue, (hu + 1000) / 1000])),
} as Record<TorsoTissue, number>

function ctSlice<Tissue extends string>(
  solids: readonly Solid<Tissue>[],
  { plane, grain, grainOffset, kernel, looks }: CTSlice & { looks: Looks<Tissue> },
): Uint16Array {
  const sharp = kernel === 'sharp'
  const picture = new Float32Array(plane.rows * plane.columns)
  for (let at = 0; at < picture.length; at++) picture[at] = AIR_HU + 12 * noiseAt(grain, grainOffset + at)
  paint(picture, solids, { plane, looks, grain, grainOffset, edgeMm: plane.spacingMm * (sharp ? 1 : 1.7) })
  if (!sharp) return stored(picture, (hu) => hu)
  return stored(picture, (hu, at) => hu + 60 * noiseAt(grain, grainOffset + 3 * at))
}

function stored(picture: Float32Array, hounsfield: (value: number, at: number) => number): Uint16Array {
  const pixels = new Uint16Array(picture.length)
  for (let at = 0; at < picture.length; at++) {
    const value = Math.round(hounsfield(picture[at]!, at)) - CT_RESCALE_INTERCEPT
    pixels[at] = Math.max(0, Math.min(STORED_MAX, value))
  }
  return pixels
}

function noiseAt(grain: Grain, at: number): number {
  return grain.values[at & (grain.values.length - 1)]!
}
