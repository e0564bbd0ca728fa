/**
 * Signed searches at concurrency 8 against Hilum, beside a bare node:http server that sends the very same bytes; and the time of
 * searches while an import runs beside the time when nothing else does.
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startBareServer } from './bare-servers.ts'
import { startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, FILES, importAll } from './importing.ts'
import { answerTo, type LoadResult, runLoad } from './load.ts'
import { inTempFolder, median } from './processes.ts'
import { writeSampleFiles } from './sample-files.ts'
import { signedRequests } from './signed-requests.ts'

const CONNECTIONS = 8
const LOAD = { warmUpMs: 1_500, durationMs: 4_000 }
const TURNS = 9

export interface SearchRow {
  readonly name: string
  readonly hilum: LoadResult
  readonly bare: LoadResult
}

export interface SearchResult {
  readonly rows: readonly SearchRow[]
  /** One search at a time, medians of several rounds. */
  readonly idleP99Ms: number
  readonly duringImportP99Ms: number
}

const ROUNDS = 5

const medianP99 = (rounds: readonly LoadResult[]) => median(rounds.map(({ p99Ms }) => p99Ms))

const newestFirst = {}
const byPatient = (i: number) => ({ filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: `P${i % 500}` }] }] })
const bySeries = (i: number) => ({
  filters: [{ operator: 'EQUAL', values: [{ DICOMSeriesInstanceUID: `2.25.7.3.${(i * 7) % FILES}` }] }],
})
const byStudyDate = (i: number) => ({
  filters: [
    {
      operator: 'BETWEEN',
      values: [
        { DICOMStudyDateAndTime: { DICOMStudyDate: `2020${String(1 + (i % 12)).padStart(2, '0')}01` } },
        { DICOMStudyDateAndTime: { DICOMStudyDate: '20991231' } },
      ],
    },
  ],
  sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
})

export const BATTERIES: readonly { name: string; criteria: (i: number) => object }[] = [
  { name: 'newest first, page of 50', criteria: () => newestFirst },
  { name: 'EQUAL DICOMPatientId', criteria: byPatient },
  { name: 'EQUAL DICOMSeriesInstanceUID', criteria: bySeries },
  { name: 'BETWEEN DICOMStudyDateAndTime, page of 50', criteria: byStudyDate },
]

export const measureSearches = (): Promise<SearchResult> =>
  inTempFolder(async (folder) => {
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    await writeSampleFiles(join(folder, 'buckets/bench-input'), FILES)
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      await importAll(server, { datastoreId })
      const rows: SearchRow[] = []
      for (const { name, criteria } of BATTERIES) {
        rows.push({ name, ...(await besideBareServer({ ...LOAD, port: server.port, datastoreId, criteria })) })
      }
      const requests = await signedSearches({ port: server.port, datastoreId, criteria: byPatient })
      const single = { port: server.port, requests, connections: 1, warmUpMs: 200, durationMs: 1_000 }
      const idle: LoadResult[] = []
      const duringImport: LoadResult[] = []
      for (let round = 0; round < ROUNDS; round++) {
        idle.push(await runLoad(single))
        // Asked about seldom, since the client that asks shares its thread with the load.
        const importing = importAll(server, { datastoreId, pollMs: 500 })
        duringImport.push(await runLoad(single))
        await importing
      }
      return { rows, idleP99Ms: medianP99(idle), duringImportP99Ms: medianP99(duringImport) }
    } finally {
      await server.stop()
    }
  })

/**
 * Eight connections that send signed searches to Hilum, and the same to a bare server with an answer of Hilum's: in turns, and the
 * median of the rounds, so that whatever else the machine does is met by both.
 */
export async function besideBareServer(searches: {
  readonly port: number
  readonly datastoreId: string
  readonly criteria: (i: number) => object
  readonly warmUpMs: number
  readonly durationMs: number
}): Promise<{ readonly hilum: LoadResult; readonly bare: LoadResult }> {
  const { port, warmUpMs, durationMs } = searches
  const requests = await signedSearches(searches)
  const load = { requests, connections: CONNECTIONS, warmUpMs: warmUpMs / TURNS, durationMs: durationMs / TURNS }
  const bareServer = await startBareServer(await answerTo(port, requests[0]!))
  try {
    const hilum: LoadResult[] = []
    const bare: LoadResult[] = []
    for (let turn = 0; turn < TURNS; turn++) {
      hilum.push(await runLoad({ ...load, port }))
      bare.push(await runLoad({ ...load, port: bareServer.port }))
    }
    return { hilum: medianOf(hilum), bare: medianOf(bare) }
  } finally {
    await bareServer.stop()
  }
}

const medianOf = (turns: readonly LoadResult[]): LoadResult => ({
  ...turns[0]!,
  perSecond: median(turns.map(({ perSecond }) => perSecond)),
  p50Ms: median(turns.map(({ p50Ms }) => p50Ms)),
  p99Ms: medianP99(turns),
})

/** Whole requests of SearchImageSets. `query` is of the URL, as maxResults and nextToken are. */
export const signedSearches = ({
  criteria,
  datastoreId,
  ...from
}: {
  readonly port: number
  readonly datastoreId: string
  readonly criteria: (i: number) => object
  readonly query?: Readonly<Record<string, string>>
}): Promise<Buffer[]> =>
  signedRequests({
    ...from,
    path: `/datastore/${datastoreId}/searchImageSets`,
    bodies: Array.from({ length: 200 }, (_, i) => criteria(i)),
  })
