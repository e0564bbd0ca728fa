/**
 * What a study view shows, in the fragment of its URL: the layout, and for each pane the series, image and window. It has UIDs and numbers
 * and no value that names the patient. For example `layout=1x2&pane=1.2.3,12,40,400&pane=1.2.4,1`.
 */
import type { Window } from '../viewer/pixels/voi-lut.ts'

/** Rows x columns. */
export const LAYOUTS = ['1x1', '1x2', '2x2'] as const
export type Layout = (typeof LAYOUTS)[number]

export const PANES: Readonly<Record<Layout, number>> = { '1x1': 1, '1x2': 2, '2x2': 4 }

export interface PaneAddress {
  readonly series: string
  /** Of the series, if it is not the study of the page. */
  readonly study?: string | undefined
  /** From 1. */
  readonly image?: number | undefined
  /** Undefined for the default of the image. */
  readonly window?: Window | undefined
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
  const [uids = '', image = '', center = '', width = ''] = text.split(',')
  const [series = '', study = ''] = uids.split('@')
  if (!UID.test(series)) return undefined
  const window = { center: Number(center), width: Number(width) }
  return {
    series,
    ...(UID.test(study) && { study }),
    ...(/^[1-9]\d{0,8}$/.test(image) && { image: Number(image) }),
    ...(center !== '' && Number.isFinite(window.center) && window.width > 0 && { window }),
  }
}

export function studyFragment({ layout, panes }: StudyAddress): string {
  const parts = panes.map((pane) => `pane=${pane === undefined ? '' : paneText(pane)}`)
  while (parts.at(-1) === 'pane=') parts.pop()
  return [...(layout === '1x1' ? [] : [`layout=${layout}`]), ...parts].join('&')
}

function paneText({ series, study, image = 1, window }: PaneAddress): string {
  const uids = study === undefined ? series : `${series}@${study}`
  return [uids, image, ...(window === undefined ? [] : [round(window.center), round(window.width)])].join(',')
}

const round = (value: number): number => Number(value.toPrecision(6))
