/** Studies that a client sees twice or never while it pages through all of them and others are stored. */
import { sendAll } from '../load.ts'
import { sliceOf } from '../sample-files.ts'
import { BOUNDARY, multipartOf } from './multipart.ts'
import { type Peer, startPeers } from './peer.ts'

const PAGE = 50
const PER_REQUEST = 20
/** Of the studies that are stored between two pages. */
const ARRIVING_PER_PAGE = 20
const STUDY_INSTANCE_UID = '0020000D'

export interface PagingRow {
  readonly server: string
  /** Pages by position, or by the cursors of Link headers. */
  readonly by: 'offset' | 'cursor'
  /** Stored before the first page. */
  readonly studies: number
  readonly arrived: number
  readonly repeated: number
  /** Of the studies before the first page. */
  readonly lost: number
}

export async function measurePaging(folder: string, studies: number): Promise<(PagingRow | string)[]> {
  const { peers, stop } = await startPeers(folder)
  try {
    const rows: (PagingRow | string)[] = []
    for (const peer of peers) {
      await store(peer, { from: 0, count: studies })
      let stored = studies
      const arrive = async () => {
        await store(peer, { from: stored, count: ARRIVING_PER_PAGE })
        stored += ARRIVING_PER_PAGE
      }
      rows.push(await walk(peer, { by: 'offset', studies: stored, arrive }))
      if (peer.name === 'Hilum') rows.push(await walk(peer, { by: 'cursor', studies: stored, arrive }))
    }
    return rows
  } finally {
    await stop()
  }
}

const uidOf = (study: number) => `2.25.10.2.${study}`

async function store(peer: Peer, { from, count }: { readonly from: number; readonly count: number }): Promise<void> {
  const pixels = new Uint8Array(2 * 8 * 8)
  const bodies = Array.from({ length: Math.ceil(count / PER_REQUEST) }, (_, request) => {
    const first = from + request * PER_REQUEST
    const files = Array.from({ length: Math.min(PER_REQUEST, from + count - first) }, (_, at) =>
      sliceOf({ root: '2.25.10', series: first + at, instance: 0 }, { side: 8, pixels }),
    )
    return multipartOf(files)
  })
  await sendAll({ port: peer.port, requests: await peer.stores(bodies, BOUNDARY), connections: 1 })
}

async function walk(
  peer: Peer,
  { by, studies, arrive }: { readonly by: PagingRow['by']; readonly studies: number; arrive(): Promise<void> },
): Promise<PagingRow | string> {
  const seen = new Map<string, number>()
  let arrived = 0
  const order = peer.name === 'Hilum' ? '&orderby=-StudyDate' : ''
  let next: string | undefined = `studies?limit=${PAGE}${order}`
  for (let page = 1; next !== undefined; page++) {
    const response = await peer.get(next)
    if (response.status !== 200) return `${peer.name}, ${by}: status ${response.status}`
    const rows = (await response.json()) as { [STUDY_INSTANCE_UID]: { Value: [string] } }[]
    for (const { [STUDY_INSTANCE_UID]: uid } of rows) seen.set(uid.Value[0], (seen.get(uid.Value[0]) ?? 0) + 1)
    if (rows.length === 0) break
    await arrive()
    arrived += ARRIVING_PER_PAGE
    next = by === 'offset' ? `studies?limit=${PAGE}&offset=${page * PAGE}${order}` : nextOf(response)
  }
  const before = Array.from({ length: studies }, (_, study) => uidOf(study))
  return {
    ...{ server: peer.name, by, studies, arrived },
    repeated: [...seen.values()].filter((times) => times > 1).length,
    lost: before.filter((uid) => !seen.has(uid)).length,
  }
}

/** RFC 8288, below the DICOMweb root. */
function nextOf({ headers }: Response): string | undefined {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get('link') ?? '')?.[1]
  return target?.slice(target.lastIndexOf('studies?'))
}
