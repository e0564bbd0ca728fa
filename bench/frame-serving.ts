/**
 * GetImageFrame of half a megabyte, signed, eight at once, beside one worker of nginx that serves the same bytes as files of the same
 * disk, and beside the frames of Orthanc's WADO-RS. All frames are in the page cache: what is measured is the way, not the disk.
 */
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  GetImageFrameCommand,
  GetImageSetMetadataCommand,
  type MedicalImagingClient,
  SearchImageSetsCommand,
} from '@aws-sdk/client-medical-imaging'
import { freePort } from '../src/fixtures/free-port.ts'
import { startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { type LoadResult, runLoad } from './load.ts'
import { isOrthancInstalled, ORTHANC_DICOMWEB, startOrthanc } from './orthanc-server.ts'
import { inTempFolder, median, start, untilAnswering } from './processes.ts'
import { drawNoise, writeSlices } from './sample-files.ts'
import { signedRequests } from './signed-requests.ts'

/** One series, some 100 MB. */
const SLICES = 100
const LOAD = { connections: 8, warmUpMs: 1_000, durationMs: 3_000 }
const TURNS = 5
export const NGINX = '/usr/sbin/nginx'

export interface ServingResult {
  readonly hilum: LoadResult
  /** Undefined where it is not installed. */
  readonly nginx: LoadResult | undefined
  readonly orthanc: LoadResult | undefined
}

export const measureServing = (): Promise<ServingResult> =>
  inTempFolder(async (folder) => {
    const input = join(folder, 'buckets/bench-input')
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    const paths = await writeSlices(input, SLICES, drawNoise)
    const server = await startHilumServer(folder)
    const stops = [() => server.stop()]
    try {
      const datastoreId = await createActiveDatastore(server)
      await importAll(server, { datastoreId })
      const { imageSetId, frames } = await framesOf(server.client, datastoreId)
      const sources: [keyof ServingResult, { port: number; requests: readonly Buffer[] }][] = []
      const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageFrame`
      const bodies = [...frames.keys()].map((imageFrameId) => ({ imageFrameId }))
      sources.push([
        'hilum',
        { port: server.port, requests: await signedRequests({ port: server.port, path, bodies }) },
      ])
      if (existsSync(NGINX)) {
        const nginx = await startNginx(join(folder, 'nginx'), [...frames.values()])
        stops.push(nginx.stop)
        sources.push(['nginx', nginx])
      }
      if (isOrthancInstalled() && existsSync(ORTHANC_DICOMWEB)) {
        const orthanc = await startOrthanc(join(folder, 'orthanc'), { isDurable: false, plugins: [ORTHANC_DICOMWEB] })
        stops.push(orthanc.stop)
        await orthanc.store(await Promise.all(paths.map((each) => readFile(each))))
        sources.push(['orthanc', { port: orthanc.port, requests: wadoRequests(orthanc.port) }])
      }
      const turns = new Map(sources.map(([name]) => [name, [] as LoadResult[]]))
      for (let turn = 0; turn < TURNS; turn++) {
        for (const [name, source] of sources) turns.get(name)!.push(await runLoad({ ...LOAD, ...source }))
      }
      const middle = (name: keyof ServingResult) => turns.get(name) && medianOf(turns.get(name)!)
      return { hilum: middle('hilum')!, nginx: middle('nginx'), orthanc: middle('orthanc') }
    } finally {
      for (const stop of stops.reverse()) await stop()
    }
  })

export const medianOf = (turns: readonly LoadResult[]): LoadResult => {
  const perSecond = median(turns.map((turn) => turn.perSecond))
  return turns.find((turn) => turn.perSecond === perSecond)!
}

/** The ids of all frames of the one image set, and their bytes. */
export async function framesOf(client: MedicalImagingClient, datastoreId: string) {
  const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId }))
  const imageSetId = imageSetsMetadataSummaries![0]!.imageSetId!
  const { imageSetMetadataBlob } = await client.send(new GetImageSetMetadataCommand({ datastoreId, imageSetId }))
  const { Study } = JSON.parse(gunzipSync(await imageSetMetadataBlob!.transformToByteArray()).toString())
  const frames = new Map<string, Uint8Array>()
  const series = Object.values<{ Instances: Record<string, { ImageFrames: { ID: string }[] }> }>(Study.Series)
  for (const { ImageFrames } of series.flatMap(({ Instances }) => Object.values(Instances))) {
    const imageFrameId = ImageFrames[0]!.ID
    const imageFrameInformation = { imageFrameId }
    const answer = await client.send(new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation }))
    frames.set(imageFrameId, await answer.imageFrameBlob!.transformToByteArray())
  }
  return { imageSetId, frames }
}

/** One worker, sendfile and no log: as fast as it goes. */
export async function startNginx(folder: string, files: readonly Uint8Array[]) {
  const port = await freePort()
  await mkdir(join(folder, 'files'), { recursive: true })
  for (const [index, bytes] of files.entries()) await writeFile(join(folder, 'files', `${index}`), bytes)
  const config = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  )
  await writeFile(
    config,
    `daemon off; user root; worker_processes 1; pid ${join(folder, 'pid')}; error_log stderr crit; events {}
     http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; root ${join(folder, 'files')}; } }`,
  )
  const nginx = start(NGINX, ['-p', folder, '-c', config])
  await untilAnswering(`http://127.0.0.1:${port}/0`, 30_000)
  return { ...nginx, port, requests: files.map((_, index) => get(port, `/${index}`)) }
}

const wadoRequests = (port: number): Buffer[] =>
  Array.from({ length: SLICES }, (_, number) =>
    get(
      port,
      `/dicom-web/studies/2.25.8.2.0/series/2.25.8.3.0/instances/2.25.8.1.${number}/frames/1`,
      'Accept: multipart/related; type=application/octet-stream\r\n',
    ),
  )

const get = (port: number, path: string, headers = ''): Buffer =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`)
