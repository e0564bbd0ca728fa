/** What a selection consists of: read from the rows of image sets before anything is done with them, so that a dialog can name it. */
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import { formatPersonName } from '../format/dicom.ts'

/** More are not changed at once: their ids are in memory, and the dialog reads all of them first. */
export const IMAGE_SETS_MAX = 10_000
/** Each takes a search for its image sets. */
export const STUDIES_MAX = 1_000

/** Rows page by page, as a search finds them. */
export type Pages<Row> = AsyncIterable<readonly Row[]>

/** Selected image sets, or those of selected studies. */
export interface ChosenImageSets {
  /** Image sets or studies. */
  readonly what: 'image set' | 'study'
  readonly count: number
  read(signal: AbortSignal): Pages<ImageSetsMetadataSummary>
}

export interface Contents {
  readonly imageSetIds: readonly string[]
  /** By Patient ID and name. */
  readonly patients: readonly string[]
  readonly studyUIDs: readonly string[]
  readonly seriesCount: number
  readonly instanceCount: number
  /** Image sets that are not primary. */
  readonly otherCount: number
}

export class TooMany extends Error {
  override readonly name = 'TooMany'
}

/** @throws TooMany */
export async function readContents(
  pages: Pages<ImageSetsMetadataSummary>,
  onRead: (count: number) => void = () => {},
): Promise<Contents> {
  const ids = new Set<string>()
  const patients = new Map<string, string>()
  const studies = new Set<string>()
  const series = new Set<string>()
  let instanceCount = 0
  let otherCount = 0
  for await (const rows of pages) {
    for (const { imageSetId = '', isPrimary, DICOMTags: tags = {} } of rows) {
      if (ids.has(imageSetId)) continue
      ids.add(imageSetId)
      if (isPrimary === false) otherCount += 1
      const name = formatPersonName(tags.DICOMPatientName ?? '') || 'No name'
      patients.set(
        `${tags.DICOMPatientId ?? ''}\n${name}`,
        tags.DICOMPatientId ? `${name} (${tags.DICOMPatientId})` : name,
      )
      studies.add(tags.DICOMStudyInstanceUID ?? '')
      series.add(`${tags.DICOMStudyInstanceUID} ${tags.DICOMSeriesInstanceUID}`)
      instanceCount += tags.DICOMNumberOfStudyRelatedInstances ?? 0
    }
    if (ids.size > IMAGE_SETS_MAX) {
      const most = IMAGE_SETS_MAX.toLocaleString()
      throw new TooMany(`These are more than ${most} image sets, the most that can be changed at once. Select fewer.`)
    }
    onRead(ids.size)
  }
  return {
    imageSetIds: [...ids],
    patients: [...patients.values()].toSorted((a, b) => a.localeCompare(b)),
    studyUIDs: [...studies],
    seriesCount: series.size,
    ...{ instanceCount, otherCount },
  }
}

export async function* onePage<Row>(rows: readonly Row[]): Pages<Row> {
  yield rows
}
