/** What a list of the series of a study leaves out. */
import { formatNumber } from '../format/size.ts'
import type { SeriesOfStudy } from './fetch-studies.ts'

/** Empty if the list is complete. */
export function omittedOf({ series, seriesTotal, imageSetCount, imageSetTotal }: SeriesOfStudy): string {
  if (series.length < seriesTotal) {
    return `${formatNumber(series.length)} of ${formatNumber(seriesTotal)} series are listed.`
  }
  if (imageSetCount < imageSetTotal) {
    return `${formatNumber(imageSetCount)} of ${formatNumber(imageSetTotal)} image sets are listed.`
  }
  return ''
}
