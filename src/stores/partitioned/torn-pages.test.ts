/** The check of pages among writers notices a torn page: catalogs that are broken on purpose fail it. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import pg from 'pg'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  importFiles,
  publishAll,
  record,
  startJob,
  storedFile,
} from '../catalog/conformance/catalog.fixture.ts'
import type { GeneratedImageSet } from '../catalog/image-set-records.ts'
import type { Lease } from '../catalog/import-job-repository.ts'
import type { SnapshotVersion } from '../catalog/search-repository.ts'
import { assertOneSnapshot, SEARCHES_OF_ALL, type WrittenSoFar } from '../search/pages.fixture.ts'
import { SMALL_SIZES } from '../search/small-sizes.fixture.ts'
import { type CatalogKind, catalogKinds, openCatalogAt } from './catalog-kinds.fixture.ts'

const STUDIES = 30
/** Of these each publication has the next versions, beside new ones. */
const NEXT = 12
const NEW = 6

const newId = () => crypto.randomUUID().replaceAll('-', '')
const fileOf = (study: number, key: string) => storedFile(key, { study: `1.${study}`, sop: `1.${study}.${key}` })

/** Writes when it is asked to, through a catalog of its own. */
class WritesBetween implements WrittenSoFar {
  readonly publications: (readonly GeneratedImageSet[])[] = []
  readonly deleting = new Set<string>()
  readonly deleted = new Set<string>()
  readonly #catalog: Catalog
  readonly #lease: Lease

  constructor(catalog: Catalog, lease: Lease) {
    this.#catalog = catalog
    this.#lease = lease
  }

  async nextWrite(): Promise<void> {
    const round = this.publications.length
    const files = Array.from({ length: NEXT + NEW }, (_, at) => {
      const study = at < NEXT ? (round * NEXT + at) % STUDIES : STUDIES + round * NEW + at
      return fileOf(study, `round ${String(round).padStart(4, '0')} ${String(at).padStart(2, '0')}`)
    })
    await record(this.#catalog, this.#lease, files)
    this.publications.push(await publishAll(this.#catalog, this.#lease, AT + 1 + round))
  }

  async reported(): Promise<void> {}
}

/** Reads the pages of the catalog that `breaking` returns while another one writes. */
async function readAmongWrites(
  context: TestContext,
  kind: CatalogKind,
  breaking: (catalog: Catalog, written: WrittenSoFar) => Catalog = (catalog) => catalog,
): Promise<void> {
  const place = await kind.newPlace()
  const open = async () => {
    const catalog = await openCatalogAt(place, { newId, sizes: SMALL_SIZES })
    context.after(() => catalog.close())
    return catalog
  }
  const writer = await open()
  const datastoreId = await createDatastore(writer)
  const files = Array.from({ length: STUDIES }, (_, study) => fileOf(study, `first ${String(study).padStart(2, '0')}`))
  const initial = (await importFiles(writer, { datastoreId, files })).map(({ imageSetId }) => imageSetId)
  const written = new WritesBetween(writer, await startJob(writer, { datastoreId }))
  const catalog = breaking(await open(), written)
  for (const [name, search] of Object.entries(SEARCHES_OF_ALL)) {
    await assertOneSnapshot({ catalog, datastoreId, name, search, initial, written })
  }
}

/** A catalog that reads other snapshots on later pages than a page token says. */
const withSnapshots =
  (broken: (snapshot: SnapshotVersion | undefined) => SnapshotVersion | undefined) =>
  (catalog: Catalog): Catalog => ({
    ...catalog,
    imageSets: {
      ...catalog.imageSets,
      async search({ snapshotVersion, ...request }) {
        const read = broken(snapshotVersion)
        const page = await catalog.imageSets.search({
          ...request,
          ...(read !== undefined && { snapshotVersion: read }),
        })
        return snapshotVersion === undefined ? page : { ...page, snapshotVersion }
      },
    },
  })

/** Greater than the number of any change: the latest snapshot. */
const LATEST = 1_000_000

const ofFirstPartition = (snapshot: SnapshotVersion | undefined) =>
  typeof snapshot === 'object' ? snapshot.map((each, at) => (at === 0 ? each : LATEST)) : snapshot

/** A catalog that does not see one image set of a publication. */
function losing(catalog: Catalog, written: WrittenSoFar): Catalog {
  return {
    ...catalog,
    imageSets: {
      ...catalog.imageSets,
      async search({ limit, ...request }) {
        const page = await catalog.imageSets.search({ ...request, limit: limit + 1 })
        const lost = written.publications[0]?.at(-1)?.imageSetId
        return { ...page, rows: page.rows.filter(({ imageSetId }) => imageSetId !== lost).slice(0, limit) }
      },
    },
  }
}

const NOTICED = /in order|none twice|none missed|a torn page|in the snapshot of the first page|none added/

/**
 * Every statement of a page sees what was committed before it, and something is: as where tables are spread over nodes that have no snapshot in
 * common. @returns how often that was so
 */
function breakSnapshots(context: TestContext, written: () => Promise<void>): () => number {
  const query = pg.Client.prototype.query as (this: pg.Client, ...of: unknown[]) => Promise<unknown>
  const inPage = new WeakSet<object>()
  let isWriting = false
  let writes = 0
  async function afterWrite(client: pg.Client, statement: pg.QueryConfig) {
    isWriting = true
    await written().finally(() => {
      isWriting = false
    })
    writes += 1
    return query.call(client, statement)
  }
  pg.Client.prototype.query = function (this: pg.Client, statement: string | pg.QueryConfig, ...more: unknown[]) {
    if (typeof statement === 'string') {
      if (/^(COMMIT|ROLLBACK)/.test(statement)) inPage.delete(this)
      if (isWriting || !statement.startsWith('BEGIN ISOLATION LEVEL REPEATABLE READ')) {
        return query.call(this, statement, ...more)
      }
      inPage.add(this)
      return query.call(this, statement.replace('REPEATABLE READ', 'READ COMMITTED'))
    }
    if (!isWriting && inPage.has(this) && /FROM (search_entries|image_sets)\b/.test(statement.text)) {
      return afterWrite(this, statement)
    }
    return query.call(this, statement, ...more)
  } as typeof pg.Client.prototype.query
  context.after(() => {
    pg.Client.prototype.query = query as typeof pg.Client.prototype.query
  })
  return () => writes
}

for (const kind of await catalogKinds()) {
  if (kind.partitions === 1) continue
  describe(`pages of ${kind.name}`, { skip: kind.skip ?? false }, () => {
    test('are not torn', (context) => readAmongWrites(context, kind))

    if (kind.engine === 'SQLite') {
      test('whose tokens have the number of the first partition only are noticed', async (context) => {
        await assert.rejects(readAmongWrites(context, kind, withSnapshots(ofFirstPartition)), NOTICED)
      })

      test('that have a publication without one of its image sets are noticed', async (context) => {
        await assert.rejects(readAmongWrites(context, kind, losing), /a torn page: \d of \d image sets/)
      })
    }

    if (kind.engine === 'PostgreSQL') {
      test('whose statements read several snapshots are noticed', async (context) => {
        let writes = () => 0
        const breaking = (catalog: Catalog, written: WrittenSoFar) => {
          writes = breakSnapshots(context, () => written.nextWrite())
          return catalog
        }
        await assert.rejects(readAmongWrites(context, kind, breaking), NOTICED)
        assert.ok(writes() > 0)
      })
    }
  })
}
