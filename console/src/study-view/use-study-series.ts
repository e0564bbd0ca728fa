/** The series of the studies in a view, and the other studies of the patient. */
import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { useApi } from '../api.ts'
import { fetchSeries, fetchStudies, type Series, type Study } from '../studies/fetch-studies.ts'
import { omittedOf } from '../studies/omitted-series.ts'

/** Of one patient: the newest. */
const OTHER_STUDIES_MAX = 100

export interface StudySeries {
  readonly study: string
  /** Undefined while it is loading. */
  readonly series: readonly Series[] | undefined
  readonly error: Error | null
  /** What is not listed, for people. Empty if all series are. */
  readonly omitted: string
  /** Lists the next page too. */
  listMore(): Promise<void>
  retry(): void
}

export function useStudySeries(datastoreId: string, studies: readonly string[]): readonly StudySeries[] {
  const api = useApi()
  const queries = useQueryClient()
  /** By study. */
  const pages = useRef(new Map<string, number>())
  return useQueries({
    queries: studies.map((study) => ({
      queryKey: ['study-series', datastoreId, study],
      queryFn: () => fetchSeries(api, { datastoreId, study, pages: pages.current.get(study) ?? 1 }),
    })),
    combine: (results) =>
      results.map(({ data, error, refetch }, index) => ({
        ...{ study: studies[index]!, series: data?.series, error, omitted: data ? omittedOf(data) : '' },
        async listMore() {
          const study = studies[index]!
          pages.current.set(study, (pages.current.get(study) ?? 1) + 1)
          await queries.refetchQueries({ queryKey: ['study-series', datastoreId, study] })
        },
        retry: () => void refetch(),
      })),
  })
}

/** Newest first. */
export function useOtherStudies(datastoreId: string, { study, series }: StudySeries) {
  const api = useApi()
  const patientID = series?.[0]?.imageSets[0]?.DICOMTags?.DICOMPatientId ?? ''
  return useQuery({
    queryKey: ['studies-of-patient', datastoreId, patientID],
    queryFn: async ({ signal }) => {
      const query = { PatientID: patientID, orderby: '-StudyDate', limit: String(OTHER_STUDIES_MAX) }
      return (await fetchStudies(api, { datastoreId, query, signal })).studies
    },
    enabled: patientID !== '',
    // An ID may have characters that match others, such as *.
    select: (found: readonly Study[]) =>
      found.filter((each) => each.studyInstanceUID !== study && each.patientID === patientID),
  })
}
