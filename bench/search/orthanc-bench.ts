/**
 * `npm run bench -- orthanc`: the searches of a worklist (the newest 50, one patient, a deep page) on Hilum and on Debian's Orthanc with the same
 * series, over HTTP. Hilum's requests are signed and its replies are complete summaries; Orthanc returns the same tags, without authentication.
 */
import { join } from 'node:path'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { type BenchServer, startHilumServer } from '../hilum-server.ts'
import { type LoadResult, runLoad } from '../load.ts'
import { optionsOf } from '../options.ts'
import { isOrthancInstalled, startOrthanc } from '../orthanc-server.ts'
import { projectFolder } from '../processes.ts'
import { signedSearches } from '../searching.ts'
import { openStores } from './build-store.ts'
import { DATASTORE_ID, type Progress } from './built-store.ts'
import { type DataSet, dataSetOf } from './data-set.ts'
import { rounded } from './measure.ts'
import { orthancStore } from './orthanc-store.ts'
import { progressBar } from './progress-bar.ts'

const USAGE = `npm run bench -- orthanc [--rows N] [--seconds S] [--json]
  --rows N      series in both (default 50000); Orthanc imports about 600 a second, once
  --seconds S   for each search and number of clients (default 3)
  --json        one object on stdout`

const PAGE = 50
/** The position of the deep page in the result. */
const DEPTH = 0.9
const CLIENTS = 8

const QUESTIONS = ['newest 50', 'one patient', 'deep page'] as const
type Question = (typeof QUESTIONS)[number]
type Requests = Readonly<Record<Question, readonly Buffer[]>>

interface Answered {
  /** With one client, one request at a time. */
  readonly p50_ms: number
  readonly p99_ms: number
  /** With eight clients. */
  readonly per_s: number
}

export async function orthancBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { rows: '50000', seconds: '3' })
  const rows = Number(options?.rows)
  const durationMs = Number(options?.seconds) * 1000
  if (options === undefined || !Number.isInteger(rows) || rows < 1_000 || !(durationMs > 0)) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  if (!isOrthancInstalled()) {
    process.stderr.write('Orthanc is not installed (Debian: apt-get install orthanc).\n')
    return 1
  }
  const progress = progressBar(process.stderr)
  const dataSet = dataSetOf(rows)
  const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
  const hilum = await askHilum({ dataSet, cacheFolder, durationMs, progress })
  const orthanc = await askOrthanc({ dataSet, cacheFolder, durationMs, progress })
  const result = { rows, hilum, orthanc }
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : table(result))
  return 0
}

interface Asked {
  readonly dataSet: DataSet
  readonly cacheFolder: string
  readonly durationMs: number
  readonly progress: Progress
}

async function askHilum({ dataSet, cacheFolder, durationMs, progress }: Asked) {
  const stores = await openStores({ engine: 'sqlite', cacheFolder })
  const store = await stores.store({ dataSet, progress })
  const server = await startHilumServer(store.dataFolder, { encryption: 'none' })
  try {
    progress('measuring Hilum', 0)
    const of = { port: server.port, datastoreId: DATASTORE_ID }
    const nextToken = await tokenOfDeepPage(server, dataSet.size)
    const patient = (i: number) => ({
      filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: patientOf(dataSet, i) }] }],
    })
    const requests = {
      'newest 50': await signedSearches({ ...of, criteria: () => ({}) }),
      'one patient': await signedSearches({ ...of, criteria: patient }),
      'deep page': await signedSearches({ ...of, criteria: () => ({}), query: { nextToken } }),
    }
    const answered = await ask({ port: server.port, requests, durationMs })
    progress('measuring Hilum', 1)
    return answered
  } finally {
    await server.stop()
  }
}

async function tokenOfDeepPage({ client }: BenchServer, size: number): Promise<string> {
  let nextToken: string | undefined
  for (let seen = 0; seen < size * DEPTH; seen += PAGE) {
    const page = await client.send(
      new SearchImageSetsCommand({ datastoreId: DATASTORE_ID, maxResults: PAGE, nextToken }),
    )
    nextToken = page.nextToken
  }
  if (nextToken === undefined) throw new Error('the result has no deep page')
  return nextToken
}

/** The tags of a summary that Orthanc stores with the patient and the study. */
const SUMMARY_TAGS = [
  ...['PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'StudyInstanceUID', 'StudyID'],
  ...['StudyDescription', 'AccessionNumber', 'StudyDate', 'StudyTime'],
]
const SERIES = { Level: 'Series', Limit: PAGE, ResponseContent: ['MainDicomTags', 'Metadata', 'RequestedTags'] }
const NEWEST_FIRST = { Query: {}, OrderBy: [{ Type: 'Metadata', Key: 'LastUpdate', Direction: 'DESC' }] }

async function askOrthanc({ dataSet, cacheFolder, durationMs, progress }: Asked) {
  const folder = await orthancStore({ dataSet, cacheFolder, progress })
  const orthanc = await startOrthanc(folder, { isDurable: true })
  try {
    progress('measuring Orthanc', 0)
    const finds = (body: (i: number) => object) =>
      Array.from({ length: 200 }, (_, i) =>
        requestOf(orthanc.port, JSON.stringify({ ...SERIES, RequestedTags: SUMMARY_TAGS, ...body(i) })),
      )
    const requests = {
      'newest 50': finds(() => NEWEST_FIRST),
      'one patient': finds((i) => ({ Query: { PatientID: patientOf(dataSet, i) }, CaseSensitive: true })),
      'deep page': finds(() => ({ ...NEWEST_FIRST, Since: Math.floor(dataSet.size * DEPTH) })),
    }
    const answered = await ask({ port: orthanc.port, requests, durationMs })
    progress('measuring Orthanc', 1)
    return answered
  } finally {
    await orthanc.stop()
  }
}

const patientOf = (dataSet: DataSet, i: number): string =>
  dataSet.imageSet((i * 7919) % dataSet.size).grouping.PatientID!

const requestOf = (port: number, body: string): Buffer =>
  Buffer.from(
    `POST /tools/find HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )

async function ask(of: { port: number; requests: Requests; durationMs: number }) {
  const answered: Partial<Record<Question, Answered>> = {}
  for (const question of QUESTIONS) {
    const { port, durationMs } = of
    const load = (connections: number): Promise<LoadResult> =>
      runLoad({ port, requests: of.requests[question], connections, warmUpMs: durationMs / 4, durationMs })
    const [alone, together] = [await load(1), await load(CLIENTS)]
    answered[question] = {
      p50_ms: rounded(alone.p50Ms),
      p99_ms: rounded(alone.p99Ms),
      per_s: Math.round(together.perSecond),
    }
  }
  return answered as Record<Question, Answered>
}

function table(result: {
  readonly rows: number
  readonly hilum: Record<Question, Answered>
  readonly orthanc: Record<Question, Answered>
}): string {
  const cell = ({ p50_ms, p99_ms, per_s }: Answered) =>
    `${p50_ms.toFixed(2)} / ${p99_ms.toFixed(2)} ms, ${per_s.toLocaleString('en')}/s`
  const lines = QUESTIONS.map((question) =>
    [question.padEnd(12), cell(result.hilum[question]).padEnd(30), cell(result.orthanc[question])].join('  '),
  )
  const title = `${result.rows.toLocaleString('en')} series; p50 / p99 of one client, a second with ${CLIENTS}`
  return `${title}\n\n${''.padEnd(12)}  ${'Hilum'.padEnd(30)}  Orthanc\n${lines.join('\n')}\n`
}
