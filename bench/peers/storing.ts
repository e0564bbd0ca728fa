/** STOW-RS: the instances of several series with four clients, each of which sends one series at a time. */
import { drawCT, SIDE } from '../frames-alone.ts'
import { sendAll } from '../load.ts'
import { median, quantile } from '../processes.ts'
import { sliceOf } from '../sample-files.ts'
import { BOUNDARY, multipartOf } from './multipart.ts'
import type { Peer } from './peer.ts'

const CLIENTS = 4
const TURNS = 3
const SMALL_SIDE = 64

export interface StoringRow {
  readonly name: string
  readonly instances: number
  readonly perSecond: Readonly<Record<string, number>>
  readonly p50Ms: Readonly<Record<string, number>>
}

interface Kind {
  readonly name: string
  readonly side: number
  readonly perRequest: number
  /** Of all that are sent in a turn. */
  readonly share: number
}

const KINDS: readonly Kind[] = [
  { name: '9 KB, one a request', side: SMALL_SIDE, perRequest: 1, share: 1 },
  { name: '9 KB, 20 a request', side: SMALL_SIDE, perRequest: 20, share: 2 },
  { name: '512 KB, one a request', side: SIDE, perRequest: 1, share: 1 / 4 },
  { name: '512 KB, 20 a request', side: SIDE, perRequest: 20, share: 1 / 4 },
]

/** @param instances of 9 KB that a turn stores in each server */
export async function measureStoring(peers: readonly Peer[], instances: number): Promise<StoringRow[]> {
  const rows: StoringRow[] = []
  for (const kind of KINDS) {
    const perSecond = new Map(peers.map(({ name }) => [name, [] as number[]]))
    const p50Ms = new Map(peers.map(({ name }) => [name, [] as number[]]))
    // Every client sends whole requests of its own series.
    const unit = CLIENTS * kind.perRequest
    const count = Math.max(unit, Math.round((instances * kind.share) / unit) * unit)
    for (let turn = 0; turn < TURNS; turn++) {
      const bodies = bodiesOf(kind, { count, root: `2.25.9.${KINDS.indexOf(kind)}.${turn}` })
      for (const peer of peers) {
        const requests = await peer.stores(bodies, BOUNDARY)
        const { seconds, timesMs } = await sendAll({ port: peer.port, requests, connections: CLIENTS })
        perSecond.get(peer.name)!.push(count / seconds)
        p50Ms.get(peer.name)!.push(quantile(timesMs, 0.5))
      }
    }
    const medians = (all: ReadonlyMap<string, readonly number[]>) =>
      Object.fromEntries([...all].map(([name, values]) => [name, median(values)]))
    rows.push({ name: kind.name, instances: count, perSecond: medians(perSecond), p50Ms: medians(p50Ms) })
  }
  return rows
}

/** The next four requests are always of four series. */
function bodiesOf(
  { side, perRequest }: Kind,
  { count, root }: { readonly count: number; readonly root: string },
): Buffer[] {
  const pixels = side === SIDE ? drawCT(count) : new Uint8Array(2 * side * side).map((_, at) => (at * 31) & 0xff)
  return Array.from({ length: count / perRequest }, (_, request) => {
    const series = request % CLIENTS
    const first = Math.floor(request / CLIENTS) * perRequest
    const files = Array.from({ length: perRequest }, (_, at) =>
      sliceOf({ root, series, instance: first + at }, { side, pixels }),
    )
    return multipartOf(files)
  })
}
