/** SearchDICOMStudies and SearchDICOMSeries, and the image sets of a study. */
import { type ImageSetsMetadataSummary, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { type Api, responseHeader, withHeaders } from '../api.ts'
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

export interface SeriesOfStudy {
  readonly series: readonly Series[]
  /** Of the study, listed or not. */
  readonly seriesTotal: number
  readonly imageSetCount: number
  readonly imageSetTotal: number
}

/** Of one study, for each page. */
const SERIES_PER_PAGE = 250
const IMAGE_SETS_PER_PAGE = 1_000

/**
 * QIDO-RS has what a series is, and SearchImageSets where it is, image sets that are not primary included.
 * @param pages how many pages of both are listed
 */
export async function fetchSeries(
  api: Api,
  { datastoreId, study, pages = 1 }: { readonly datastoreId: string; readonly study: string; readonly pages?: number },
): Promise<SeriesOfStudy> {
  const [found, imageSets] = await Promise.all([
    findSeries(api, { datastoreId, study, limit: pages * SERIES_PER_PAGE }),
    findImageSets(api, { datastoreId, study, limit: pages * IMAGE_SETS_PER_PAGE }),
  ])
  const series = new Map(found.series.map((each) => [each.seriesInstanceUID, each]))
  const isWhole = found.series.length === found.total
  for (const imageSet of imageSets.found) {
    const uid = imageSet.DICOMTags?.DICOMSeriesInstanceUID ?? ''
    const known = series.get(uid) ?? (isWhole ? seriesOfImageSet(imageSet) : undefined)
    if (known !== undefined) series.set(uid, { ...known, imageSets: [...known.imageSets, imageSet] })
  }
  // A series whose image sets are not listed yet, or were deleted just now, has nothing to show.
  const listed = [...series.values()].filter((each) => each.imageSets.length > 0)
  return {
    series: listed,
    seriesTotal: Math.max(found.total, listed.length),
    imageSetCount: imageSets.found.length,
    imageSetTotal: Math.max(imageSets.total, imageSets.found.length),
  }
}

interface Listing {
  readonly datastoreId: string
  readonly study: string
  readonly limit: number
}

async function findSeries(api: Api, { datastoreId, study, limit }: Listing) {
  const query = { orderby: 'SeriesNumber', limit: String(limit) }
  const response = await api.dicomweb(datastoreId, { method: 'GET', path: ['studies', study, 'series'], query })
  const series = ((await response.json()) as DicomObject[]).map(
    (each): Series => ({
      seriesInstanceUID: textOf(each, '0020000E'),
      modality: textOf(each, '00080060'),
      number: textOf(each, '00200011'),
      description: textOf(each, '0008103E'),
      instanceCount: Number(textOf(each, '00201209')),
      imageSets: [],
    }),
  )
  return { series, total: Number(response.headers.get('x-total-count') ?? series.length) }
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

async function findImageSets(api: Api, { datastoreId, study, limit }: Listing) {
  const found: ImageSetsMetadataSummary[] = []
  let total = 0
  const searchCriteria = {
    filters: [{ operator: 'EQUAL' as const, values: [{ DICOMStudyInstanceUID: study }] }],
    sort: { sortField: 'createdAt' as const, sortOrder: 'ASC' as const },
  }
  let nextToken: string | undefined
  do {
    const command = new SearchImageSetsCommand({ datastoreId, searchCriteria, maxResults: 50, nextToken })
    const output = await api.client.send(withHeaders(command, { 'x-hilum-count': 'exact' }))
    if (nextToken === undefined) total = Number(responseHeader(output, 'x-hilum-total-count') ?? 0)
    found.push(...(output.imageSetsMetadataSummaries ?? []))
    nextToken = output.nextToken
  } while (nextToken !== undefined && found.length < limit)
  return { found, total }
}
