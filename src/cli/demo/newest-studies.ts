/** Searches for the newest studies through the official SDK. */
import {
  type ImageSetsMetadataSummary,
  type MedicalImagingClient,
  SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'

const DAYS = 7

export interface StudySearch {
  /** The age of the studies, at most; undefined if there are none in the last days, and all were searched. */
  readonly days: number | undefined
  /** The time of the call in this process. */
  readonly milliseconds: number
  readonly studies: readonly FoundStudy[]
}

/** DICOM values of the image sets, unformatted. */
export interface FoundStudy {
  readonly date: string
  readonly time: string
  readonly modality: string
  readonly patient: string
  readonly description: string
}

/** `today` is YYYYMMDD; `clock` counts milliseconds. */
export async function newestStudies(
  client: MedicalImagingClient,
  { datastoreId, today, clock }: { datastoreId: string; today: string; clock: () => number },
): Promise<StudySearch> {
  const search = async (days: number | undefined): Promise<StudySearch> => {
    const from = days === undefined ? '19000101' : daysBefore(today, days)
    const startedAt = clock()
    const { imageSetsMetadataSummaries } = await client.send(
      new SearchImageSetsCommand({
        datastoreId,
        searchCriteria: {
          filters: [
            {
              operator: 'BETWEEN',
              values: [
                { DICOMStudyDateAndTime: { DICOMStudyDate: from } },
                { DICOMStudyDateAndTime: { DICOMStudyDate: today, DICOMStudyTime: '235959' } },
              ],
            },
          ],
          sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
        },
        maxResults: 50,
      }),
    )
    return { days, milliseconds: clock() - startedAt, studies: studiesOf(imageSetsMetadataSummaries ?? []) }
  }
  const recent = await search(DAYS)
  return recent.studies.length > 0 ? recent : search(undefined)
}

function studiesOf(imageSets: readonly ImageSetsMetadataSummary[]): FoundStudy[] {
  const studies = new Map<string, FoundStudy>()
  for (const { imageSetId, DICOMTags: tags = {} } of imageSets) {
    const key = tags.DICOMStudyInstanceUID ?? imageSetId!
    if (studies.has(key)) continue
    studies.set(key, {
      date: tags.DICOMStudyDate ?? '',
      time: tags.DICOMStudyTime ?? '',
      modality: tags.DICOMSeriesModality ?? '',
      patient: tags.DICOMPatientName ?? '',
      description: tags.DICOMStudyDescription ?? '',
    })
  }
  return [...studies.values()]
}

function daysBefore(today: string, days: number): string {
  const at = Date.UTC(Number(today.slice(0, 4)), Number(today.slice(4, 6)) - 1, Number(today.slice(6, 8)) - days)
  return new Date(at).toISOString().slice(0, 10).replaceAll('-', '')
}
