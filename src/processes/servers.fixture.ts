/** Several `hilum serve` on one PostgreSQL and one S3, and nginx with TLS before them, for tests. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  GetDatastoreCommand,
  MedicalImagingClient,
  type MedicalImagingClientConfig,
} from '@aws-sdk/client-medical-imaging'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { openAuthority } from '../fixtures/certificates.ts'
import { freePort } from '../fixtures/free-port.ts'
import { type HilumProcess, type ProcessGroup, startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { type OpenS3, openPostgres, openS3 } from '../fixtures/shared-servers.ts'
import type { Limits } from '../limits.ts'
import { clientTo, s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing } from '../stores/sql/engine/postgres/postgres.fixture.ts'

const NGINX = '/usr/sbin/nginx'
const REGION = 'us-east-1'
export const KEYS = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }

export const storesAreMissing: string | false = postgresIsMissing ?? s3IsMissing ?? false
export const nginxIsMissing: string | false = existsSync(NGINX) ? storesAreMissing : 'nginx is not installed'

/** An empty database and empty buckets. */
interface SharedStores {
  readonly catalog: string
  readonly endpoint: string
  /** Input of import jobs, and output. */
  readonly bucket: string
  readonly env: Readonly<Record<string, string>>
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Each in a series of its own. */
  putFiles(prefix: string, count: number): Promise<void>
}

/** @param opened other servers than those that test files share */
export async function openSharedStores(
  t: TestContext,
  opened: Promise<readonly [Awaited<ReturnType<typeof openPostgres>>, OpenS3]> = Promise.all([
    openPostgres(),
    openS3(),
  ]),
): Promise<SharedStores> {
  const [database, s3] = await opened
  t.after(() => Promise.all([database.remove(), s3.stop()]))
  const keys = mkdtempSync(join(tmpdir(), 'hilum-servers-keys-'))
  removeAtExit(keys)
  const [catalog, blobs, bucket] = [await database.newDatabase(), await s3.newBucket(), await s3.newBucket()]
  const client = clientTo(s3.place)
  async function put(Key: string, Body: Uint8Array): Promise<void> {
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
  }
  return {
    ...{ catalog, bucket, put, endpoint: s3.place.endpoint },
    env: {
      HILUM_CATALOG: catalog,
      HILUM_BLOBS: `s3://${blobs}/hilum`,
      HILUM_S3_ENDPOINT: s3.place.endpoint,
      HILUM_S3_ACCESS_KEY_ID: s3.place.accessKeyId,
      HILUM_S3_SECRET_ACCESS_KEY: s3.place.secretAccessKey,
      HILUM_KEY_RING: join(keys, 'ring.json'),
    },
    async putFiles(prefix, count) {
      const numbers = Array.from({ length: count }, (_, at) => at + 1)
      const putOne = async (number: number) => {
        const file = encodeP10({
          transferSyntaxUID: ExplicitVRLittleEndian,
          attributes: {
            SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
            SOPInstanceUID: `2.25.7.${number}.1`,
            StudyInstanceUID: `2.25.7.${number % 7}`,
            SeriesInstanceUID: `2.25.7.${number}`,
            PatientID: `P${number % 7}`,
          },
        })
        await put(`${prefix}${number}.dcm`, file)
      }
      while (numbers.length > 0) await Promise.all(numbers.splice(0, 16).map(putOne))
    },
  }
}

/** The keys of owner and seal, where a test is not about them. */
export const OWN_KEYS = {
  HILUM_ACCESS_KEY_ID: KEYS.accessKeyId,
  HILUM_SECRET_ACCESS_KEY: KEYS.secretAccessKey,
  HILUM_SEALING_KEY: 'ab'.repeat(32),
}

interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly limits?: Partial<Limits>
  readonly words?: readonly string[]
  /** Where it runs and listens, if not here. */
  readonly on?: { readonly address: string; readonly group: ProcessGroup }
}

export interface SharedServer {
  readonly server: HilumProcess
  readonly endpoint: string
  readonly port: number
  readonly dataFolder: string
  /** It has ended: the same server once more, on its port. */
  again(): Promise<SharedServer>
}

/** Without waiting for it to be ready: it may refuse to start. */
export function beginServer(
  t: TestContext,
  { env }: Pick<SharedStores, 'env'>,
  options: ServerOptions & { readonly port: number; readonly cwd?: string },
): HilumProcess & { readonly cwd: string } {
  const cwd = options.cwd ?? mkdtempSync(join(tmpdir(), 'hilum-servers-'))
  removeAtExit(cwd)
  mkdirSync(join(cwd, 'data'), { recursive: true, mode: 0o700 })
  if (options.limits !== undefined) {
    writeFileSync(join(cwd, 'data', 'hilum.json'), JSON.stringify({ limits: options.limits }))
  }
  const { on } = options
  const words = ['serve', '--data', 'data', '--port', `${options.port}`, '--host', on?.address ?? '127.0.0.1']
  const started = startHilumProcess(t, [...words, ...(options.words ?? [])], {
    ...{ cwd, env: { ...env, ...options.env }, isBuilt: true, group: on?.group },
  })
  return { ...started, cwd }
}

export async function startShared(
  t: TestContext,
  stores: Pick<SharedStores, 'env'>,
  options: ServerOptions & { readonly port?: number; readonly cwd?: string } = {},
): Promise<SharedServer> {
  const port = options.port ?? (await freePort())
  const server = beginServer(t, stores, { ...options, port })
  await server.printed(/Hilum answers at/)
  return {
    ...{
      server,
      port,
      endpoint: `http://${options.on?.address ?? '127.0.0.1'}:${port}`,
      dataFolder: join(server.cwd, 'data'),
    },
    again: () => startShared(t, stores, { ...options, port, cwd: server.cwd }),
  }
}

export const credentialsOf = ({ dataFolder }: SharedServer): typeof KEYS =>
  JSON.parse(readFileSync(join(dataFolder, 'credentials.json'), 'utf8'))

interface Balancer {
  readonly endpoint: string
  /** In PEM. */
  readonly authority: string
  /** Its log of errors. */
  errors(): string
}

/** nginx in front of the servers, with the configuration of examples/three-servers. @param keepAlive of connections to the servers */
export async function startBalancer(
  t: TestContext,
  { ports, keepAlive }: { readonly ports: readonly number[]; readonly keepAlive: string },
): Promise<Balancer> {
  const authority = openAuthority()
  const folder = mkdtempSync(join(tmpdir(), 'hilum-balancer-'))
  removeAtExit(folder)
  const { cert, key } = authority.issue(['127.0.0.1'])
  writeFileSync(join(folder, 'nginx.crt'), cert)
  writeFileSync(join(folder, 'nginx.key'), key)
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const example = readFileSync(new URL('../../examples/three-servers/nginx.conf', import.meta.url), 'utf8')
  const changes: readonly (readonly [RegExp, string])[] = [
    [/( *server hilum-\d:8104(.*);\n)+/, ports.map((each) => `server 127.0.0.1:${each}$2;\n`).join('')],
    [/^events/m, `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;\nevents`],
    [
      /access_log off;/,
      ['access_log off;', ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`)].join('\n'),
    ],
    [/listen 443/, `listen 127.0.0.1:${port}`],
    [/server_name .*;/, ''],
    [/\/etc\/nginx\/tls\/certificate.pem/, `${folder}/nginx.crt`],
    [/\/etc\/nginx\/tls\/key.pem/, `${folder}/nginx.key`],
    [/keepalive_timeout 4s/, `keepalive_timeout ${keepAlive}`],
  ]
  let configuration = example
  for (const [found, change] of changes) {
    assert.match(configuration, found)
    configuration = configuration.replace(found, change)
  }
  writeFileSync(join(folder, 'nginx.conf'), configuration)
  const nginx: ChildProcess = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' })
  const ended = once(nginx, 'exit')
  t.after(async () => {
    nginx.kill()
    await ended
  })
  while (!(await accepts(port))) {
    assert.equal(nginx.exitCode, null, 'nginx runs')
    await setTimeout(20)
  }
  const errors = () => readFileSync(join(folder, 'error.log'), 'utf8')
  return { endpoint: `https://127.0.0.1:${port}`, authority: authority.cert, errors }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false)).on('connect', () => resolve(true))
    socket.on('connect', () => socket.destroy())
  })

/** A client that does not try again, with connections of its own. */
export function clientOf(
  t: TestContext,
  { endpoint, authority }: { readonly endpoint: string; readonly authority?: string },
  credentials: MedicalImagingClientConfig['credentials'] = KEYS,
): MedicalImagingClient {
  const kept = { keepAlive: true, maxSockets: 4 }
  const requestHandler =
    authority === undefined ? { httpAgent: new HttpAgent(kept) } : { httpsAgent: new Agent({ ...kept, ca: authority }) }
  const sdk = new MedicalImagingClient({
    ...{ endpoint, region: REGION, credentials, disableHostPrefix: true, maxAttempts: 1, requestHandler },
  })
  t.after(() => sdk.destroy())
  return sdk
}

export async function untilActive(client: MedicalImagingClient, datastoreId: string): Promise<void> {
  for (;;) {
    const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
    if (datastoreProperties?.datastoreStatus === 'ACTIVE') return
    await setTimeout(20)
  }
}

export const AHEAD_MS = 5 * 60_000

/** Options for Node, with which the clock of the machine seems to be five minutes ahead. */
export function clockAhead(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-clock-'))
  removeAtExit(folder)
  const path = join(folder, 'ahead.mjs')
  writeFileSync(
    path,
    `const Real = Date
     globalThis.Date = class extends Real {
       constructor(...values) { values.length === 0 ? super(Real.now() + ${AHEAD_MS}) : super(...values) }
       static now() { return Real.now() + ${AHEAD_MS} }
     }`,
  )
  return { NODE_OPTIONS: `--import ${path}` }
}
