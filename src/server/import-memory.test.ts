/**
 * How much memory a server needs (docs/operating/memory.md): with 512 MB it imports whatever comes, and afterwards it gives the memory
 * back. HILUM_SOAK=1 adds several hundred files of every transfer syntax, and broken ones.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { type HilumProcess, startHilumProcess } from '../fixtures/hilum-process.ts'
import { type MemoryGroup, openMemoryGroup } from '../fixtures/memory-group.ts'
import { writeBrokenFiles, writeFilesOfAllSyntaxes, writeLargeFiles } from '../fixtures/memory-inputs.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { limitsFor } from './limits-for.ts'

const MIB = 1024 ** 2
const FLOOR_BYTES = 512 * MIB
const IDLE_BYTES = 200 * MIB
const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
const IS_SOAK = process.env.HILUM_SOAK === '1'
const INPUTS = IS_SOAK ? ['large', 'syntaxes', 'broken'] : ['large', 'broken']

const write = { large: writeLargeFiles, syntaxes: writeFilesOfAllSyntaxes, broken: writeBrokenFiles }

/** Undefined where the process is gone, or the system does not tell. */
function memoryOf({ child }: HilumProcess, field: 'VmHWM' | 'VmRSS'): number | undefined {
  try {
    const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

async function startServer(t: TestContext, options: { group?: MemoryGroup; limits: object }) {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-memory-'))
  removeAtExit(folder)
  mkdirSync(join(folder, 'buckets/out-bucket'), { recursive: true })
  for (const input of INPUTS) {
    const into = join(folder, 'buckets/in-bucket', input)
    mkdirSync(into, { recursive: true })
    await write[input as keyof typeof write](into)
  }
  // Idle sooner than it is by default, so that the test need not wait a minute.
  const limits = { ...options.limits, importThreadIdleMs: 1_000, frameThreadIdleMs: 1_000 }
  writeFileSync(join(folder, 'hilum.json'), JSON.stringify({ limits }))
  const server = startHilumProcess(t, ['serve', '--data', folder, '--port', '0', '--host', '127.0.0.1', '--json'], {
    ...{ cwd: folder, isBuilt: true, group: options.group },
    env: { HILUM_ACCESS_KEY_ID: KEYS.accessKeyId, HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey },
  })
  const endpoint = (await server.printed(/"endpoint":"(http:[^"]+)"/))[1]!
  const client = new MedicalImagingClient({ endpoint, region: 'us-east-1', credentials: KEYS, disableHostPrefix: true })
  t.after(() => client.destroy())
  return { server, client, folder }
}

async function importAll(client: MedicalImagingClient, input: string): Promise<string> {
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: input }))
  const isActive = async () => {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    return datastoreProperties?.datastoreStatus === 'ACTIVE'
  }
  while (!(await isActive())) await setTimeout(20)
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, clientToken: input, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
      ...{ inputS3Uri: `s3://in-bucket/${input}/`, outputS3Uri: 's3://out-bucket/' },
    }),
  )
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    const { jobStatus } = jobProperties!
    if (jobStatus === 'COMPLETED' || jobStatus === 'FAILED') {
      assert.equal(jobStatus, 'COMPLETED', jobProperties!.message)
      return join('buckets/out-bucket', `${datastoreId}-DicomImport-${jobId}`)
    }
    await setTimeout(100)
  }
}

const linesIn = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n')

async function importAndIdle(t: TestContext, options: { group?: MemoryGroup; limits: object }): Promise<void> {
  const { server, client, folder } = await startServer(t, options)
  const at = (output: string, path: string) => join(folder, output, path)
  for (const input of INPUTS) {
    const output = await importAll(client, input)
    assert.equal(options.group?.killed() ?? 0, 0)
    const { jobSummary } = JSON.parse(readFileSync(at(output, 'job-output-manifest.json'), 'utf8'))
    assert.equal(jobSummary.numberOfFilesWithServerError, 0)
    if (input !== 'large') continue
    assert.equal(jobSummary.numberOfImportedFiles, 62)
    // 200 MB in one frame are more than a frame can have here. The file is kept, and a line says why its frame is not.
    const warnings = linesIn(at(output, 'WARNING/warning.ndjson'))
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /frame-of-200-mb.*TranscodingException.*limits\.frameThreadBytes/)
  }
  const greatest = memoryOf(server, 'VmHWM')!
  t.diagnostic(`${Math.round(greatest / MIB)} MiB at most`)
  assert.ok(greatest < FLOOR_BYTES, `${greatest} bytes were resident`)
  for (let waitedMs = 0; memoryOf(server, 'VmRSS')! > IDLE_BYTES; waitedMs += 500) {
    assert.ok(waitedMs < 60_000, `${memoryOf(server, 'VmRSS')} bytes are resident a minute after the imports`)
    await setTimeout(500)
  }
}

const probe = openMemoryGroup(FLOOR_BYTES)
probe?.close()
const lacksGroup = probe === undefined && 'no control group for memory can be made here (Linux, root)'
const lacksProc = process.platform !== 'linux' && 'memory of another process is told by Linux only'

test(
  'in a control group of 512 MB an import of any files ends, and the server gives the memory back',
  {
    skip: lacksGroup,
  },
  (t) => importAndIdle(t, { group: openMemoryGroup(FLOOR_BYTES)!, limits: {} }),
)

// Where there is a group it would say the same once more.
if (lacksGroup !== false || IS_SOAK) {
  test(
    'with the limits of a server of 512 MB an import of any files stays below that, without a control group',
    {
      skip: lacksProc,
    },
    (t) => importAndIdle(t, { limits: limitsFor(FLOOR_BYTES) }),
  )
}
