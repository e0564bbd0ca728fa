/**
 * Compares the search index with the image sets, while others write. Each batch is one short read transaction, so that it sees one
 * snapshot of both; memory holds a few leaves, or the bounds of one partition.
 *
 * Why batches are enough: every entry names a row that has the entry's dates and belongs to its partition. Dates and row id are a point,
 * the point is in the region of its leaf, and no two regions of a partition share a point: so no row has two entries. Equal numbers of
 * entries and rows then mean that each row has its entry. A concurrent write changes both sides in one transaction, so a correct leaf
 * stays correct; a leaf that is split moves its upper half to a leaf with a higher number, which is verified later.
 */
import { setImmediate } from 'node:timers/promises'
import type { IndexDifference, IndexDifferenceKind, IndexVerified } from '../catalog/search-repository.ts'
import type { Dialect } from '../sql/engine/differences.ts'
import { all, allOfMany, one, type Sql, type Transactions } from '../sql/engine/statement.ts'
import { imageSetsWith, type Text } from '../sql/rows/search-columns.ts'
import { INDEXED_COLUMNS, type Indexed, type IndexedRow, indexedOf } from './indexed-image-set.ts'
import { DIMENSIONS, decodeEntries, ENTRY_BYTES, type Entry, entriesOf, ROW_ID } from './kd-tree/entries.ts'
import { boundsOf, decodeBounds, LeafBounds } from './kd-tree/leaf-bounds.ts'
import { checkRegions, isWholeBounds } from './kd-tree/regions.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import {
  bothKeys,
  nameOf,
  type Partition,
  type PartitionKey,
  type PartitionState,
  partitionOfRow,
  partitionsFor,
} from './partitions.ts'
import { verifyStudies } from './verify-studies.ts'
import { verifyWords } from './verify-words.ts'

/** Some 8,000 entries: a transaction of some ten milliseconds. */
const LEAVES_PER_BATCH = 16
const NUMBERS_PER_BATCH = 1_000

export async function* verifySearchIndex(
  database: Transactions,
  options: { readonly dialect: Dialect; readonly sizes: Pick<IndexSizes, 'prefixWordsMax'> },
): AsyncGenerator<IndexVerified> {
  const entriesInAll = await database.read(entriesCounted)
  let [leaves, entries, partitions] = [0, 0, 0]
  const soFar = (differences: readonly IndexDifference[]): IndexVerified => ({
    ...{ leaves, entries, entriesInAll, partitions, differences },
  })
  for (let after = -1; ; ) {
    const batch = await database.read(() => verifyLeaves(after))
    leaves += batch.leaves
    entries += batch.entries
    yield soFar(batch.differences)
    // Reads of SQLite are synchronous: let other tasks of the process run.
    await setImmediate()
    if (batch.last === undefined) break
    after = batch.last
  }
  for (let after = -1; ; ) {
    const stray = await database.read(() => strayEntries(after))
    if (stray.length === 0) break
    yield soFar(stray.map((leaf) => ({ kind: 'entries-without-leaf', leaf })))
    after = stray.at(-1)!
  }
  for await (const partition of numbers(database, { table: 'search_partitions', key: 'partition' })) {
    const differences = await database.read(() => verifyPartition(partition, options.dialect))
    partitions += 1
    yield soFar(differences)
    await setImmediate()
  }
  for await (const datastore of numbers(database, { table: 'datastores', key: 'datastore' })) {
    yield soFar(await database.read(() => verifyDatastore(datastore, options.dialect)))
  }
  for await (const differences of verifyWords(database, options.sizes)) yield soFar(differences)
  for await (const differences of verifyStudies(database)) yield soFar(differences)
}

function* entriesCounted(): Sql<number> {
  const row = yield* one<{ sum: number }>(
    'SELECT CAST(coalesce(sum(entry_count), 0) AS BIGINT) AS sum FROM search_leaves',
  )
  return row!.sum
}

/** The keys of a table in order, read batch by batch. */
async function* numbers(database: Transactions, { table, key }: { table: string; key: string }) {
  for (let after = -1; ; ) {
    const from = after
    const rows = await database.read(() =>
      all<{ number: number }>(
        `SELECT ${key} AS number FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ?`,
        ...[from, NUMBERS_PER_BATCH],
      ),
    )
    for (const { number } of rows) yield number
    if (rows.length < NUMBERS_PER_BATCH) return
    after = rows.at(-1)!.number
  }
}

// ---- Leaves ------------------------------------------------------------------------------------------------------

interface LeafRow {
  readonly leaf: number
  readonly entry_count: number
  readonly changed_in: number
  readonly bounds: Uint8Array
  readonly entries: Uint8Array | null
  readonly partition: number | null
  readonly datastore: number
  readonly state: PartitionState
  readonly is_primary: number
  readonly attribute: string
  readonly value: string
}

interface Batch {
  readonly leaves: number
  readonly entries: number
  /** The last leaf read; undefined when it was the last of all. */
  readonly last: number | undefined
  readonly differences: readonly IndexDifference[]
}

function* verifyLeaves(after: number): Sql<Batch> {
  const leaves = yield* all<LeafRow>(
    `SELECT l.leaf, l.entry_count, l.changed_in, l.bounds, e.entries, s.partition, s.datastore, s.state, s.is_primary, s.attribute,
       s.value
     FROM search_leaves l LEFT JOIN search_entries e ON e.leaf = l.leaf LEFT JOIN search_partitions s ON s.partition = l.partition
     WHERE l.leaf > ? ORDER BY l.leaf LIMIT ?`,
    ...[after, LEAVES_PER_BATCH],
  )
  const differences: IndexDifference[] = []
  let entries = 0
  for (const leaf of leaves) {
    differences.push(...(yield* verifyLeaf(leaf)))
    entries += leaf.entry_count
  }
  const last = leaves.length < LEAVES_PER_BATCH ? undefined : leaves.at(-1)!.leaf
  return { leaves: leaves.length, entries, last, differences }
}

function* verifyLeaf(row: LeafRow): Sql<readonly IndexDifference[]> {
  const { leaf } = row
  if (row.partition === null) return [{ kind: 'leaf-without-partition', leaf }]
  // No search reads it.
  if (row.state === 'retired') return []
  const partition = partitionOfRow({ ...row, partition: row.partition })
  const place = { ...placeOf(partition, row.datastore), leaf }
  if (row.entries === null) return [{ kind: 'leaf-without-entries', ...place }]
  if (row.entries.byteLength % ENTRY_BYTES !== 0 || !isWholeBounds(row.bounds)) {
    return [{ kind: 'leaf-damaged', ...place }]
  }
  const columns = decodeEntries(row.entries)
  const entries = entriesOf(columns)
  const numbers = decodeBounds(row.bounds)
  const region = new LeafBounds()
  region.set(leaf, columns.count, numbers)
  const differences: IndexDifference[] = []
  const found = (kind: IndexDifferenceKind, more: Partial<IndexDifference> = {}) =>
    differences.push({ kind, ...place, ...more })
  if (columns.count !== row.entry_count) found('leaf-count-wrong')
  const wanted = boundsOf(region.regionAt(0), columns)
  if (numbers.some((number, at) => number !== wanted[at])) found('leaf-bounds-wrong')
  if (entries.some((entry) => entry.changedIn > row.changed_in)) found('leaf-older-than-entry')

  const imageSets = yield* livingImageSets(entries.map((entry) => entry.point[ROW_ID]!))
  const seen = new Set<number>()
  for (const entry of entries) {
    const rowId = entry.point[ROW_ID]!
    if (seen.has(rowId)) found('entry-twice', { rowId })
    seen.add(rowId)
    if (region.find(entry.point) === undefined) found('entry-outside-region', { rowId })
    const imageSet = imageSets.get(rowId)
    if (imageSet === undefined) {
      found('entry-without-image-set', { rowId })
      continue
    }
    if (imageSet.datastore !== row.datastore || !isOfPartition(imageSet, partition))
      found('entry-in-wrong-partition', { rowId })
    const differing = differingValues(entry, imageSet.entry)
    if (differing.length > 0) found('entry-differs', { rowId, differing })
  }
  return differences
}

const placeOf = ({ partition, isPrimary, text }: Partition, datastore: number) => ({
  datastore,
  partition,
  isPrimary,
  attributes: attributesOf(text),
})

const attributesOf = (text: Text | undefined) => (text === undefined ? [] : [text.attribute])

const isOfPartition = (imageSet: Indexed, { isPrimary, text }: Partition): boolean =>
  imageSet.isPrimary === isPrimary &&
  (text === undefined ||
    imageSet.texts.some(({ attribute, equals }) => attribute === text.attribute && equals === text.equals))

/** The values of an entry beside its row id. */
const VALUES: readonly (readonly [name: string, of: (entry: Entry) => number | boolean])[] = [
  ...DIMENSIONS.slice(0, ROW_ID).map((name, dimension) => [name, (entry: Entry) => entry.point[dimension]!] as const),
  ['change number', (entry) => entry.changedIn],
  ['isPrimary', (entry) => entry.isPrimary],
]

const differingValues = (held: Entry, wanted: Entry): string[] =>
  VALUES.filter(([, of]) => of(held) !== of(wanted)).map(([name]) => name)

function* livingImageSets(rowIds: readonly number[]): Sql<ReadonlyMap<number, Indexed>> {
  const rows = yield* allOfMany<IndexedRow>(
    (marks) => `SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE deleted_at IS NULL AND row_id IN (${marks})`,
    [],
    // A damaged leaf may hold any number.
    rowIds.filter(Number.isSafeInteger),
  )
  return new Map(rows.map((row) => [row.row_id, indexedOf(row)]))
}

function* strayEntries(after: number): Sql<readonly number[]> {
  const rows = yield* all<{ leaf: number }>(
    `SELECT leaf FROM search_entries WHERE leaf > ?
     AND NOT EXISTS (SELECT 1 FROM search_leaves WHERE search_leaves.leaf = search_entries.leaf) ORDER BY leaf LIMIT ?`,
    ...[after, NUMBERS_PER_BATCH],
  )
  return rows.map(({ leaf }) => leaf)
}

// ---- Partitions --------------------------------------------------------------------------------------------------

interface PartitionRow {
  readonly state: PartitionState
  readonly is_primary: number
  readonly attribute: string
  readonly value: string
  readonly datastore: number
  /** Null where the data store does not exist. */
  readonly known: number | null
  /** The last row in the partitions being rebuilt. */
  readonly rebuilt_to: number | null
}

/** No differences where the partition was dropped in the meantime. */
function* verifyPartition(number: number, dialect: Dialect): Sql<readonly IndexDifference[]> {
  const row = yield* one<PartitionRow>(
    `SELECT s.state, s.is_primary, s.attribute, s.value, s.datastore, d.datastore AS known, c.rebuilt_to
     FROM search_partitions s LEFT JOIN datastores d ON d.datastore = s.datastore LEFT JOIN changes c ON c.datastore = s.datastore WHERE s.partition = ?`,
    number,
  )
  if (row === undefined || row.state === 'retired') return []
  const partition = partitionOfRow({ ...row, partition: number })
  const place = placeOf(partition, row.datastore)
  if (row.known === null) return [{ kind: 'partition-without-datastore', ...place }]
  const leaves = yield* all<{ leaf: number; entry_count: number; bounds: Uint8Array }>(
    'SELECT leaf, entry_count, bounds FROM search_leaves WHERE partition = ?',
    number,
  )
  const differences: IndexDifference[] = []
  const whole = leaves.filter(({ bounds }) => isWholeBounds(bounds))
  const { overlap, hasGap } = checkRegions(whole.map(({ bounds }) => decodeBounds(bounds)))
  if (overlap !== undefined) differences.push({ kind: 'regions-overlap', ...place, leaf: whole[overlap[0]]!.leaf })
  if (hasGap) differences.push({ kind: 'regions-leave-gap', ...place })
  const entries = leaves.reduce((sum, { entry_count }) => sum + entry_count, 0)
  const upTo = row.state === 'rebuilding' ? (row.rebuilt_to ?? -1) : undefined
  const imageSets = yield* countImageSets(row.datastore, partition, { dialect, upTo })
  if (entries !== imageSets) differences.push({ kind: 'partition-incomplete', ...place, entries, imageSets })
  // Partitions of primary image sets and of the others exist in pairs.
  if (row.state === 'live') differences.push(...(yield* missingPartitions(row.datastore, partition.text, dialect)))
  return differences
}

function* countImageSets(
  datastore: number,
  { isPrimary, text: value }: PartitionKey,
  { dialect, upTo }: { readonly dialect: Dialect; readonly upTo?: number | undefined },
): Sql<number> {
  const { text, values } = imageSetsWith(value === undefined ? [] : [value], { datastore, dialect })
  const counted = yield* one<{ count: number }>(
    `SELECT count(*) AS count ${text} AND is_primary = ? ${upTo === undefined ? '' : 'AND row_id <= ?'}`,
    ...[...values, isPrimary ? 1 : 0, ...(upTo === undefined ? [] : [upTo])],
  )
  return counted!.count
}

/** The partitions of the text that do not exist although image sets belong to them. */
function* missingPartitions(
  datastore: number,
  text: Text | undefined,
  dialect: Dialect,
): Sql<readonly IndexDifference[]> {
  const found = yield* partitionsFor(datastore, bothKeys(text))
  const differences: IndexDifference[] = []
  for (const key of bothKeys(text)) {
    if (found.has(nameOf(key))) continue
    const imageSets = yield* countImageSets(datastore, key, { dialect })
    if (imageSets === 0) continue
    const { isPrimary } = key
    const attributes = attributesOf(text)
    differences.push({ kind: 'image-sets-without-partition', datastore, isPrimary, attributes, imageSets })
  }
  return differences
}

// ---- Data stores -------------------------------------------------------------------------------------------------

/** Texts may have no partitions; all image sets of a data store must have. */
function* verifyDatastore(datastore: number, dialect: Dialect): Sql<readonly IndexDifference[]> {
  const found = yield* partitionsFor(datastore, bothKeys(undefined))
  return found.size === 0 ? yield* missingPartitions(datastore, undefined, dialect) : []
}
