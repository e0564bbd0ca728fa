/** Searches for instances: of the series that match. All are read and sorted, or they are scanned series by series where that would be too many. */
import { levelOfKeyword } from '../../../imaging/dicomweb-search/attributes.ts'
import type { PlacedInstance } from '../../catalog/image-set-records.ts'
import type { FoundInstance, FoundPage } from '../../catalog/series-repository.ts'
import type { Transactions } from '../engine/statement.ts'
import {
  type InstanceRow,
  isMatchingInstance,
  numberOf,
  placeInstances,
  readInstances,
  readInstancesInOrder,
  reasonsIn,
  timesOfVersions,
  valuesOfInstance,
  wantedUIDs,
} from './instance-rows.ts'
import { keysOf, type Ordered, pageOf, positionOf } from './ordered-rows.ts'
import { creationOf, matchingSeries, type SeriesSearch, scanSeries } from './search-series.ts'
import { type ComparedSeries, type Creation, readSeriesRows } from './series-rows.ts'

type Page = Omit<FoundPage<FoundInstance>, 'datastore'>

/** Read by one statement; between them other requests have their turn. */
const INSTANCES_PER_READ = 2_000

interface Match {
  readonly series: ComparedSeries
  readonly instance: InstanceRow
}

/** The series that match; undefined if they have more than `max` instances together, or are more. */
async function fewSeries(search: SeriesSearch, max: number): Promise<readonly ComparedSeries[] | undefined> {
  const found: ComparedSeries[] = []
  let instances = 0
  const isNamed = wantedUIDs(search.request.criteria) !== undefined
  for await (const rows of matchingSeries(search)) {
    for (const row of rows) {
      found.push(row)
      instances += isNamed ? 1 : row.instances
      if (instances > max) return undefined
    }
  }
  return found
}

export async function orderedInstances(search: SeriesSearch, max: number): Promise<Page | undefined> {
  const { database, request } = search
  const { order, after, offset, limit } = request
  const series = await fewSeries(search, max)
  if (series === undefined) return undefined
  const found: (Ordered & Match)[] = []
  const criteria = request.criteria.filter(({ keyword }) => levelOfKeyword(keyword) === 'instance')
  const isTimed = order.some(({ keyword }) => keyword === 'updatedAt')
  for (const some of batches(series)) {
    const byRow = new Map(some.map((each) => [each.rowId, each]))
    const rows = await database.read(() => readInstances([...byRow.keys()], wantedUIDs(criteria)))
    const times = isTimed ? await database.read(() => timesOfVersions([...byRow.keys()])) : undefined
    for (const instance of rows) {
      const each = byRow.get(instance.row_id)!
      const valuesOf = valuesOfInstance(instance, each, times?.get(`${instance.row_id} ${instance.added_in}`))
      if (!isMatchingInstance(valuesOf, criteria)) continue
      const place = [each.createdAt, each.rowId, numberOf(instance), instance.sop_instance_uid]
      found.push({ series: each, instance, keys: keysOf(order, valuesOf), place })
    }
  }
  const page = pageOf(found, { order, after, offset, limit })
  const there = await placed(database, page.rows)
  return { ...page, rows: there.map(({ row }) => row), positions: there.map(({ match }) => positionOf(match)) }
}

/** Of some instances together; a large series alone. */
function* batches(series: readonly ComparedSeries[]): Generator<readonly ComparedSeries[]> {
  let batch: ComparedSeries[] = []
  let instances = 0
  for (const each of series) {
    if (batch.length > 0 && instances + each.instances > INSTANCES_PER_READ) {
      yield batch
      batch = []
      instances = 0
    }
    batch.push(each)
    instances += each.instances
  }
  if (batch.length > 0) yield batch
}

/** Series in the order of their creation; the instances of each by InstanceNumber, then SOPInstanceUID. */
export async function scannedInstances(search: SeriesSearch): Promise<Page> {
  const { database, request } = search
  const { limit, rowsMax, after } = request
  const criteria = request.criteria.filter(({ keyword }) => levelOfKeyword(keyword) === 'instance')
  const found: Match[] = []
  const state = { offset: after?.offset ?? request.offset, left: rowsMax }
  let position = after && creationOf(after)
  let inSeries = after === undefined || after.after.length < 4 ? undefined : (after.after.slice(2) as [number, string])
  const page = async (isDone: boolean): Promise<Page> => ({
    ...withPositions(await placed(database, found)),
    next: isDone
      ? undefined
      : { mode: 'scanned', after: [position!.createdAt, position!.rowId, ...(inSeries ?? [])], offset: state.offset },
    total: undefined,
  })

  /** Returns whether the page is full. */
  async function scanInstances(series: ComparedSeries): Promise<boolean> {
    while (true) {
      const size = Math.max(1, Math.min(INSTANCES_PER_READ, state.left))
      const rows = await instancesAfter(database, { series, after: inSeries, limit: size, criteria })
      for (const instance of rows.found) {
        if (found.length === limit) return true
        const isMatch = isMatchingInstance(valuesOfInstance(instance, series, undefined), criteria)
        if (isMatch && state.offset > 0) state.offset--
        else if (isMatch) found.push({ series, instance })
        position = series
        inSeries = [numberOf(instance), instance.sop_instance_uid]
      }
      state.left -= Math.max(1, rows.found.length)
      if (rows.isAll) {
        position = series
        inSeries = undefined
        return false
      }
      if (state.left <= 0) return true
    }
  }

  const resumed = inSeries === undefined ? undefined : position
  if (resumed !== undefined) {
    // The series in which the page before ended: by its creation, since it is found no more after its own place.
    const before: Creation = { createdAt: resumed.createdAt, rowId: resumed.rowId - 1 }
    for await (const { read, rows } of scanSeries(search, { after: before, readMax: 1 })) {
      const [same] = rows
      if (read[0]?.rowId !== resumed.rowId || same === undefined) inSeries = undefined
      else if (await scanInstances(same)) return page(false)
    }
    inSeries = undefined
  }
  let examined = 0
  for await (const { rows, read } of scanSeries(search, {
    ...(position && { after: position }),
    readMax: rowsMax,
  })) {
    for (const row of rows) {
      if (found.length === limit || state.left <= 0) return page(false)
      if (await scanInstances(row)) return page(false)
    }
    position = read.at(-1) ?? position
    inSeries = undefined
    examined += read.length
    state.left -= read.length
  }
  return page(examined < rowsMax)
}

const withPositions = (
  found: readonly { readonly row: FoundInstance; readonly match: Match }[],
): Pick<Page, 'rows' | 'positions'> => ({
  rows: found.map(({ row }) => row),
  positions: found.map(({ match: { series, instance } }) => [
    ...[series.createdAt, series.rowId, numberOf(instance), instance.sop_instance_uid],
  ]),
})

async function instancesAfter(
  database: Transactions,
  {
    series,
    after,
    limit,
    criteria,
  }: {
    readonly series: ComparedSeries
    readonly after: [number, string] | undefined
    readonly limit: number
    readonly criteria: Parameters<typeof wantedUIDs>[0]
  },
): Promise<{ readonly found: readonly InstanceRow[]; readonly isAll: boolean }> {
  const named = wantedUIDs(criteria)
  if (named === undefined) {
    const found = await database.read(() => readInstancesInOrder(series.rowId, { after, limit }))
    return { found, isAll: found.length < limit }
  }
  const rows = await database.read(() => readInstances([series.rowId], named))
  const isAfter = (row: InstanceRow) =>
    after === undefined || numberOf(row) > after[0] || (numberOf(row) === after[0] && row.sop_instance_uid > after[1])
  const found = rows
    .filter(isAfter)
    .sort((a, b) => numberOf(a) - numberOf(b) || (a.sop_instance_uid < b.sop_instance_uid ? -1 : 1))
  return { found, isAll: true }
}

/** In the same order, with the bytes of each. What was deleted meanwhile is left out. */
async function placed<Each extends Match>(
  database: Transactions,
  rows: readonly Each[],
): Promise<readonly { readonly row: FoundInstance; readonly match: Each }[]> {
  const bySeries = Map.groupBy(rows, ({ series }) => series.rowId)
  const series = await database.read(() => readSeriesRows([...bySeries.keys()]))
  const places = new Map<number, ReadonlyMap<string, PlacedInstance>>()
  for (const [rowId, some] of bySeries) {
    const row = series.get(rowId)
    const sopInstanceUIDs = some.map(({ instance }) => instance.sop_instance_uid)
    if (row !== undefined) places.set(rowId, await database.read(() => placeInstances(row, sopInstanceUIDs)))
  }
  return rows.flatMap((match) => {
    const { rowId } = match.series
    const { instance } = match
    const at = places.get(rowId)?.get(instance.sop_instance_uid)
    if (at === undefined) return []
    const warningReasons = reasonsIn(instance).map(Number)
    const found = { placed: at, instanceNumber: instance.instance_number, warningReasons }
    return [{ row: { series: series.get(rowId)!.found, ...found }, match }]
  })
}
