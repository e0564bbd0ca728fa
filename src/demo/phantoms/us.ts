/** Ultrasound images as on a scanner: a sector of speckle in RGB, with a depth scale and a grey or colour bar. */

import type { Grain, Random } from '../drawing/random.ts'

interface SectorShape {
  rows: number
  columns: number
}

/** An ellipse in the sector: across and deep in centimetres from the centre of the probe, echo from 0 (fluid) to 2 (bright). */
interface Echo {
  across: number
  deep: number
  radii: readonly [acrossCm: number, deepCm: number]
  echo: number
  turn?: number
  /** Fluid attenuates the sound less, stone blocks it. */
  behind?: number
}

export type USView = 'liver' | 'kidney' | 'gallbladder' | 'heart' | 'carotid'

const US_DEPTH_CM = 16
const SECTOR_HALF_ANGLE = 0.66
const PROBE_RADIUS_CM = 2.4
const MARGIN_PIXELS = 6

/** Pixels per centimetre; determines PhysicalDelta of the ultrasound region. */
export function pixelsPerCm({ rows }: SectorShape): number {
  return (rows - 2 * MARGIN_PIXELS) / US_DEPTH_CM
}

/**
 * @param grain speckle; a frame uses two positions of it
 * @param phase of the heart beat, 0 to 1; only the heart and the blood of `flow` move
 * @returns one frame, RGB by pixel
 */
export function usFrame(
  random: Random,
  { view, phase, flow, grain, ...shape }: SectorShape & { view: USView; phase: number; flow: boolean; grain: Grain },
): Uint8Array {
  const echoes = VIEWS[view](phase)
  const { sizePixels, values } = grain
  const mask = sizePixels - 1
  const [real, imaginary] = [random.integer(0, values.length), random.integer(0, values.length)]
  const frame = new Uint8Array(3 * shape.rows * shape.columns)
  const scale = pixelsPerCm(shape)
  const middle = (shape.columns - 14) / 2
  for (let y = 0; y < shape.rows; y++) {
    for (let x = 0; x < shape.columns; x++) {
      const across = (x - middle) / scale
      const below = (y - MARGIN_PIXELS) / scale + PROBE_RADIUS_CM
      const radius = Math.sqrt(across * across + below * below)
      const angle = Math.atan2(across, below)
      const deep = radius - PROBE_RADIUS_CM
      if (deep < 0 || deep > US_DEPTH_CM || Math.abs(angle) > SECTOR_HALF_ANGLE) continue
      // Speckle is finer along the beam than across it; its brightness has a Rayleigh distribution.
      const at = (Math.floor(deep * 9) & mask) * sizePixels + Math.floor((angle + 1) * 52)
      const speckle = Math.hypot(values[(at + real) % values.length]!, values[(at + imaginary) % values.length]!)
      const brightness = brightnessAt(echoes, { across, deep })
      const grey = clamp(255 * brightness * (0.25 + 1.5 * speckle) * (1.05 - 0.03 * deep))
      setPixel(frame, (y * shape.columns + x) * 3, grey, grey, grey)
      if (flow) paintFlow(frame, (y * shape.columns + x) * 3, { ...FLOW[view], across, deep, phase, speckle })
    }
  }
  drawScale(frame, shape, flow)
  return frame
}

function brightnessAt(echoes: readonly Echo[], { across, deep }: { across: number; deep: number }): number {
  let brightness = 0.34
  let gain = 1
  for (const { across: x, deep: y, radii, echo, turn = 0, behind = 1 } of echoes) {
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)]
    const a = (cos * (across - x) + sin * (deep - y)) / radii[0]
    const b = (cos * (deep - y) - sin * (across - x)) / radii[1]
    const squared = a * a + b * b
    if (squared < 1) brightness = squared > 0.86 ? Math.max(0.55, echo * 0.4) : echo * 0.4
    else if (deep > y && Math.abs(across - x * (deep / Math.max(y, 1))) < radii[0] * 0.8) gain *= behind
  }
  return brightness * gain
}

const wall = (deep: number, echo: number): Echo => ({ across: 0, deep, radii: [12, 0.22], echo })

const VIEWS: Readonly<Record<USView, (phase: number) => readonly Echo[]>> = {
  liver: () => [
    { across: 0, deep: 7.5, radii: [11, 6.2], echo: 0.95 },
    wall(0.8, 1.6),
    wall(1.5, 1.3),
    { across: -2.5, deep: 6, radii: [1.9, 0.4], echo: 0.05, turn: 0.5 },
    { across: 1.8, deep: 7.5, radii: [2.4, 0.45], echo: 0.05, turn: -0.35 },
    { across: 0.4, deep: 10.4, radii: [1.3, 0.8], echo: 0.04, behind: 1.15 },
    { across: -3.4, deep: 10, radii: [0.9, 0.8], echo: 1.9 },
    { across: 0, deep: 13.6, radii: [9, 0.3], echo: 2.3, turn: 0.06 },
  ],
  kidney: () => [
    { across: -1, deep: 3, radii: [10, 2.4], echo: 0.95 },
    wall(0.8, 1.6),
    { across: 0, deep: 7.6, radii: [5.2, 2.5], echo: 0.62, turn: 0.12 },
    { across: 0, deep: 7.6, radii: [3.3, 1], echo: 1.9, turn: 0.12 },
    { across: -2.9, deep: 6.9, radii: [0.7, 0.6], echo: 0.25 },
    { across: 0.2, deep: 6.1, radii: [0.7, 0.55], echo: 0.25 },
    { across: 2.8, deep: 7.6, radii: [0.7, 0.6], echo: 0.25 },
    { across: -0.6, deep: 9.2, radii: [0.7, 0.5], echo: 0.25 },
    { across: 0, deep: 13, radii: [10, 0.3], echo: 1.7, turn: -0.05 },
  ],
  gallbladder: () => [
    { across: 0, deep: 5, radii: [11, 4.4], echo: 0.9 },
    wall(0.8, 1.6),
    { across: 0.6, deep: 6.6, radii: [3.4, 1.5], echo: 0.03, turn: 0.3, behind: 1.5 },
    { across: 1.4, deep: 7.6, radii: [0.55, 0.4], echo: 2.5, behind: 0.15 },
    { across: -3.6, deep: 10.5, radii: [1.3, 0.5], echo: 0.04 },
  ],
  heart: (phase) => {
    const squeeze = 1 - 0.2 * Math.sin(Math.PI * phase) ** 2
    const open = 1 - squeeze
    return [
      wall(0.7, 1.4),
      { across: 0, deep: 7.6, radii: [5.2, 6.2], echo: 0.95 },
      { across: 1.9, deep: 5.6, radii: [1.9 * squeeze, 3.1 * squeeze], echo: 0.04, turn: -0.12 },
      { across: -2, deep: 5.9, radii: [1.6 * squeeze, 2.5 * squeeze], echo: 0.04, turn: 0.16 },
      { across: 1.9, deep: 11.3, radii: [1.9 + open, 1.7 + open], echo: 0.04 },
      { across: -1.9, deep: 11, radii: [1.8 + open, 1.6 + open], echo: 0.04 },
      { across: 1.1, deep: 9.1, radii: [1, 0.16], echo: 2.4, turn: 0.25 + 3 * open },
      { across: 2.7, deep: 9.1, radii: [0.9, 0.16], echo: 2.4, turn: -0.25 - 3 * open },
      { across: -2, deep: 8.8, radii: [1.3, 0.16], echo: 2.2, turn: 0.2 - open },
    ]
  },
  carotid: (phase) => [
    wall(0.6, 1.6),
    { across: 0, deep: 3, radii: [9, 1.6], echo: 0.75 },
    { across: 0, deep: 7, radii: [12, 1.9 + 0.08 * Math.sin(2 * Math.PI * phase)], echo: 1.9, turn: 0.1 },
    {
      across: 0,
      deep: 7,
      radii: [11.6, 1.5 + 0.08 * Math.sin(2 * Math.PI * phase)],
      echo: 0.03,
      turn: 0.1,
      behind: 1.1,
    },
    { across: -1.6, deep: 8, radii: [1.4, 0.4], echo: 1.5, turn: 0.1 },
    { across: 0.5, deep: 11.6, radii: [9, 1], echo: 0.8 },
  ],
}

interface FlowBox {
  across: number
  deep: number
  phase: number
  speckle: number
  /** Centre and half sizes in centimetres of the vessel in the colour box. */
  vessel: readonly [across: number, deep: number, halfAcross: number, halfDeep: number]
}

const FLOW: Readonly<Record<USView, Pick<FlowBox, 'vessel'>>> = {
  liver: { vessel: [1.8, 7.5, 2.2, 0.4] },
  kidney: { vessel: [0, 7.6, 2.6, 0.7] },
  gallbladder: { vessel: [-3.6, 10.5, 1.2, 0.45] },
  heart: { vessel: [1.9, 8.6, 1.1, 2.4] },
  carotid: { vessel: [0, 7, 3.4, 1.3] },
}

/** Red towards the probe, blue away from it; fastest in the centre of the vessel. */
function paintFlow(frame: Uint8Array, at: number, { across, deep, phase, speckle, vessel }: FlowBox): void {
  const [x, y, halfAcross, halfDeep] = vessel
  const a = (across - x) / halfAcross
  const b = (deep - y) / halfDeep
  const fast = 1 - a * a - b * b
  if (fast <= 0) return
  const strength = clamp(110 + 150 * fast * (0.7 + 0.3 * Math.cos(2 * Math.PI * phase)) - 60 * speckle)
  const orange = clamp(190 * (fast - 0.35))
  if (a + 0.4 * b < 0.25) setPixel(frame, at, strength, orange, 0)
  else setPixel(frame, at, 0, orange, strength)
}

/** Ticks for each centimetre on the left, the shade bar on the right. */
function drawScale(frame: Uint8Array, shape: SectorShape, flow: boolean): void {
  const { rows, columns } = shape
  for (let cm = 0; cm <= US_DEPTH_CM; cm++) {
    const y = Math.round(MARGIN_PIXELS + cm * pixelsPerCm(shape))
    const length = cm % 5 === 0 ? 5 : 2
    for (let x = 1; x <= length; x++) setPixel(frame, (y * columns + x) * 3, 190, 190, 120)
  }
  const [top, bottom] = [Math.round(rows * 0.1), Math.round(rows * 0.55)]
  for (let y = top; y < bottom; y++) {
    const shade = 1 - (2 * (y - top)) / (bottom - top)
    const bright = clamp(60 + 195 * Math.abs(shade))
    const warm = clamp(160 * (Math.abs(shade) - 0.3))
    for (let x = columns - 10; x < columns - 3; x++) {
      const at = (y * columns + x) * 3
      if (!flow) setPixel(frame, at, ...grey(clamp(127.5 * (shade + 1))))
      else if (shade >= 0) setPixel(frame, at, bright, warm, 0)
      else setPixel(frame, at, 0, warm, bright)
    }
  }
}

function grey(level: number): [number, number, number] {
  return [level, level, level]
}

function setPixel(frame: Uint8Array, at: number, red: number, green: number, blue: number): void {
  frame[at] = red
  frame[at + 1] = green
  frame[at + 2] = blue
}

function clamp(level: number): number {
  return level < 0 ? 0 : level > 255 ? 255 : Math.round(level)
}
