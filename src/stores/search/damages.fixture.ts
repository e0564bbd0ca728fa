/** Every way in which the search index can differ from the image sets, caused by SQL that bypasses the catalog. */
import type { Catalog } from '../catalog/catalog.ts'
import type { IndexDifferenceKind } from '../catalog/search-repository.ts'
import type { Row, SqlValue } from '../sql/engine/statement.ts'
import { decodeEntries, type Entry, encodeEntries, entriesOf } from './kd-tree/entries.ts'
import { boundsOf, decodeBounds, encodeBounds, LeafBounds } from './kd-tree/leaf-bounds.ts'

/** A catalog on one of the engines. */
export interface Place {
  open(options?: { readOnly: boolean }): Promise<Catalog>
  /** Bypasses the catalog, with foreign keys off. */
  sql(text: string, ...values: readonly SqlValue[]): Promise<readonly Row[]>
}

/** A leaf with entries, of the partition of all primary image sets. */
async function someLeaf(place: Place, at = 0) {
  const rows = await place.sql(
    `SELECT leaf, entry_count, bounds, entries FROM search_leaves JOIN search_entries USING (leaf) JOIN search_partitions USING (partition)
     WHERE attribute = '' AND is_primary = 1 AND entry_count BETWEEN 1 AND 7 ORDER BY leaf`,
  )
  const row = rows[at]!
  const columns = decodeEntries(row.entries as Uint8Array)
  const numbers = decodeBounds(row.bounds as Uint8Array)
  const bounds = new LeafBounds()
  bounds.set(0, columns.count, numbers)
  return { leaf: row.leaf as number, numbers, region: bounds.regionAt(0), entries: entriesOf(columns) }
}

async function writeEntries(
  place: Place,
  { leaf, region }: Awaited<ReturnType<typeof someLeaf>>,
  entries: readonly Entry[],
) {
  const bytes = encodeEntries(entries)
  await place.sql('UPDATE search_entries SET entries = ? WHERE leaf = ?', bytes, leaf)
  const bounds = encodeBounds(boundsOf(region, decodeEntries(bytes)))
  await place.sql('UPDATE search_leaves SET entry_count = ?, bounds = ? WHERE leaf = ?', entries.length, bounds, leaf)
}

interface Damage {
  readonly what: string
  readonly kinds: readonly IndexDifferenceKind[]
  readonly differing?: readonly string[]
  readonly by: (place: Place) => Promise<unknown>
}

const PRIMARY_PARTITION = `(SELECT partition FROM search_partitions WHERE attribute = '' AND is_primary = 1)`
const ofRow = (column: string, value: string) => (place: Place) =>
  place.sql(`UPDATE image_sets SET ${column} = ${value} WHERE row_id = 7`)

/** For a catalog of 40 primary image sets of one patient and one study id, rows 1 to 40, in leaves of at most 8. */
export const DAMAGES: readonly Damage[] = [
  {
    what: 'another updatedAt',
    kinds: ['entry-differs', 'studies-differ'],
    differing: ['updatedAt'],
    by: ofRow('updated_at', 'updated_at + 1'),
  },
  {
    what: 'another createdAt',
    kinds: ['entry-differs'],
    differing: ['createdAt'],
    by: ofRow('created_at', 'created_at - 1'),
  },
  {
    what: 'a missing study date',
    kinds: ['entry-differs'],
    differing: ['DICOMStudyDateAndTime'],
    by: ofRow('study_timestamp', 'NULL'),
  },
  {
    what: 'another change number',
    kinds: ['entry-differs'],
    differing: ['change number'],
    by: ofRow('changed_in', 'changed_in + 1'),
  },
  {
    what: 'a text that does not belong to the partition',
    kinds: ['entry-in-wrong-partition', 'partition-incomplete', 'words-superfluous'],
    by: ofRow('patient_id', `'other'`),
  },
  {
    what: 'an image set that is no longer primary',
    kinds: ['entry-differs', 'entry-in-wrong-partition', 'partition-incomplete', 'studies-differ'],
    differing: ['isPrimary'],
    by: ofRow('is_primary', '0'),
  },
  {
    what: 'a deleted image set',
    kinds: ['entry-without-image-set', 'partition-incomplete', 'studies-differ', 'words-superfluous'],
    by: ofRow('deleted_at', '1'),
  },
  {
    what: 'an image set without an entry',
    kinds: ['partition-incomplete', 'words-missing'],
    by: (place) =>
      place.sql(
        `INSERT INTO image_sets (id_suffix, datastore, version, image_set_state, workflow_status, is_primary, created_at, updated_at,
           last_accessed_at, changed_in, instance_count, tags)
         SELECT id_suffix, datastore, version, image_set_state, workflow_status, is_primary, created_at, updated_at, last_accessed_at,
           changed_in, instance_count, tags FROM image_sets WHERE row_id = 7`,
      ),
  },
  {
    what: 'an entry missing from its leaf',
    kinds: ['partition-incomplete'],
    by: async (place) => {
      const leaf = await someLeaf(place)
      await writeEntries(place, leaf, leaf.entries.slice(1))
    },
  },
  {
    what: 'a duplicate entry',
    kinds: ['entry-twice', 'partition-incomplete'],
    by: async (place) => {
      const leaf = await someLeaf(place)
      await writeEntries(place, leaf, [...leaf.entries, leaf.entries[0]!])
    },
  },
  {
    what: 'an entry in the leaf of another region',
    kinds: ['entry-outside-region'],
    by: async (place) => {
      const [from, to] = [await someLeaf(place), await someLeaf(place, 1)]
      await writeEntries(place, from, from.entries.slice(1))
      await writeEntries(place, to, [...to.entries, from.entries[0]!])
    },
  },
  {
    what: 'a wrong entry count',
    kinds: ['leaf-count-wrong', 'partition-incomplete'],
    by: async (place) =>
      place.sql('UPDATE search_leaves SET entry_count = entry_count + 1 WHERE leaf = ?', (await someLeaf(place)).leaf),
  },
  {
    what: 'a bounding box that misses an entry',
    kinds: ['leaf-bounds-wrong'],
    by: async (place) => {
      const { leaf, numbers } = await someLeaf(place)
      const wrong = numbers.with(14, numbers[14]! - 1)
      await place.sql('UPDATE search_leaves SET bounds = ? WHERE leaf = ?', encodeBounds(wrong), leaf)
    },
  },
  {
    what: 'a region that is too large',
    kinds: ['regions-overlap'],
    by: async (place) => {
      const { leaf, numbers } = await someLeaf(place)
      const wrong = Float64Array.from(numbers, (number, at) => (at < 4 ? -Infinity : at < 8 ? Infinity : number))
      await place.sql('UPDATE search_leaves SET bounds = ? WHERE leaf = ?', encodeBounds(wrong), leaf)
    },
  },
  {
    what: 'truncated entries',
    kinds: ['leaf-damaged'],
    by: async (place) =>
      place.sql(
        'UPDATE search_entries SET entries = ? WHERE leaf = ?',
        new Uint8Array(51),
        (await someLeaf(place)).leaf,
      ),
  },
  {
    what: 'a leaf older than its entries',
    kinds: ['leaf-older-than-entry'],
    by: async (place) =>
      place.sql('UPDATE search_leaves SET changed_in = 0 WHERE leaf = ?', (await someLeaf(place)).leaf),
  },
  {
    what: 'a leaf without entries',
    kinds: ['leaf-without-entries'],
    by: async (place) => place.sql('DELETE FROM search_entries WHERE leaf = ?', (await someLeaf(place)).leaf),
  },
  {
    what: 'entries without bounds',
    kinds: ['entries-without-leaf', 'partition-incomplete', 'regions-leave-gap'],
    by: async (place) => place.sql('DELETE FROM search_leaves WHERE leaf = ?', (await someLeaf(place)).leaf),
  },
  {
    what: 'leaves without a partition',
    kinds: ['leaf-without-partition', 'text-without-postings'],
    by: (place) => place.sql(`DELETE FROM search_partitions WHERE attribute = 'DICOMPatientId'`),
  },
  {
    what: 'no partition of all primary image sets',
    kinds: ['image-sets-without-partition'],
    by: async (place) => {
      await place.sql(
        `DELETE FROM search_entries WHERE leaf IN (SELECT leaf FROM search_leaves WHERE partition = ${PRIMARY_PARTITION})`,
      )
      await place.sql(`DELETE FROM search_leaves WHERE partition = ${PRIMARY_PARTITION}`)
      await place.sql(`DELETE FROM search_partitions WHERE partition = ${PRIMARY_PARTITION}`)
    },
  },
  {
    what: 'a high-frequency text without postings',
    kinds: ['posting-without-word', 'text-without-postings'],
    by: (place) => place.sql(`DELETE FROM search_tokens WHERE word_key LIKE 'A=%'`),
  },
  {
    what: 'a partition of a data store that does not exist',
    kinds: ['entry-in-wrong-partition', 'partition-without-datastore', 'text-without-postings'],
    by: (place) => place.sql(`UPDATE search_partitions SET datastore = 99 WHERE attribute = 'DICOMPatientId'`),
  },
  {
    what: 'another name',
    kinds: ['studies-differ', 'words-missing', 'words-superfluous'],
    by: ofRow('tags', `'{"DICOMPatientName":"MILLER"}'`),
  },
  {
    what: 'another series description',
    kinds: ['words-missing'],
    by: ofRow('unlisted_texts', `'{"SeriesDescription":"thorax"}'`),
  },
  {
    what: 'a text of an attribute that is not declared',
    kinds: ['text-without-declaration', 'words-missing'],
    by: ofRow('unlisted_texts', `'{"words 7":["thorax"]}'`),
  },
  {
    what: 'a posting that is missing',
    kinds: ['word-without-posting', 'words-missing'],
    by: (place) => place.sql('DELETE FROM search_postings WHERE token = 1'),
  },
  {
    what: 'a posting of a word that does not exist',
    kinds: ['posting-without-word'],
    by: (place) =>
      place.sql(
        'INSERT INTO search_postings SELECT dictionary, chunk, 99, offsets FROM search_postings WHERE token = 1',
      ),
  },
  {
    what: 'a word without a posting',
    kinds: ['word-without-posting'],
    by: (place) => place.sql(`INSERT INTO search_tokens (token, dictionary, word_key) VALUES (99, 1, 'a.miller')`),
  },
  {
    what: 'a posting that was truncated',
    kinds: ['words-damaged'],
    by: (place) => place.sql('UPDATE search_postings SET offsets = ? WHERE token = 1', new Uint8Array(3)),
  },
  {
    what: 'an image set that is in the tail and in postings',
    kinds: ['words-superfluous'],
    by: (place) => place.sql('INSERT INTO search_tail (dictionary, row_id, added_in) VALUES (1, 7, 1)'),
  },
  {
    what: 'a study with another total',
    kinds: ['studies-differ'],
    by: (place) => place.sql('UPDATE studies SET instances = 7 WHERE study = 7'),
  },
  {
    what: 'a study without image sets',
    kinds: ['studies-differ'],
    by: (place) => place.sql(`UPDATE studies SET study_instance_uid = '1.2.3' WHERE study = 7`),
  },
  {
    what: 'a missing study',
    kinds: ['studies-differ', 'study-total-wrong'],
    by: (place) => place.sql('DELETE FROM studies WHERE study = 7'),
  },
  {
    what: 'no dictionary',
    kinds: ['image-sets-without-words'],
    by: (place) => place.sql(`UPDATE search_dictionaries SET state = 'retired'`),
  },
]
