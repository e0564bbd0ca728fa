/** Conformance of a catalog: attributes that are declared searchable, while image sets are published, updated and deleted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeclarableAttribute } from '../../../imaging/search/declared.ts'
import { toTerms } from '../../../imaging/search/terms.ts'
import type { Catalog } from '../catalog.ts'
import { type Declaration, DeclarationsChanged, percentDone } from '../declared-attribute-repository.ts'
import { AttributeNotSearchable } from '../search-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'
import { AT, createDatastore, documentsOf, importFiles, record, startJob, storedFile } from './catalog.fixture.ts'
import { begin, claim, endOf, updateOf, versionOf, withImageSet } from './workflow.fixture.ts'

const DEPARTMENT: DeclarableAttribute = {
  ...{ tag: '00081040', keyword: 'InstitutionalDepartmentName', comparison: 'words' },
}
const PROTOCOL: DeclarableAttribute = { tag: '00181030', keyword: 'ProtocolName', comparison: 'words' }

async function declare(catalog: Catalog, datastoreId: string, attribute = DEPARTMENT): Promise<Declaration> {
  const declaration = await catalog.declaredAttributes.declare(datastoreId, attribute, { max: 16 })
  assert.ok(typeof declaration === 'object')
  return declaration
}

/** @param textOf of an image set, by its id */
async function build(
  catalog: Catalog,
  { datastoreId, number }: { readonly datastoreId: string; readonly number: number },
  textOf: (imageSetId: string) => string,
): Promise<void> {
  for (;;) {
    const batch = await catalog.declaredAttributes.nextBatch({ datastoreId, number }, { limit: 2 })
    if (batch === undefined) return
    const texts = new Map(
      batch.imageSets.map((each) => [each.rowId, new Map([[`words ${number}` as const, [textOf(each.imageSetId)]]])]),
    )
    await catalog.declaredAttributes.describe({ datastoreId, number }, { ...batch, texts })
  }
}

async function count(
  catalog: Catalog,
  datastoreId: string,
  { of, text }: { readonly of: Declaration; readonly text: string },
): Promise<number> {
  const terms = toTerms([[of.keyword, text]], [of])
  const search = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' }, terms } as const
  return (await catalog.imageSets.search({ datastoreId, search, limit: 10 })).rows.length
}

const studies = (...names: readonly string[]) => names.map((name) => storedFile(name, { study: `1.${name}` }))

async function assertVerified(catalog: Catalog): Promise<void> {
  for await (const { differences } of catalog.searchIndex.verify()) assert.deepEqual(differences, [])
}

export function testDeclaredAttributes(open: OpenCatalog): void {
  test('a declaration is returned again, belongs to one data store, and its number is not used again', async (context) => {
    const catalog = await open(context)
    const [datastoreId, other] = [await createDatastore(catalog), await createDatastore(catalog, 'other')]
    const first = await declare(catalog, datastoreId)
    assert.equal(percentDone(first), 100)
    assert.deepEqual(await declare(catalog, datastoreId), first)
    assert.deepEqual(await catalog.declaredAttributes.list(other), [])
    assert.equal(await catalog.declaredAttributes.list('0'.repeat(32)), undefined)
    const max = { max: 1 }
    assert.equal(await catalog.declaredAttributes.declare(datastoreId, PROTOCOL, max), 'too-many')
    assert.equal(await catalog.declaredAttributes.declare('0'.repeat(32), PROTOCOL, max), 'absent')
    await catalog.declaredAttributes.beginRemoval(datastoreId, DEPARTMENT.keyword)
    const which = { datastoreId, number: first.number }
    assert.equal(await catalog.declaredAttributes.nextBatch(which, { limit: 2 }), undefined)
    assert.equal(await catalog.declaredAttributes.removeBatch(which, { limit: 2 }), undefined)
    assert.deepEqual(await catalog.declaredAttributes.list(datastoreId), [])
    assert.ok((await declare(catalog, datastoreId)).number > first.number)
  })

  test('an attribute is searched by from the end of its build to the beginning of its removal', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const made = await importFiles(catalog, { datastoreId, files: studies('1', '2', '3') })
    const of = await declare(catalog, datastoreId)
    assert.equal(percentDone(of), 0)
    const which = { datastoreId, number: of.number }
    await assert.rejects(count(catalog, datastoreId, { of, text: 'neuro' }), AttributeNotSearchable)
    await build(catalog, which, (id) => (id === made[1]!.imageSetId ? 'Neurologie' : 'Radiologie'))
    assert.equal(await count(catalog, datastoreId, { of, text: 'neuro' }), 1)
    assert.equal(await count(catalog, datastoreId, { of, text: 'r*' }), 2)
    await assertVerified(catalog)
    await catalog.declaredAttributes.beginRemoval(datastoreId, of.keyword)
    await assert.rejects(count(catalog, datastoreId, { of, text: 'neuro' }), AttributeNotSearchable)
    while ((await catalog.declaredAttributes.removeBatch(which, { limit: 2 })) !== undefined)
      await assertVerified(catalog)
    await assertVerified(catalog)
    const again = await declare(catalog, datastoreId)
    await build(catalog, { datastoreId, number: again.number }, () => 'Kardiologie')
    assert.equal(await count(catalog, datastoreId, { of: again, text: 'neuro' }), 0)
    await assert.rejects(count(catalog, datastoreId, { of, text: 'neuro' }), AttributeNotSearchable)
  })

  test('versions without the texts of what is declared meanwhile are not published', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, studies('1'))
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 10)
    const [documents] = await documentsOf(catalog, lease, groups)
    await declare(catalog, datastoreId)
    await assert.rejects(catalog.importJobs.publish(lease, groups, AT, documents!), DeclarationsChanged)
    const { revision, attributes } = await catalog.declaredAttributes.declared(datastoreId)
    assert.deepEqual(
      attributes.map(({ keyword }) => keyword),
      [DEPARTMENT.keyword],
    )
    await catalog.importJobs.publish(lease, groups, AT, { ...documents!, revision })
  })

  test('an update without the texts of what is declared meanwhile is not completed', async (context) => {
    const catalog = await open(context)
    const { datastoreId, imageSetId } = await withImageSet(catalog)
    await begin(catalog, datastoreId, updateOf(imageSetId, 1))
    const { lease } = await claim(catalog)
    const of = await declare(catalog, datastoreId)
    const name = `words ${of.number}`
    const end = endOf([versionOf(imageSetId, { unlistedTexts: JSON.stringify({ [name]: ['Neurologie'] }) })], AT)
    await assert.rejects(catalog.workflows.complete(lease, end), DeclarationsChanged)
    const { revision } = await catalog.declaredAttributes.declared(datastoreId)
    const batch = (await catalog.declaredAttributes.nextBatch({ datastoreId, number: of.number }, { limit: 2 }))!
    assert.equal(await catalog.workflows.complete(lease, { ...end, revision }), 'completed')
    // Read before the update, written after it: the newer version keeps its texts.
    const texts = new Map(batch.imageSets.map(({ rowId }) => [rowId, new Map([[name as 'words 1', ['Radiologie']]])]))
    assert.deepEqual(
      await catalog.declaredAttributes.describe({ datastoreId, number: of.number }, { ...batch, texts }),
      [],
    )
    assert.equal(await count(catalog, datastoreId, { of, text: 'radio' }), 0)
    assert.equal(await count(catalog, datastoreId, { of, text: 'neuro' }), 1)
    await assertVerified(catalog)
  })

  test('a build while the search index is rebuilt is in both indexes', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await importFiles(catalog, { datastoreId, files: studies('1', '2', '3') })
    const of = await declare(catalog, datastoreId)
    const rebuild = catalog.searchIndex.rebuild()[Symbol.asyncIterator]()
    await rebuild.next()
    await build(catalog, { datastoreId, number: of.number }, () => 'Neurologie')
    await assertVerified(catalog)
    while (!(await rebuild.next()).done) await assertVerified(catalog)
    assert.equal(await count(catalog, datastoreId, { of, text: 'neuro' }), 3)
    await assertVerified(catalog)
  })

  test('declarations are deleted with their data store', async (context) => {
    const catalog = await open(context)
    const datastoreId = await createDatastore(catalog)
    await declare(catalog, datastoreId)
    assert.equal(await catalog.datastores.beginDelete(datastoreId, AT), 'deleting')
    assert.equal(await catalog.declaredAttributes.declare(datastoreId, PROTOCOL, { max: 16 }), 'absent')
    await catalog.datastores.settle(datastoreId, AT)
    assert.deepEqual(await catalog.declaredAttributes.list(datastoreId), [])
  })
}
