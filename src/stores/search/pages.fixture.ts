/**
 * Reads all pages of a search while others write, and asserts what decision 4 promises of them.
 *
 * All pages read one snapshot of each partition: a publication is there as a whole or not at all as far as it is in one partition, and it is there
 * if it was acknowledged before the first page was requested. What is weaker with several partitions: a publication that is not acknowledged
 * may be in the snapshot of one partition and not in that of another.
 */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { comparePositions, positionOf, type Search } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { GeneratedImageSet } from '../catalog/image-set-records.ts'
import type { ImageSetSummary, SnapshotVersion } from '../catalog/search-repository.ts'
import { partitionOfImageSet } from '../sql/rows/image-set-id.ts'

/** Image sets that were published at once: in one transaction for each partition. */
type Publication = readonly Pick<GeneratedImageSet, 'imageSetId' | 'imageSetVersion'>[]

/** What writers have reported. */
export interface WrittenSoFar {
  /** In the order in which they were acknowledged. */
  readonly publications: readonly Publication[]
  /** A report comes before and after a deletion: in between a page may contain it or not. */
  readonly deleting: ReadonlySet<string>
  readonly deleted: ReadonlySet<string>
  /** Resolves when there was another write. */
  nextWrite(): Promise<void>
  /** Resolves when what was written before has been reported: a deletion is visible as soon as it is made. */
  reported(): Promise<void>
}

interface Reading {
  readonly rows: readonly ImageSetSummary[]
  readonly snapshotVersion: SnapshotVersion
  /** How many publications were acknowledged before the first page was requested. */
  readonly acknowledged: number
}

const LIMIT = 9

interface ReadRequest {
  readonly catalog: Catalog
  readonly datastoreId: string
  readonly name: string
  readonly search: Search
  readonly written: WrittenSoFar
}

/** Without a filter, so that every publication is in it. */
export const SEARCHES_OF_ALL: Readonly<Record<string, Search>> = {
  'last updated first': { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } },
  'first updated first': { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'ASC' } },
}

/** @param request.initial image sets that were there before */
export async function assertOneSnapshot(request: ReadRequest & { readonly initial: readonly string[] }): Promise<void> {
  const { name, search, written, initial } = request
  const first = await readPages({ ...request, snapshotVersion: undefined })
  await written.reported()
  const ids = new Set(first.rows.map(({ imageSetId }) => imageSetId))
  assert.equal(ids.size, first.rows.length, `${name}: none twice`)
  for (const imageSetId of initial) {
    if (ids.has(imageSetId)) continue
    assert.ok(written.deleting.has(imageSetId), `${name}: none missed`)
  }
  // Again in the same snapshot: equal but for image sets deleted since.
  const again = await readPages({ ...request, snapshotVersion: first.snapshotVersion })
  await written.reported()
  const left = new Set(again.rows.map(({ imageSetId }) => imageSetId))
  for (const { imageSetId } of first.rows) {
    assert.ok(left.has(imageSetId) || written.deleting.has(imageSetId), `${name}: none missing but deleted ones`)
  }
  const asBefore = first.rows.filter(({ imageSetId }) => left.has(imageSetId))
  const seenBefore = again.rows.filter(({ imageSetId }) => ids.has(imageSetId))
  assert.deepEqual(seenBefore, asBefore, `${name}: in the snapshot of the first page`)
  for (const { imageSetId } of again.rows) {
    // It may have been deleted before the first reading came to its page.
    assert.ok(ids.has(imageSetId) || written.deleting.has(imageSetId), `${name}: none added`)
  }
  if (search.filters.length > 0) return
  for (const reading of [first, again]) assertWhole(name, { ...reading, acknowledged: first.acknowledged }, written)
}

function assertWhole(name: string, { rows, acknowledged }: Reading, { publications, deleting }: WrittenSoFar): void {
  const versions = new Map(rows.map(({ imageSetId, version }) => [imageSetId, version]))
  for (const [at, publication] of publications.entries()) {
    const kept = publication.filter(({ imageSetId }) => !deleting.has(imageSetId))
    for (const [partition, some] of Map.groupBy(kept, ({ imageSetId }) => partitionOfImageSet(imageSetId))) {
      const found = some.filter(({ imageSetId, imageSetVersion }) => (versions.get(imageSetId) ?? 0) >= imageSetVersion)
      const inAll = `${found.length} of ${some.length} image sets of a publication in partition ${partition}`
      assert.ok(found.length === some.length || found.length === 0, `${name}: a torn page: ${inAll}`)
      assert.ok(found.length > 0 || at >= acknowledged, `${name}: not what was acknowledged before: ${inAll}`)
    }
  }
}

async function readPages({
  catalog,
  datastoreId,
  search,
  written,
  ...request
}: ReadRequest & { readonly snapshotVersion: SnapshotVersion | undefined }): Promise<Reading> {
  const acknowledged = written.publications.length
  const rows: ImageSetSummary[] = []
  let { snapshotVersion } = request
  for (;;) {
    const deletedBefore = new Set(written.deleted)
    const last = rows.at(-1)
    const page = await catalog.imageSets.search({
      ...{ datastoreId, search, limit: LIMIT },
      ...(last !== undefined && { after: positionOf(search, last) }),
      ...(snapshotVersion !== undefined && { snapshotVersion }),
    })
    snapshotVersion ??= page.snapshotVersion
    assert.deepEqual(page.snapshotVersion, snapshotVersion)
    for (const row of page.rows) {
      const before = rows.at(-1)
      assert.ok(
        before === undefined ||
          comparePositions(search.sort.sortOrder, positionOf(search, before), positionOf(search, row)) < 0,
        'in order',
      )
      assert.ok(!deletedBefore.has(row.imageSetId), 'a deleted image set is not returned')
      rows.push(row)
    }
    if (page.rows.length < LIMIT) return { rows, snapshotVersion, acknowledged }
    await written.nextWrite()
  }
}

/** Until the reports of other processes have arrived. */
export const reportsArrived = (): Promise<void> => setTimeout(50)
