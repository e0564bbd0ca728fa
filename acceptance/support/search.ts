/** Searches through the official paginator. */
import {
  type ImageSetsMetadataSummary,
  type MedicalImagingClient,
  paginateSearchImageSets,
  type SearchByAttributeValue,
  type SearchCriteria,
  SearchImageSetsCommand,
  type SearchImageSetsCommandInput,
  type Sort,
} from '@aws-sdk/client-medical-imaging'

export interface WholeSearch {
  readonly datastoreId: string
  readonly searchCriteria?: SearchCriteria
  /** Image sets per page, at most 50. */
  readonly pageSize?: number
}

/** Every matching image set, over all pages, in order. */
export async function search(sdk: MedicalImagingClient, whole: WholeSearch): Promise<ImageSetsMetadataSummary[]> {
  const { datastoreId, searchCriteria, pageSize } = whole
  const found: ImageSetsMetadataSummary[] = []
  const pages = paginateSearchImageSets(
    { client: sdk, ...(pageSize === undefined ? {} : { pageSize }) },
    { datastoreId, searchCriteria },
  )
  for await (const page of pages) found.push(...(page.imageSetsMetadataSummaries ?? []))
  return found
}

/** One page, with Hilum's request headers. @returns Hilum's response headers with the page */
export async function searchWithHeaders(
  sdk: MedicalImagingClient,
  input: SearchImageSetsCommandInput,
  headers: Readonly<Record<string, string>>,
) {
  const command = new SearchImageSetsCommand(input)
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
      return next(args)
    },
    { step: 'build' },
  )
  let answered: Readonly<Record<string, string>> = {}
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      answered = (result.response as { headers: Record<string, string> }).headers
      return result
    },
    { step: 'deserialize' },
  )
  const page = await sdk.send(command)
  return { page, total: answered['x-hilum-total-count'], explanation: answered['x-hilum-explain'] }
}

/** The patient ids of a result, in order: tests give each image set its own patient. */
export const patientsOf = (found: readonly ImageSetsMetadataSummary[]): (string | undefined)[] =>
  found.map((summary) => summary.DICOMTags?.DICOMPatientId)

export const equal = (value: SearchByAttributeValue): SearchCriteria => ({
  filters: [{ operator: 'EQUAL', values: [value] }],
})

export const between = (lower: SearchByAttributeValue, upper: SearchByAttributeValue): SearchCriteria => ({
  filters: [{ operator: 'BETWEEN', values: [lower, upper] }],
})

/** A bound for study date and time, as `20240131` or `20240131 101500`. */
export function studyMoment(moment: string): SearchByAttributeValue {
  const [DICOMStudyDate, DICOMStudyTime] = moment.split(' ')
  return { DICOMStudyDateAndTime: { DICOMStudyDate: DICOMStudyDate!, ...(DICOMStudyTime && { DICOMStudyTime }) } }
}

export const sortedBy = (sortField: Sort['sortField'], sortOrder: Sort['sortOrder']): SearchCriteria => ({
  sort: { sortField, sortOrder },
})
