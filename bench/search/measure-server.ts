/** A server on the built store: the time until it is ready, and the throughput of signed searches as a share of a bare node:http server. */
import { startHilumServer } from '../hilum-server.ts'
import { besideBareServer } from '../searching.ts'
import { type BuiltStore, DATASTORE_ID } from './built-store.ts'
import { DAY_MS, type DataSet, NOW } from './data-set.ts'
import { rounded } from './measure.ts'

export interface ServerTimes {
  readonly ready_ms: number
  /** By kind of search, at concurrency 8. */
  readonly http: Readonly<
    Record<string, { readonly per_s: number; readonly bare_per_s: number; readonly share: number }>
  >
}

const seconds = (ms: number) => Math.round(ms / 1000)

export async function measureServer(request: {
  readonly store: BuiltStore
  readonly dataSet: DataSet
  readonly durationMs: number
}): Promise<ServerTimes> {
  const { store, dataSet, durationMs } = request
  const spread = (i: number) => dataSet.imageSet((i * 7919) % dataSet.size)
  const kinds: Readonly<Record<string, (i: number) => object>> = {
    'first page': () => ({}),
    'EQUAL DICOMSeriesInstanceUID': (i) => ({
      filters: [{ operator: 'EQUAL', values: [{ DICOMSeriesInstanceUID: spread(i).grouping.SeriesInstanceUID }] }],
    }),
    'BETWEEN createdAt, by study date': (i) => {
      const from = seconds(spread(i).createdAt)
      return {
        filters: [
          {
            operator: 'BETWEEN',
            values: [{ createdAt: from }, { createdAt: Math.min(from + seconds(140 * DAY_MS), seconds(NOW)) }],
          },
        ],
        sort: { sortField: 'DICOMStudyDateAndTime', sortOrder: 'DESC' },
      }
    },
  }
  // A search reads no blob. A database in the cache would be tied to the key ring of the first run's data folder.
  const server = await startHilumServer(store.dataFolder, {
    encryption: 'none',
    ...(store.catalogUrl === undefined ? {} : { catalogUrl: store.catalogUrl }),
  })
  try {
    const http: Record<string, ServerTimes['http'][string]> = {}
    for (const [name, criteria] of Object.entries(kinds)) {
      const { hilum, bare } = await besideBareServer({
        port: server.port,
        datastoreId: DATASTORE_ID,
        criteria,
        warmUpMs: durationMs / 4,
        durationMs,
      })
      http[name] = {
        per_s: Math.round(hilum.perSecond),
        bare_per_s: Math.round(bare.perSecond),
        share: rounded(hilum.perSecond / bare.perSecond),
      }
    }
    return { ready_ms: rounded(server.readyMs), http }
  } finally {
    await server.stop()
  }
}
