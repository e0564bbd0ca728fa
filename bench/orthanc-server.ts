/** Debian's Orthanc as a process of its own, with its default index on SQLite, and instances sent to it over REST. */
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { freePort } from '../src/fixtures/free-port.ts'
import { start, untilAnswering } from './processes.ts'

const ORTHANC = '/usr/sbin/Orthanc'
const CLIENTS = 4
/** Debian's orthanc-dicomweb. */
export const ORTHANC_DICOMWEB = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

export interface OrthancServer {
  readonly port: number
  readonly child: ChildProcess
  /** Sends instances as whole P10 files, four clients at once; `stored` is told each time how many there are. */
  store(files: Iterable<Uint8Array>, stored?: (count: number) => void): Promise<void>
  stop(): Promise<void>
}

export const isOrthancInstalled = (): boolean => existsSync(ORTHANC)

interface OrthancOptions {
  /** Whether each file reaches the disk before it is acknowledged, as with Hilum always. Orthanc's default: it does. */
  readonly isDurable: boolean
  readonly plugins?: readonly string[]
  /** Of the configuration. */
  readonly settings?: Readonly<Record<string, unknown>>
}

export async function startOrthanc(
  folder: string,
  { isDurable, plugins = [], settings = {} }: OrthancOptions,
): Promise<OrthancServer> {
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  const config = join(folder, 'orthanc.json')
  await writeFile(
    config,
    JSON.stringify({
      Name: 'bench',
      StorageDirectory: join(folder, 'db'),
      HttpPort: port,
      DicomServerEnabled: false,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      SyncStorageArea: isDurable,
      Plugins: plugins,
      ...settings,
    }),
  )
  const orthanc = start(ORTHANC, ['--logfile=/dev/null', config])
  await untilAnswering(`http://127.0.0.1:${port}/system`, 30_000)
  return {
    port,
    child: orthanc.child,
    async store(files, stored = () => {}) {
      const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
      let count = 0
      // One iterator that all clients draw from.
      const waiting = files[Symbol.iterator]()
      const client = async () => {
        for (let next = waiting.next(); !next.done; next = waiting.next()) {
          await post({ agent, port, body: next.value })
          stored(++count)
        }
      }
      try {
        await Promise.all(Array.from({ length: CLIENTS }, client))
      } finally {
        agent.destroy()
      }
    },
    stop: () => orthanc.stop(),
  }
}

function post({ agent, port, body }: { agent: Agent; port: number; body: Uint8Array }): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/dicom', 'content-length': body.length }
    request({ agent, port, host: '127.0.0.1', path: '/instances', method: 'POST', headers }, (response) => {
      response.resume()
      response.on('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`Orthanc answered ${response.statusCode}`)),
      )
    })
      .on('error', reject)
      .end(body)
  })
}
