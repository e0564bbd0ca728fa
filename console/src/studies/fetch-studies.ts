/** SearchDICOMStudies and SearchDICOMSeries, and the image sets of a study. */
import { type ImageSetsMetadataSummary, paginateSearchImageSets } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'
import { type DicomObject, nameOf, textOf, textsOf } from './dicom-json.ts'

export interface Study {
  readonly studyInstanceUID: string
  /** Groups of PN. */
  readonly patientName: string
  readonly patientID: string
  readonly patientBirthDate: string
  readonly studyDate: string
  readonly studyTime: string
  readonly modalities: readonly string[]
  readonly description: string
  readonly seriesCount: number
  readonly instanceCount: number
  readonly accessionNumber: string
}

export interface StudyPage {
  readonly studies: readonly Study[]
  readonly total: number
  /** For the parameters of the next page. */
  readonly nextToken: string | undefined
  readonly durationMs: number
}

export async function fetchStudies(
  api: Api,
  { datastoreId, query, signal }: { datastoreId: string; query: Record<string, string>; signal?: AbortSignal },
): Promise<StudyPage> {
  const startedAt = performance.now()
  const response = await api.dicomweb(datastoreId, { method: 'GET', path: ['studies'], query, signal })
  const studies = ((await response.json()) as DicomObject[]).map(studyOf)
  return {
    studies,
    total: Number(response.headers.get('x-total-count') ?? studies.length),
    nextToken: nextTokenOf(response.headers.get('link')),
    durationMs: performance.now() - startedAt,
  }
}

/** RFC 8288. The URL is that of the same search: only its token is new. */
function nextTokenOf(link: string | null): string | undefined {
  const url = /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? '')?.[1]
  return url === undefined ? undefined : (new URL(url, window.location.href).searchParams.get('nextToken') ?? undefined)
}

const studyOf = (found: DicomObject): Study => ({
  studyInstanceUID: textOf(found, '0020000D'),
  patientName: nameOf(found, '00100010'),
  patientID: textOf(found, '00100020'),
  patientBirthDate: textOf(found, '00100030'),
  studyDate: textOf(found, '00080020'),
  studyTime: textOf(found, '00080030'),
  modalities: textsOf(found, '00080061'),
  description: textOf(found, '00081030'),
  seriesCount: Number(textOf(found, '00201206')),
  instanceCount: Number(textOf(found, '00201208')),
  accessionNumber: textOf(found, '00080050'),
})

export interface Series {
  readonly seriesInstanceUID: string
  readonly modality: string
  readonly number: string
  readonly description: string
  readonly instanceCount: number | undefined
  /** Those that hold its instances: usually one, which is primary. */
  readonly imageSets: readonly ImageSetsMetadataSummary[]
}

/** Of one study: more are not shown. */
export const SERIES_MAX = 1_000
const IMAGE_SETS_MAX = 2_000

/** QIDO-RS has what a series is, and SearchImageSets where it is, image sets that are not primary included. */
export async function fetchSeries(api: Api, datastoreId: string, study: string): Promise<readonly Series[]> {
  const [found, imageSets] = await Promise.all([
    findSeries(api, datastoreId, study),
    findImageSets(api, datastoreId, study),
  ])
  const series = new Map(found.map((each) => [each.seriesInstanceUID, each]))
  for (const imageSet of imageSets) {
    const uid = imageSet.DICOMTags?.DICOMSeriesInstanceUID ?? ''
    const known = series.get(uid) ?? seriesOfImageSet(imageSet)
    series.set(uid, { ...known, imageSets: [...known.imageSets, imageSet] })
  }
  return [...series.values()]
}

async function findSeries(api: Api, datastoreId: string, study: string): Promise<readonly Series[]> {
  const query = { orderby: 'SeriesNumber', limit: String(SERIES_MAX) }
  const response = await api.dicomweb(datastoreId, { method: 'GET', path: ['studies', study, 'series'], query })
  return ((await response.json()) as DicomObject[]).map((each) => ({
    seriesInstanceUID: textOf(each, '0020000E'),
    modality: textOf(each, '00080060'),
    number: textOf(each, '00200011'),
    description: textOf(each, '0008103E'),
    instanceCount: Number(textOf(each, '00201209')),
    imageSets: [],
  }))
}

/** Only image sets that are not primary have the series. */
const seriesOfImageSet = ({ DICOMTags: tags = {} }: ImageSetsMetadataSummary): Series => ({
  seriesInstanceUID: tags.DICOMSeriesInstanceUID ?? '',
  modality: tags.DICOMSeriesModality ?? '',
  number: tags.DICOMSeriesNumber?.toString() ?? '',
  description: '',
  instanceCount: undefined,
  imageSets: [],
})

async function findImageSets(api: Api, datastoreId: string, study: string): Promise<ImageSetsMetadataSummary[]> {
  const found: ImageSetsMetadataSummary[] = []
  const searchCriteria = {
    filters: [{ operator: 'EQUAL' as const, values: [{ DICOMStudyInstanceUID: study }] }],
    sort: { sortField: 'createdAt' as const, sortOrder: 'ASC' as const },
  }
  const pages = paginateSearchImageSets({ client: api.client, pageSize: 50 }, { datastoreId, searchCriteria })
  for await (const { imageSetsMetadataSummaries = [] } of pages) {
    found.push(...imageSetsMetadataSummaries)
    if (found.length >= IMAGE_SETS_MAX) break
  }
  return found
}
