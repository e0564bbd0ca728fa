/** What the study view offers for download. */
import type { DownloadChoice } from '../download/DownloadMenu.tsx'
import type { Series } from '../studies/fetch-studies.ts'
import { imageSetOf } from './image-set-of.ts'
import type { PaneAddress } from './study-address.ts'

/** The study, and the series of the active pane. */
export function downloadsOf(
  study: string,
  pane: PaneAddress | undefined,
  series: Series | undefined,
): DownloadChoice[] {
  const whole: DownloadChoice = { name: 'Study', items: [{ studyInstanceUID: study }] }
  if (pane === undefined || series === undefined) return [whole]
  const { imageSetId = '', isPrimary } = imageSetOf(series) ?? {}
  const named = isPrimary === false ? { imageSetId } : { seriesInstanceUID: series.seriesInstanceUID }
  const name = ['Series', series.number, series.description].filter(Boolean).join(' ')
  return [whole, { name, items: [{ studyInstanceUID: pane.study ?? study, ...named }] }]
}
