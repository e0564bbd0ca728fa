/**
 * The four searches that AWS documents with examples in every language ("Searching image sets"), over 1,102 image sets: what each client
 * must find, in which order.
 */
import { before } from 'node:test'
import { movableClock } from './clock.ts'
import { activeDatastore } from './datastores.ts'
import { instance } from './fixtures.ts'
import { openHilum, type TestServer } from './hilum.ts'
import { importFiles } from './import.ts'

/** Criteria as in a JSON file of the AWS CLI: times in ISO 8601. */
export interface UseCase {
  readonly name: string
  readonly searchCriteria: {
    readonly filters: readonly { readonly operator: string; readonly values: readonly Record<string, unknown>[] }[]
    readonly sort?: { readonly sortField: string; readonly sortOrder: string }
  }
  /** Patients of the matching image sets, in order. */
  readonly patients: readonly string[]
}

const SERIES = '2.25.1000.7'

export const USE_CASES: readonly UseCase[] = [
  {
    name: 'EQUAL on a patient',
    searchCriteria: { filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: 'SUBJECT08701' }] }] },
    patients: ['SUBJECT08701'],
  },
  {
    name: 'BETWEEN on study date and time',
    searchCriteria: {
      filters: [
        {
          operator: 'BETWEEN',
          values: [
            { DICOMStudyDateAndTime: { DICOMStudyDate: '19990101', DICOMStudyTime: '000000' } },
            { DICOMStudyDateAndTime: { DICOMStudyDate: '20000101', DICOMStudyTime: '235959.000000' } },
          ],
        },
      ],
      sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'ASC' },
    },
    patients: ['SUBJECT08701', 'SUBJECT08702'],
  },
  {
    name: 'BETWEEN on createdAt',
    searchCriteria: {
      filters: [
        {
          operator: 'BETWEEN',
          values: [{ createdAt: '2026-01-02T00:00:00.000Z' }, { createdAt: '2026-01-02T06:00:00.000-07:00' }],
        },
      ],
    },
    patients: ['VARIANT-1', 'SUBJECT08702', 'SUBJECT08701'],
  },
  {
    name: 'EQUAL on a series and BETWEEN on updatedAt, sorted by updatedAt ascending',
    searchCriteria: {
      filters: [
        { operator: 'BETWEEN', values: [{ updatedAt: '2026-01-01T00:00:00Z' }, { updatedAt: '2026-12-31T23:00:00Z' }] },
        { operator: 'EQUAL', values: [{ DICOMSeriesInstanceUID: SERIES }] },
      ],
      sort: { sortField: 'updatedAt', sortOrder: 'ASC' },
    },
    patients: ['SUBJECT08701', 'VARIANT-1', 'VARIANT-2'],
  },
]

export interface UseCaseServer extends TestServer {
  readonly datastoreId: string
  /** Ids of all image sets, sorted; set before the first test. */
  readonly imageSetIds: readonly string[]
}

/** A server with the image sets of the use cases and 1,098 others, imported before the first test of the file. */
export async function openUseCaseServer(): Promise<UseCaseServer> {
  const clock = movableClock('2026-01-01T00:00:00Z')
  const server = await openHilum(clock.options)
  const datastoreId = await activeDatastore(server.sdk)
  const imageSetIds: string[] = []
  const load = async (moment: string, files: Record<string, Uint8Array>) => {
    clock.set(moment)
    const { manifest } = await importFiles(server, { datastoreId, files })
    imageSetIds.push(...manifest.imageSetsSummary.map(({ imageSetId }) => imageSetId))
    imageSetIds.sort()
  }
  before(async () => {
    const others: Record<string, Uint8Array> = {}
    for (let n = 0; n < 1_098; n++) {
      others[`${n}.dcm`] = instance({
        StudyInstanceUID: `2.25.${2_000 + n}`,
        PatientID: `OTHER${n}`,
        StudyDate: '20200101',
      })
    }
    await load('2026-01-01T12:00:00.250Z', others)
    const series = {
      StudyInstanceUID: '2.25.1000',
      SeriesInstanceUID: SERIES,
      StudyDate: '19991122',
      StudyTime: '140728',
    }
    await load('2026-01-02T01:00:00Z', { 'a.dcm': instance({ ...series, PatientID: 'SUBJECT08701' }) })
    await load('2026-01-02T12:00:00Z', {
      'b.dcm': instance({
        StudyInstanceUID: '2.25.1001',
        PatientID: 'SUBJECT08702',
        StudyDate: '20000101',
        StudyTime: '120000',
      }),
    })
    await load('2026-01-02T13:00:00Z', { 'c.dcm': instance({ ...series, PatientID: 'VARIANT-1', StudyDate: null }) })
    await load('2026-01-03T00:00:00Z', { 'd.dcm': instance({ ...series, PatientID: 'VARIANT-2', StudyDate: null }) })
  })
  return { ...server, datastoreId, imageSetIds }
}

/** What the client programs print: one line per image set, with its id and its patient. */
export function linesOf(output: string): { readonly imageSetId: string; readonly patient: string }[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [imageSetId = '', patient = ''] = line.split('\t')
      return { imageSetId, patient }
    })
}
