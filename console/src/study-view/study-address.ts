/**
 * What a study view shows, in the fragment of its URL: the layout, and for each pane the series, the image and how it is shown. It has UIDs,
 * numbers and words of its own, and no value that names the patient. For example
 * `layout=1x2&pane=1.2.3,12,40,400,turn1,zoom2:0:-10&pane=1.2.4,1`.
 */
import { SCALE_MAX, SCALE_MIN, type ViewPlace } from '../viewer/geometry/geometry.ts'
import { type Orientation, turned, UPRIGHT } from '../viewer/geometry/orientation.ts'
import type { Window } from '../viewer/pixels/voi-lut.ts'

/** Rows x columns. */
export const LAYOUTS = ['1x1', '1x2', '2x2'] as const
export type Layout = (typeof LAYOUTS)[number]

export const PANES: Readonly<Record<Layout, number>> = { '1x1': 1, '1x2': 2, '2x2': 4 }

export interface PaneAddress extends PaneDisplay {
  readonly series: string
  /** Of the series, if it is not the study of the page. */
  readonly study?: string | undefined
}

/** Undefined members are the default of the image. */
export interface PaneDisplay {
  /** From 1. */
  readonly image?: number | undefined
  readonly window?: Window | undefined
  /** Instead of a window: the full range, or the number of a VOI LUT of the image, from 0. */
  readonly preset?: 'full' | number | undefined
  readonly orientation?: Orientation | undefined
  readonly isInverted?: boolean | undefined
  readonly place?: ViewPlace | undefined
}

export interface StudyAddress {
  readonly layout: Layout
  /** An undefined pane is empty. */
  readonly panes: readonly (PaneAddress | undefined)[]
}

const UID = /^[0-9.]{1,64}$/

export function studyAddressOf(fragment: string): StudyAddress {
  const parameters = new URLSearchParams(fragment)
  const layout = LAYOUTS.find((each) => each === parameters.get('layout')) ?? '1x1'
  return { layout, panes: parameters.getAll('pane').slice(0, PANES[layout]).map(paneOf) }
}

/** Parts that are not valid are left out. */
function paneOf(text: string): PaneAddress | undefined {
  const [uids = '', ...parts] = text.split(',')
  const [series = '', study = ''] = uids.split('@')
  if (!UID.test(series)) return undefined
  const firstWord = parts.findIndex((part) => /^[a-z]/.test(part))
  const numbers = firstWord < 0 ? parts : parts.slice(0, firstWord)
  const [image = '', center = '', width = ''] = numbers
  const window = { center: Number(center), width: Number(width) }
  return {
    series,
    ...(UID.test(study) && { study }),
    ...(/^[1-9]\d{0,8}$/.test(image) && { image: Number(image) }),
    ...(center !== '' && Number.isFinite(window.center) && window.width > 0 && { window }),
    ...wordsOf(parts.slice(numbers.length)),
  }
}

function wordsOf(words: readonly string[]): PaneDisplay {
  const numberOf = (pattern: RegExp): number | undefined => {
    const found = words.map((word) => pattern.exec(word)?.[1]).find((digits) => digits !== undefined)
    return found === undefined ? undefined : Number(found)
  }
  const preset = words.includes('full') ? 'full' : numberOf(/^table(\d{1,3})$/)
  const orientation = turned({ ...UPRIGHT, isFlipped: words.includes('flip') }, numberOf(/^turn([1-3])$/) ?? 0)
  const place = words.map(placeOf).find((each) => each !== undefined)
  return {
    ...(preset !== undefined && { preset }),
    ...((orientation.isFlipped || orientation.quarterTurns > 0) && { orientation }),
    ...(words.includes('invert') && { isInverted: true }),
    ...(place !== undefined && { place }),
  }
}

function placeOf(word: string): ViewPlace | undefined {
  const [, scaleText, x, y] = /^zoom(actual|[\d.]{1,12}):(-?[\d.]{1,12}):(-?[\d.]{1,12})$/.exec(word) ?? []
  if (scaleText === undefined) return undefined
  const scale = scaleText === 'actual' ? scaleText : Number(scaleText)
  const isValid = [Number(x), Number(y)].every(Number.isFinite)
  if (!isValid || (scale !== 'actual' && !(scale >= SCALE_MIN && scale <= SCALE_MAX))) return undefined
  return { scale, x: Number(x), y: Number(y) }
}

export function studyFragment({ layout, panes }: StudyAddress): string {
  const parts = panes.map((pane) => `pane=${pane === undefined ? '' : paneText(pane)}`)
  while (parts.at(-1) === 'pane=') parts.pop()
  return [...(layout === '1x1' ? [] : [`layout=${layout}`]), ...parts].join('&')
}

function paneText(pane: PaneAddress): string {
  const { series, study, image = 1, window, preset, orientation = UPRIGHT, isInverted = false, place } = pane
  const { quarterTurns, isFlipped } = orientation
  return [
    ...[study === undefined ? series : `${series}@${study}`, image],
    ...(window === undefined ? [] : [round(window.center), round(window.width)]),
    ...(preset === undefined ? [] : [preset === 'full' ? 'full' : `table${preset}`]),
    ...(isFlipped ? ['flip'] : []),
    ...(quarterTurns === 0 ? [] : [`turn${quarterTurns}`]),
    ...(isInverted ? ['invert'] : []),
    ...(place === undefined ? [] : [`zoom${[place.scale, place.x, place.y].map(placeText).join(':')}`]),
  ].join(',')
}

/** Without an exponent. */
const placeText = (value: number | 'actual'): string => (value === 'actual' ? value : String(Number(value.toFixed(4))))

const round = (value: number): number => Number(value.toPrecision(6))
