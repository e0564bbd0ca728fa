/** Debian's Orthanc with its DICOMweb plug-in, as a client of a data store. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { freePort } from '../../src/fixtures/free-port.ts'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { until } from './until.ts'

const ORTHANC = '/usr/sbin/Orthanc'
const PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so'

export const orthancIsMissing =
  existsSync(ORTHANC) && existsSync(PLUGIN) ? undefined : 'Orthanc (orthanc, orthanc-dicomweb) is not installed'

export interface Orthanc {
  get(path: string): Promise<Buffer>
  json(path: string): Promise<unknown>
  post(path: string, body: object | Uint8Array): Promise<unknown>
  delete(path: string): Promise<void>
}

/** Orthanc knows the data store as the server `hilum`. It is stopped after the last test of the file. */
export async function openOrthanc(hilum: { readonly root: string; readonly token: string }): Promise<Orthanc> {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-orthanc-'))
  removeAtExit(folder)
  const port = await freePort()
  const config = {
    ...{ Name: 'test', StorageDirectory: join(folder, 'db'), HttpPort: port, DicomServerEnabled: false },
    ...{ RemoteAccessAllowed: false, AuthenticationEnabled: false, Plugins: [PLUGIN] },
    DicomWeb: {
      Enable: true,
      Servers: { hilum: { Url: `${hilum.root}/`, HttpHeaders: { Authorization: `Bearer ${hilum.token}` } } },
    },
  }
  writeFileSync(join(folder, 'orthanc.json'), JSON.stringify(config))
  const child = spawn(ORTHANC, [join(folder, 'orthanc.json')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-20_000)
  })
  const ended = once(child, 'close')
  after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const answer = async (path: string, init?: RequestInit): Promise<Buffer> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok) throw new Error(`Orthanc answered ${path} with ${response.status}: ${bytes}\n${log}`)
    return bytes
  }
  const orthanc: Orthanc = {
    get: (path) => answer(path),
    json: async (path) => JSON.parse((await answer(path)).toString()),
    async post(path, body) {
      const bytes = body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body)
      return JSON.parse((await answer(path, { method: 'POST', body: bytes })).toString())
    },
    delete: async (path) => {
      await answer(path, { method: 'DELETE' })
    },
  }
  await until(() =>
    orthanc.get('/system').catch((error: Error) => {
      if (child.exitCode !== null) throw new Error(`Orthanc ended: ${log}`, { cause: error })
      return undefined
    }),
  )
  return orthanc
}
