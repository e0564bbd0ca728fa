/**
 * QIDO-RS searches for studies of a worklist, with the same series in both servers (bench/search/data-set.ts). Hilum sorts by StudyDate where
 * the page depends on the order; Orthanc has its own order.
 */
import { type LoadResult, runLoad } from '../load.ts'
import { openStores } from '../search/build-store.ts'
import { DATASTORE_ID, type Progress } from '../search/built-store.ts'
import { type DataSet, dataSetOf, SERIES_PER_STUDY } from '../search/data-set.ts'
import { orthancStore } from '../search/orthanc-store.ts'
import { orthancMissing, type Peer, startHilumPeer, startOrthancPeer } from './peer.ts'

const PAGE = 50
/** The position of the deep page in the result. */
const DEPTH = 0.9
const CLIENTS = 8
const SEARCHES = 200

interface Answered {
  /** With one client. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** With eight clients. */
  readonly perSecond: number
}

export interface SearchRow {
  readonly name: string
  /** By server; why it does not answer this search. */
  readonly answered: Readonly<Record<string, Answered | string>>
}

interface Kind {
  readonly name: string
  readonly query: (dataSet: DataSet, i: number) => Readonly<Record<string, string>>
  readonly isOrdered: boolean
}

const KINDS: readonly Kind[] = [
  { name: 'newest 50', query: () => ({}), isOrdered: true },
  {
    name: 'exact patient',
    query: (dataSet, i) => ({ PatientID: imageSetOf(dataSet, i).grouping.PatientID! }),
    isOrdered: false,
  },
  {
    name: 'name prefix',
    query: (dataSet, i) => ({ PatientName: `${nameOf(dataSet, i).slice(0, 3)}*` }),
    isOrdered: false,
  },
  {
    name: 'modality and date',
    query: (dataSet, i) => {
      const from = imageSetOf(dataSet, i).grouping.StudyDate!
      return { ModalitiesInStudy: 'CT', StudyDate: `${from}-${from.slice(0, 4)}1231` }
    },
    isOrdered: false,
  },
  {
    name: 'deep page',
    query: ({ size }) => ({ offset: String(Math.floor((size / SERIES_PER_STUDY) * DEPTH)) }),
    isOrdered: true,
  },
]

const imageSetOf = (dataSet: DataSet, i: number) => dataSet.imageSet((i * 7919) % dataSet.size)
const nameOf = (dataSet: DataSet, i: number): string => JSON.parse(imageSetOf(dataSet, i).tags).DICOMPatientName

/** Stores are built once for each number of series, and kept. */
export async function measureSearches(of: {
  readonly series: number
  readonly cacheFolder: string
  readonly durationMs: number
  readonly progress: Progress
}): Promise<SearchRow[]> {
  const { cacheFolder, durationMs, progress } = of
  const dataSet = dataSetOf(of.series)
  const store = await (await openStores({ engine: 'sqlite', cacheFolder })).store({ dataSet, progress })
  const peers: Peer[] = [await startHilumPeer(store.dataFolder, { datastoreId: DATASTORE_ID, encryption: 'none' })]
  try {
    if (orthancMissing() === undefined) {
      peers.push(await startOrthancPeer(await orthancStore({ dataSet, cacheFolder, progress })))
    }
    const rows: SearchRow[] = []
    for (const { name, query, isOrdered } of KINDS) {
      const answered: Record<string, Answered | string> = {}
      for (const peer of peers) {
        progress(`${name}, ${peer.name}`, 0)
        const order = isOrdered && peer.name === 'Hilum' ? { orderby: '-StudyDate' } : {}
        const paths = Array.from({ length: SEARCHES }, (_, i) => {
          return `studies?${new URLSearchParams({ ...query(dataSet, i), limit: `${PAGE}`, ...order })}`
        })
        answered[peer.name] = await answerOf(peer, { paths, durationMs })
      }
      rows.push({ name, answered })
    }
    return rows
  } finally {
    for (const peer of peers) await peer.stop()
  }
}

async function answerOf(
  peer: Peer,
  { paths, durationMs }: { readonly paths: readonly string[]; readonly durationMs: number },
): Promise<Answered | string> {
  const first = await peer.get(paths[0]!)
  await first.arrayBuffer()
  if (first.status !== 200) return `status ${first.status}`
  const requests = await peer.gets(paths, { accept: 'application/dicom+json' })
  const load = (connections: number): Promise<LoadResult> =>
    runLoad({ port: peer.port, requests, connections, warmUpMs: durationMs / 4, durationMs })
  const [alone, together] = [await load(1), await load(CLIENTS)]
  return { p50Ms: alone.p50Ms, p99Ms: alone.p99Ms, perSecond: together.perSecond }
}
