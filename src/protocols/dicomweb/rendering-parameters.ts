/** The query parameters of rendered images (PS3.18 8.3.5). Unknown parameters are ignored, as everywhere. */
import type { WantedRendering } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'

const QUALITY = 90
/** Of a thumbnail without the parameter `viewport`: it fits into a square of so many pixels. */
const THUMBNAIL_PIXELS = 256

/** Of the parameter `window`; PS3.18 spells them in lower case. */
const FUNCTIONS = new Map([
  ['linear', 'LINEAR'],
  ['linear-exact', 'LINEAR_EXACT'],
  ['sigmoid', 'SIGMOID'],
] as const)

const ANNOTATIONS = ['patient', 'technique']
const PROFILES = ['no', 'yes', 'srgb', 'adobergb', 'rommrgb', 'displayp3']

/** @throws ContractError ValidationException */
export function wantedRendering(
  query: URLSearchParams,
  { isThumbnail }: { readonly isThumbnail: boolean },
): WantedRendering {
  checkIgnored(query)
  const { viewport, region } = viewportIn(query.get('viewport'))
  if (isThumbnail && region !== undefined) throw invalid('A thumbnail has no region: viewport=<width>,<height>')
  const square = { columns: THUMBNAIL_PIXELS, rows: THUMBNAIL_PIXELS, enlarges: false }
  return {
    window: windowIn(query.get('window')),
    viewport: viewport ?? (isThumbnail ? square : undefined),
    region,
    quality: qualityIn(query.get('quality'), 'quality'),
  }
}

/** Legal values of what is not done are accepted: PS3.18 leaves it to the server what to support. */
function checkIgnored(query: URLSearchParams): void {
  const annotations = query.get('annotation')?.split(',') ?? []
  if (!annotations.every((text) => ANNOTATIONS.includes(text.trim())))
    throw invalid('annotation is patient, technique or both, separated by a comma')
  const profile = query.get('iccprofile') ?? 'no'
  if (!PROFILES.includes(profile.toLowerCase())) throw invalid(`iccprofile is one of ${PROFILES.join(', ')}`)
}

export function qualityIn(text: string | null, parameter: string): number {
  if (text === null) return QUALITY
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (quality < 1 || quality > 100) throw invalid(`${parameter} is a whole number from 1 to 100`)
  return quality
}

const NUMBER = /^[+-]?(?:\d{1,15}\.?\d{0,15}|\.\d{1,15})(?:e[+-]?\d{1,2})?$/i

/** Undefined where it is not a number in decimal notation. */
export const numberIn = (text: string): number | undefined => (NUMBER.test(text.trim()) ? Number(text) : undefined)

function windowIn(text: string | null): WantedRendering['window'] {
  if (text === null) return undefined
  const [center, width, shape = 'linear', ...rest] = text.split(',')
  const found = FUNCTIONS.get(shape.trim().toLowerCase().replace('_', '-') as 'linear')
  if (found === undefined || rest.length > 0) {
    throw invalid('window is <center>,<width>,<function>, with one of the functions linear, linear-exact and sigmoid')
  }
  return checkedWindow({ center: numberIn(center ?? ''), width: numberIn(width ?? ''), function: found }, 'window')
}

type Window = NonNullable<WantedRendering['window']>

/** PS3.3 C.11.2.1.2: a width of LINEAR is at least 1, of the others more than 0. */
export function checkedWindow(
  {
    center,
    width,
    function: shape,
  }: { center: number | undefined; width: number | undefined; function: Window['function'] },
  parameter: string,
): Window {
  if (center === undefined || width === undefined) throw invalid(`The center and the width of ${parameter} are numbers`)
  if (shape === 'LINEAR' ? width < 1 : width <= 0) {
    throw invalid(`The width of ${parameter} is at least 1, or with linear-exact and sigmoid more than 0`)
  }
  return { center, width, function: shape }
}

const SYNTAX =
  'viewport is <width>,<height> of the image, both from 1 to 65535, and may have ,<left>,<top>,<width>,<height> of a region of the frame'

/** A value that is left out between commas has its default. */
function viewportIn(text: string | null): Pick<WantedRendering, 'viewport' | 'region'> {
  if (text === null) return { viewport: undefined, region: undefined }
  const [columns, rows, ...source] = text.split(',')
  const viewport = { columns: sideIn(columns), rows: sideIn(rows), enlarges: true }
  if (source.length === 0) return { viewport, region: undefined }
  if (source.length > 4) throw invalid(SYNTAX)
  const [left = 0, top = 0, width, height] = source.map(sourceNumber)
  if (left < 0 || top < 0 || width === 0 || height === 0) throw invalid(SYNTAX)
  return { viewport, region: { unit: 'pixel', left, top, width, height } }
}

export function sideIn(text: string | undefined, message = SYNTAX): number {
  const side = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0
  if (side < 1 || side > 65_535) throw invalid(message)
  return side
}

function sourceNumber(text: string): number | undefined {
  if (text === '') return undefined
  return numberIn(text) ?? thrown()
}

function thrown(): never {
  throw invalid(SYNTAX)
}

const invalid = (message: string) => new ContractError('ValidationException', message)
