/** A DICOMweb server under measurement, and the whole requests that it is sent: Hilum's are signed, Orthanc's have no authentication. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { signedFetch } from '../../src/cli/client/signed-fetch.ts'
import { BENCH_KEYS, type BenchServer, startHilumServer } from '../hilum-server.ts'
import { createActiveDatastore } from '../importing.ts'
import { isOrthancInstalled, ORTHANC_DICOMWEB, type OrthancServer, startOrthanc } from '../orthanc-server.ts'
import { signedGets, signedPosts } from '../signed-requests.ts'

export interface Peer {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** Paths are below the DICOMweb root: `studies?limit=50`. */
  gets(paths: readonly string[], headers?: Readonly<Record<string, string>>): Promise<readonly Buffer[]>
  get(path: string): Promise<Response>
  /** Each body is multipart/related with this boundary. */
  stores(bodies: readonly Buffer[], boundary: string): Promise<readonly Buffer[]>
  stop(): Promise<void>
}

export interface HilumPeer extends Peer {
  readonly server: BenchServer
  readonly datastoreId: string
}

export interface OrthancPeer extends Peer {
  readonly server: OrthancServer
}

const JSON_ACCEPTED = { accept: 'application/dicom+json' }

const contentTypeOf = (boundary: string) => `multipart/related; type="application/dicom"; boundary=${boundary}`

/** @param of.datastoreId of the data store in the folder; without it a new one is made */
export async function startHilumPeer(
  folder: string,
  { datastoreId, encryption = 'on' }: { readonly datastoreId?: string; readonly encryption?: 'on' | 'none' } = {},
): Promise<HilumPeer> {
  await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
  const server = await startHilumServer(folder, { encryption })
  const { port, child } = server
  const id = datastoreId ?? (await createActiveDatastore(server))
  const root = `/datastore/${id}`
  const endpoint = `http://127.0.0.1:${port}`
  return {
    ...{ name: 'Hilum', port, pid: child.pid!, server, datastoreId: id },
    gets: (paths, headers = {}) =>
      signedGets(
        port,
        paths.map((path) => `${root}/${path}`),
        headers,
      ),
    get(path) {
      const { pathname, searchParams } = new URL(`${root}/${path}`, endpoint)
      const query = Object.fromEntries(searchParams)
      return signedFetch(
        { endpoint, region: 'us-east-1', credentials: BENCH_KEYS },
        { method: 'GET', path: pathname, query, headers: JSON_ACCEPTED },
      )
    },
    stores: (bodies, boundary) =>
      signedPosts(port, { path: `${root}/studies`, contentType: contentTypeOf(boundary), bodies }),
    async stop() {
      server.client.destroy()
      await server.stop()
    },
  }
}

/** Why Orthanc is not measured; undefined if it is. */
export const orthancMissing = (): string | undefined =>
  isOrthancInstalled() && existsSync(ORTHANC_DICOMWEB)
    ? undefined
    : 'Orthanc and its DICOMweb plug-in are not installed (Debian: apt-get install orthanc orthanc-dicomweb)'

/** With its default index, SQLite, and its default durability: files are synced. */
export async function startOrthancPeer(
  folder: string,
  options: { readonly isDurable: boolean } = { isDurable: true },
): Promise<OrthancPeer> {
  const server = await startOrthanc(folder, { ...options, plugins: [ORTHANC_DICOMWEB] })
  const { port, child, stop } = server
  const host = `host: 127.0.0.1:${port}\r\n`
  return {
    ...{ name: 'Orthanc', port, pid: child.pid!, server, stop },
    async gets(paths, headers = {}) {
      const text = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      return paths.map((path) => Buffer.from(`GET /dicom-web/${path} HTTP/1.1\r\n${host}${text.join('')}\r\n`))
    },
    get: (path) => fetch(`http://127.0.0.1:${port}/dicom-web/${path}`, { headers: JSON_ACCEPTED }),
    async stores(bodies, boundary) {
      const head = `POST /dicom-web/studies HTTP/1.1\r\n${host}accept: application/dicom+json\r\ncontent-type: ${contentTypeOf(boundary)}\r\n`
      return bodies.map((body) => Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]))
    },
  }
}

export interface Peers {
  readonly hilum: HilumPeer
  /** Undefined where it is not installed. */
  readonly orthanc: OrthancPeer | undefined
  readonly peers: readonly Peer[]
  stop(): Promise<void>
}

/** Each in a folder of its own below this one. */
export async function startPeers(folder: string): Promise<Peers> {
  const hilum = await startHilumPeer(join(folder, 'hilum'))
  try {
    const orthanc = orthancMissing() === undefined ? await startOrthancPeer(join(folder, 'orthanc')) : undefined
    const peers = orthanc === undefined ? [hilum] : [hilum, orthanc]
    return {
      ...{ hilum, orthanc, peers },
      async stop() {
        for (const peer of peers) await peer.stop()
      },
    }
  } catch (error) {
    await hilum.stop()
    throw error
  }
}
