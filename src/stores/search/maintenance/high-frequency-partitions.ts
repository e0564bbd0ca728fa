/** Which texts get partitions: those that many image sets have, and pairs of these. A partition is dropped when too few are left. */
import { isUid } from '../../../contract/search-attributes.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, type Sql } from '../../sql/engine/statement.ts'
import { imageSetsWith, mostSelectiveFirst, type Text } from '../../sql/rows/search-columns.ts'
import { type Indexed, indexedWith } from '../indexed-image-set.ts'
import { decodeEntries, encodeEntries, ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { bothKeys, largeTexts, nameOfTexts, pairsOf, partitionsFor } from '../partitions.ts'
import { type Counted, type PartitionWriter, singlesOf } from './partition-writer.ts'
import type { WordWriter } from './word-writer.ts'

export interface IndexWriting {
  readonly sizes: IndexSizes
  readonly dialect: Dialect
  readonly partitions: PartitionWriter
  readonly words: WordWriter
  /** The number of the change. */
  readonly change: number
}

/** Of one data store, after the changes are in the partitions that existed. */
export function* adjustPartitions(
  writing: IndexWriting,
  datastore: number,
  { added, edited }: { readonly added: readonly Indexed[]; readonly edited: ReadonlyMap<string, Counted> },
): Sql<void> {
  const { partitions, sizes } = writing
  const built = yield* buildMissing(writing, datastore, { added, edited })
  yield* buildPairs(writing, datastore, { added, counted: [...edited.values(), ...built] })
  for (const { texts, after } of edited.values()) {
    if (after < highFrequencyUntil(texts, sizes)) yield* partitions.drop(datastore, texts)
  }
}

/** Builds partitions for texts that have become high-frequency; and for all image sets, when a data store gets its first. */
function* buildMissing(
  writing: IndexWriting,
  datastore: number,
  { added, edited }: { readonly added: readonly Indexed[]; readonly edited: ReadonlyMap<string, Counted> },
): Sql<readonly Counted[]> {
  const missing = new Map<string, readonly Text[]>()
  for (const imageSet of added) {
    // Counting is expensive, so only a sample triggers it: a text may pass the threshold by a few hundred.
    for (const texts of isSampled(imageSet, writing.sizes) ? singlesOf(imageSet) : [[]]) {
      const name = nameOfTexts(texts)
      if (!edited.has(name)) missing.set(name, texts)
    }
  }
  const built: Counted[] = []
  for (const texts of missing.values()) {
    if (texts.length === 0 || (yield* isHighFrequency(writing, datastore, texts)))
      built.push(yield* build(writing, datastore, texts))
  }
  return built
}

/**
 * Builds partitions for each pair of large texts that some image set has both of. A search relies on it: where a pair of large texts
 * has no partition, no image set has both.
 */
function* buildPairs(
  writing: IndexWriting,
  datastore: number,
  { added, counted }: { readonly added: readonly Indexed[]; readonly counted: readonly Counted[] },
): Sql<void> {
  const { pairFrom } = writing.sizes
  const large = counted.filter(({ texts, after }) => texts.length === 1 && after > pairFrom)
  const names = new Set(large.map(({ texts }) => nameOfTexts(texts)))
  const wanted = added.flatMap(({ texts }) => pairsOf(texts.filter((text) => names.has(nameOfTexts([text])))))
  for (const { texts, before } of large) {
    if (before > pairFrom) continue
    const others = yield* largeTexts(datastore, pairFrom)
    wanted.push(
      ...others.filter(({ attribute }) => attribute !== texts[0]!.attribute).map((other) => [...texts, other]),
    )
  }
  const pairs = new Map(wanted.map((texts) => [nameOfTexts(texts), texts]))
  const known = yield* partitionsFor(datastore, [...pairs.values()].flatMap(bothKeys))
  for (const [name, texts] of pairs) if (!known.has(name)) yield* build(writing, datastore, texts)
}

/** Sampled by a hash of the row id, so that no regular pattern of imports evades counting. */
function isSampled({ entry }: Indexed, sizes: IndexSizes): boolean {
  return (Math.imul(entry.point[ROW_ID]!, 0x9e3779b1) >>> 8) % sizes.countEvery === 0
}

function* isHighFrequency({ sizes, dialect }: IndexWriting, datastore: number, texts: readonly Text[]): Sql<boolean> {
  const { text, values } = imageSetsWith(mostSelectiveFirst(texts), { datastore, dialect })
  const from = texts.some(isOfUid) ? sizes.highFrequencyUidFrom : sizes.highFrequencyFrom
  const beyond = yield* all(`SELECT 1 AS one ${text} LIMIT 1 OFFSET ?`, ...values, from)
  return beyond.length > 0
}

/** Below this many image sets, the partitions of the texts are dropped. */
function highFrequencyUntil(texts: readonly Text[], sizes: IndexSizes): number {
  if (texts.length !== 1) return texts.length === 0 ? 0 : 1
  return texts.some(isOfUid) ? sizes.highFrequencyUidUntil : sizes.highFrequencyUntil
}

/** Builds from the rows as they are now. A pair that no image set has gets no partition. */
function* build(
  { dialect, partitions, change }: IndexWriting,
  datastore: number,
  texts: readonly Text[],
): Sql<Counted> {
  const rows = yield* indexedWith(datastore, texts, dialect)
  for (const key of rows.length === 0 && texts.length === 2 ? [] : bothKeys(texts)) {
    const entries = rows.filter(({ isPrimary }) => isPrimary === key.isPrimary).map(({ entry }) => entry)
    yield* partitions.add({
      ...{ datastore, key, state: 'live', change },
      entries: decodeEntries(encodeEntries(entries)),
    })
  }
  return { texts, before: 0, after: rows.length }
}

const isOfUid = ({ attribute }: Text) => isUid(attribute)
