/** MR: the same tissues under different weightings; signal in arbitrary units, brighter at the receiver coil. */

import type { HeadTissue } from '../anatomy/head.ts'
import type { TorsoTissue } from '../anatomy/torso.ts'
import { type Looks, type Plane, paint, type Solid } from '../drawing/painting.ts'
import type { Grain } from '../drawing/random.ts'

export type Weighting = 'T1' | 'T2' | 'FLAIR' | 'DWI'

const SIGNAL_MAX = 4095

const HEAD: Readonly<Record<Weighting, Looks<HeadTissue>>> = {
  T1: signals({
    skin: 900,
    bone: 90,
    fluid: 160,
    grey: 430,
    white: 620,
    nucleus: 490,
    vessel: 200,
    air: 20,
    eye: 190,
    lesion: 360,
  }),
  T2: signals({
    skin: 620,
    bone: 70,
    fluid: 1150,
    grey: 560,
    white: 380,
    nucleus: 420,
    vessel: 90,
    air: 20,
    eye: 1120,
    lesion: 850,
  }),
  FLAIR: signals({
    skin: 560,
    bone: 70,
    fluid: 90,
    grey: 500,
    white: 390,
    nucleus: 440,
    vessel: 110,
    air: 20,
    eye: 130,
    lesion: 1000,
  }),
  DWI: signals({
    skin: 120,
    bone: 40,
    fluid: 90,
    grey: 480,
    white: 430,
    nucleus: 440,
    vessel: 60,
    air: 20,
    eye: 110,
    lesion: 1050,
  }),
}

const TORSO: Readonly<Record<'T1' | 'T2', Looks<TorsoTissue>>> = {
  T1: signals({
    fat: 950,
    muscle: 330,
    lung: 40,
    vessel: 150,
    air: 20,
    heart: 300,
    blood: 90,
    vein: 140,
    bone: 60,
    rib: 200,
    marrow: 610,
    disc: 400,
    cord: 430,
    fluid: 170,
    liver: 480,
    spleen: 320,
    kidney: 380,
    bowel: 300,
    tumour: 260,
  }),
  T2: signals({
    fat: 760,
    muscle: 210,
    lung: 40,
    vessel: 120,
    air: 20,
    heart: 280,
    blood: 80,
    vein: 110,
    bone: 50,
    rib: 150,
    marrow: 400,
    disc: 620,
    cord: 390,
    fluid: 1150,
    liver: 330,
    spleen: 520,
    kidney: 640,
    bowel: 360,
    tumour: 720,
  }),
}

function signals<Tissue extends string>(values: Readonly<Record<Tissue, number>>): Looks<Tissue> {
  const entries = Object.entries<number>(values).map(([tissue, value]) => [tissue, [value, 18 + value * 0.05]])
  return Object.fromEntries(entries) as Looks<Tissue>
}

export interface MRSlice {
  plane: Plane
  grain: Grain
  grainOffset: number
}

export function mrHeadSlice(
  solids: readonly Solid<HeadTissue>[],
  { weighting, ...slice }: MRSlice & { weighting: Weighting },
): Uint16Array {
  return mrSlice(solids, { ...slice, looks: HEAD[weighting], shading: evenShading })
}

/** The spine coil lies at the back: signal fades towards the front. */
export function mrSpineSlice(
  solids: readonly Solid<TorsoTissue>[],
  { weighting, ...slice }: MRSlice & { weighting: 'T1' | 'T2' },
): Uint16Array {
  return mrSlice(solids, { ...slice, looks: TORSO[weighting], shading: (across) => 0.35 + 1.05 * across })
}

/** Slightly brighter in the centre of the head coil. */
function evenShading(across: number, down: number): number {
  return 1.06 - 0.5 * ((across - 0.5) ** 2 + (down - 0.5) ** 2)
}

interface Look<Tissue extends string> {
  looks: Looks<Tissue>
  /** Factor by position, each coordinate from 0 to 1 over the image. */
  shading: (across: number, down: number) => number
}

function mrSlice<Tissue extends string>(
  solids: readonly Solid<Tissue>[],
  { plane, grain, grainOffset, looks, shading }: MRSlice & Look<Tissue>,
): Uint16Array {
  const { rows, columns } = plane
  const picture = new Float32Array(rows * columns)
  paint(picture, solids, { plane, looks, grain, grainOffset, edgeMm: plane.spacingMm * 1.3 })
  const pixels = new Uint16Array(picture.length)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x
      const noise = 22 * grain.values[(grainOffset + 5 * at) & (grain.values.length - 1)]!
      // Magnitude images have no negative signal: noise in air is rectified (Rician).
      const signal = Math.abs(picture[at]! * shading(x / columns, y / rows) + noise)
      pixels[at] = Math.min(SIGNAL_MAX, Math.round(signal))
    }
  }
  return pixels
}
