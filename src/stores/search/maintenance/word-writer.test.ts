/** Words of patients: which are in the dictionary, and that none remains. The property test of searches compares what is found. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import { toTerms } from '../../../imaging/search/terms.ts'
import { AT, collected, createDatastore, importFiles, storedFile } from '../../catalog/conformance/catalog.fixture.ts'
import { PatternTooBroad } from '../../catalog/search-repository.ts'
import { openSqliteCatalog } from '../../sql/open-sqlite.ts'
import { INDEX_SIZES, type IndexSizes } from '../kd-tree/sizes.ts'

const SMALL: IndexSizes = { ...INDEX_SIZES, prefixWordsMax: 3, tailRowsMax: 10, sealedTokensMax: 7 }
const ids = () => crypto.randomUUID().replaceAll('-', '')

async function openStore(sizes = SMALL) {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-words-'))
  removeAtExit(folder)
  const path = join(folder, 'catalog.sqlite')
  const catalog = await openSqliteCatalog({ path, newId: ids, sizes })
  const datastoreId = await createDatastore(catalog)
  let imports = 0
  return {
    catalog,
    path,
    datastoreId,
    /** Each in a study of its own, named by the index: the same study again changes the name. */
    importNames: (names: readonly string[], firstStudy = 0) => {
      const [at, run] = [AT + ++imports, imports]
      const files = names.map((patientName, index) =>
        storedFile(`k${run}-${String(index).padStart(4, '0')}`, { study: `1.2.${firstStudy + index}`, patientName }),
      )
      return importFiles(catalog, { datastoreId, files, at })
    },
    async remove(imageSetIds: readonly string[]) {
      for (const imageSetId of imageSetIds) await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 100 })
    },
    /** Any change but an addition seals the tail. */
    async sealAll() {
      const made = await this.importNames(['x'], 1_000)
      await this.remove(made.map(({ imageSetId }) => imageSetId))
    },
    async keys(): Promise<string[]> {
      const database = new Database(path, { readonly: true })
      try {
        const rows = database.prepare<[], { word_key: string }>('SELECT word_key FROM search_tokens ORDER BY word_key')
        return rows.all().map(({ word_key }) => word_key)
      } finally {
        database.close()
      }
    },
    async assertVerified() {
      const verified = await collected(catalog.searchIndex.verify())
      assert.deepEqual(
        verified.flatMap(({ differences }) => differences),
        [],
      )
    },
  }
}

test('a prefix of four characters gets a token when more words share it, and loses it with its last word', async () => {
  const store = await openStore()
  const three = Array.from({ length: 12 }, (_, index) => `mull${'abc'[index % 3]}`)
  await store.importNames(three)
  await store.sealAll()
  assert.ok((await store.keys()).includes('a.mulla') && !(await store.keys()).includes('a-mull'))
  const made = await store.importNames([...three, ...Array.from({ length: 12 }, () => 'mulld')])
  await store.sealAll()
  assert.ok((await store.keys()).includes('a-mull'))
  assert.ok(!(await store.keys()).includes('a-mulla'), 'a longer prefix of one word has none')
  await store.assertVerified()
  await store.importNames(
    Array.from({ length: 24 }, (_, index) => `mull${index}`),
    100,
  )
  await store.assertVerified()
  await store.remove(made.map(({ imageSetId }) => imageSetId))
  await store.assertVerified()
  assert.ok((await store.keys()).includes('a-mull'))
  await store.importNames(
    Array.from({ length: 24 }, () => 'other'),
    100,
  )
  assert.deepEqual(await store.keys(), ['a-o', 'a-ot', 'a-oth', 'a.other'])
  await store.assertVerified()
  await store.catalog.close()
})

test('a tail is sealed step by step, by each writer from where the other one ended', async () => {
  const store = await openStore()
  const other = await openSqliteCatalog({ path: store.path, newId: ids, sizes: SMALL })
  const names = Array.from({ length: 40 }, (_, index) => `Word${index}^Given${index % 7}`)
  const sealing = () => {
    const database = new Database(store.path, { readonly: true })
    const row = database
      .prepare<[], { to: number | null; token: number | null; tail: number }>(
        `SELECT sealing_to AS "to", sealed_token AS token, (SELECT count(*) FROM search_tail) AS tail FROM search_dictionaries`,
      )
      .get()!
    database.close()
    return row
  }
  const seen: ReturnType<typeof sealing>[] = []
  for (const [index, name] of names.entries()) {
    const files = [storedFile(`s${String(index).padStart(3, '0')}`, { study: `1.3.${index}`, patientName: name })]
    const catalog = index % 2 === 0 ? store.catalog : other
    await importFiles(catalog, { datastoreId: store.datastoreId, files, at: AT + index })
    seen.push(sealing())
    await store.assertVerified()
    const newestFirst = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
    for (const [words, found] of [
      ['word', index + 1],
      [`word${index}`, 1],
      ['given0 word', Math.floor(index / 7) + 1],
    ] as const) {
      const search = { filters: [], sort: newestFirst, terms: toTerms([['PatientName', words]]) }
      const asked = { datastoreId: store.datastoreId, search, limit: 50, count: 'exact' } as const
      const page = await store.catalog.imageSets.search(asked)
      assert.equal(page.total, found, words)
    }
  }
  const steps = seen.filter(({ to }) => to !== null)
  assert.ok(steps.length > 10, 'several changes write the postings of one tail')
  assert.ok(new Set(steps.map(({ to }) => to)).size > 1, 'more than one tail is sealed')
  assert.ok(
    seen.some(({ to }, at) => to === null && at > 0 && seen[at - 1]!.to !== null),
    'a sealing ends',
  )
  await other.close()
  await store.catalog.close()
})

test('image sets in several chunks of row ids are found together, and removed from each', async () => {
  const store = await openStore()
  const made: string[] = []
  const names = Array.from({ length: 12 }, (_, index) => `mull${'abcdef'[index % 6]}`)
  for (const [round, lastRow] of [undefined, 65_530, 131_068].entries()) {
    // A deleted image set, after whose row id the next ones are counted: they lie in two chunks.
    if (lastRow !== undefined) {
      const outside = new Database(store.path)
      outside
        .prepare(
          `INSERT INTO image_sets (row_id, id_suffix, datastore, version, image_set_state, workflow_status, is_primary, created_at,
             updated_at, last_accessed_at, deleted_at, changed_in, instance_count, tags)
           SELECT ?, id_suffix, datastore, version, 'DELETED', 'DELETED', is_primary, created_at, updated_at, last_accessed_at, 1,
             changed_in, 0, '{}' FROM image_sets WHERE row_id = 1`,
        )
        .run(lastRow)
      outside.close()
    }
    made.push(...(await store.importNames(names, 100 * round)).map(({ imageSetId }) => imageSetId))
  }
  const find = async () => {
    const newestFirst = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
    const search = { filters: [], sort: newestFirst, terms: toTerms([['PatientName', 'mull']]) }
    const page = await store.catalog.imageSets.search({
      ...{ datastoreId: store.datastoreId, search, limit: 50 },
      count: 'exact',
    })
    return { found: page.rows.map(({ imageSetId }) => imageSetId).sort(), total: page.total }
  }
  assert.deepEqual(await find(), { found: made.toSorted(), total: 36 })
  await store.assertVerified()
  const removed = made.filter((_, index) => index % 3 > 0)
  await store.remove(removed)
  assert.deepEqual(await find(), { found: made.filter((_, index) => index % 3 === 0).sort(), total: 12 })
  await store.assertVerified()
  await store.remove(made.filter((_, index) => index % 3 === 0))
  assert.deepEqual(await store.keys(), [])
  await store.assertVerified()
  await store.catalog.close()
})

test('a word with wildcards that too many words begin like, or that too many match, is refused', async () => {
  const store = await openStore({ ...SMALL, patternWordsMax: 20, patternMatchesMax: 5 })
  await store.importNames(Array.from({ length: 30 }, (_, index) => `${index < 15 ? 'ab' : 'cd'}${index}`))
  const find = async (words: string) => {
    const newestFirst = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
    const search = { filters: [], sort: newestFirst, terms: toTerms([['PatientName', words]]) }
    return (await store.catalog.imageSets.search({ datastoreId: store.datastoreId, search, limit: 50 })).rows.length
  }
  assert.equal(await find('ab1?'), 5)
  assert.equal(await find('ab?3'), 1)
  assert.equal(await find('ab'), 15)
  await assert.rejects(find('*3'), PatternTooBroad)
  await assert.rejects(find('ab?'), PatternTooBroad)
  await store.catalog.close()
})

test('a deleted or changed name leaves nothing in the file', async () => {
  for (const sizes of [SMALL, INDEX_SIZES]) {
    const store = await openStore(sizes)
    const names = Array.from({ length: 60 }, (_, index) => `Zwölfling${index}^Änne${index}`)
    const made = await store.importNames(names)
    const renamed = await store.importNames(names.map((name) => `Größe ${name}`))
    await store.importNames(Array.from({ length: 60 }, () => 'Große^x'))
    await store.assertVerified()
    await store.remove([...new Set([...made, ...renamed].map(({ imageSetId }) => imageSetId))])
    assert.deepEqual(await store.keys(), [])
    await store.assertVerified()
    await store.catalog.close()
    const bytes = await readFile(store.path)
    // Folded: only the dictionary had them so.
    for (const word of ['zwolfling', 'zwoelfling', 'anne1', 'grosse', 'groesse']) {
      assert.ok(!bytes.includes(word), `${word} remains in the file`)
    }
  }
})

test('image sets of the tail can be changed and deleted by another process than the one that added them', async () => {
  const { catalog, path, datastoreId, importNames, assertVerified } = await openStore()
  const other = await openSqliteCatalog({ path, newId: ids, sizes: SMALL })
  const ofStudy = (study: number, patientName: string) =>
    storedFile(`other-${study}`, { study: `1.2.${study}`, patientName })
  // The second time, the tail is being sealed: eleven image sets are more than it may have.
  for (const [first, names] of [
    [0, ['Muller^Anna', 'Meier^Jo', 'Mullart']],
    [100, Array.from({ length: 11 }, (_, at) => `Name${at}^Common${at % 3}`)],
  ] as const) {
    const made = await importNames(names, first)
    await importFiles(other, { datastoreId, files: [ofStudy(first, 'Changed^Name')], at: AT + 50 })
    await assertVerified()
    await importNames(['Next'], first + 50)
    const { imageSetId } = made[1]!
    assert.equal(await other.imageSets.delete({ datastoreId, imageSetId, at: AT + 60 }), 'deleted')
    await assertVerified()
  }
  await other.close()
  await catalog.close()
})
