/** WADO-RS: frames of half a megabyte as they are stored, beside our own GetImageFrame, and the metadata of a series. All are in the page cache. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STUDY, writeSeries } from '../dicomweb.ts'
import { framesOf, medianOf } from '../frame-serving.ts'
import { importAll } from '../importing.ts'
import { type LoadResult, runLoad, sendAll } from '../load.ts'
import { median } from '../processes.ts'
import { drawNoise, writeSlices } from '../sample-files.ts'
import { signedRequests } from '../signed-requests.ts'
import { type HilumPeer, type OrthancPeer, type Peer, startPeers } from './peer.ts'

const SLICES = 100
const CONNECTIONS = 8
const TURNS = 3
/** More, since one request takes milliseconds: as many as make a new server as fast as one that has run for a while. */
const METADATA_TURNS = 25
const FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'

/** By the name of a server, or GetImageFrame. */
export type FrameRates = Readonly<Record<string, LoadResult>>

/** @returns for the stored syntax */
export const measureFrames = (folder: string, durationMs: number): Promise<FrameRates> =>
  withSeries(
    folder,
    (input) => writeSlices(input, SLICES, drawNoise),
    async (hilum, peers) => {
      const paths = Array.from({ length: SLICES }, (_, number) => `${STUDY}/instances/2.25.8.1.${number}/frames/1`)
      const sources: { name: string; port: number; requests: readonly Buffer[] }[] = []
      for (const peer of peers) {
        sources.push({ name: peer.name, port: peer.port, requests: await peer.gets(paths, { accept: FRAME }) })
      }
      sources.push({ name: 'GetImageFrame', port: hilum.port, requests: await getImageFrames(hilum) })
      const turns = new Map(sources.map(({ name }) => [name, [] as LoadResult[]]))
      for (let turn = 0; turn < TURNS; turn++) {
        for (const { name, ...source } of sources) {
          turns
            .get(name)!
            .push(await runLoad({ ...source, connections: CONNECTIONS, warmUpMs: durationMs / 4, durationMs }))
        }
      }
      return Object.fromEntries([...turns].map(([name, results]) => [name, medianOf(results)]))
    },
  )

async function getImageFrames({ server, port, datastoreId }: HilumPeer): Promise<Buffer[]> {
  const { imageSetId, frames } = await framesOf(server.client, datastoreId)
  const bodies = [...frames.keys()].map((imageFrameId) => ({ imageFrameId }))
  return signedRequests({ port, path: `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageFrame`, bodies })
}

/** @returns the median time in ms, by server */
export const measureMetadata = (folder: string, instances: number): Promise<Readonly<Record<string, number>>> =>
  withSeries(
    folder,
    (input) => writeSeries(input, instances),
    async (_, peers) => {
      const times = new Map(peers.map(({ name }) => [name, [] as number[]]))
      for (let turn = 0; turn < METADATA_TURNS; turn++) {
        for (const { name, port, gets } of peers) {
          const requests = await gets([`${STUDY}/metadata`], { accept: 'application/dicom+json' })
          times.get(name)!.push((await sendAll({ port, requests, connections: 1 })).timesMs[0]!)
        }
      }
      return Object.fromEntries([...times].map(([name, each]) => [name, median(each)]))
    },
  )

/** The same files in all servers. */
async function withSeries<Result>(
  folder: string,
  write: (input: string) => Promise<unknown>,
  measure: (hilum: HilumPeer, peers: readonly Peer[]) => Promise<Result>,
): Promise<Result> {
  const input = join(folder, 'hilum/buckets/bench-input')
  await write(input)
  const { hilum, orthanc, peers, stop } = await startPeers(folder)
  try {
    await importAll(hilum.server, { datastoreId: hilum.datastoreId })
    if (orthanc !== undefined) await storeFolder(orthanc, input)
    return await measure(hilum, peers)
  } finally {
    await stop()
  }
}

async function storeFolder({ server }: OrthancPeer, folder: string): Promise<void> {
  const names = (await readdir(folder)).toSorted()
  await server.store(await Promise.all(names.map((name) => readFile(join(folder, name)))))
}
