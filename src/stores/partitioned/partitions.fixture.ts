/** Catalogs with partitions for tests, and studies whose partition is known. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { crc32 } from 'node:zlib'
import type { Catalog } from '../catalog/catalog.ts'
import { uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { POSTGRES_TEST_LIMITS } from '../sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../sql/open-postgres.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

/** Opens a partition of the same data, by its number. */
export type OpenPartition = (partition: number) => Promise<Catalog>

/** Files in a folder of their own. */
export async function sqliteFiles(context: TestContext): Promise<OpenPartition> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-partitions-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return (partition) => openSqliteCatalog({ path: join(folder, `${partition}.sqlite`), newId: uniqueIds(), partition })
}

/** Of one server: each can be opened once. */
export function inMemory(): OpenPartition {
  const newId = uniqueIds()
  return (partition) => openSqliteCatalog({ path: ':memory:', newId, partition })
}

/** Schemas of a database. */
export const postgresSchemas =
  (url: string): OpenPartition =>
  (partition) =>
    openPostgresCatalog({
      ...{ url, newId: uniqueIds(), partition, limits: POSTGRES_TEST_LIMITS },
      ...(partition > 0 && { schema: schemaOf(partition) }),
    })

export const schemaOf = (partition: number): string => `hilum_${partition}`

/** What one server opens, closed at the end of the test; with the catalogs that it is made of, from the control catalog on. */
export async function openServer(
  context: TestContext,
  { open, partitions }: { readonly open: OpenPartition; readonly partitions: number },
): Promise<{ readonly catalog: Catalog; readonly parts: readonly Catalog[] }> {
  const parts: Catalog[] = []
  for (let number = 0; number <= partitions; number++) parts.push(await open(number))
  const catalog = partitionedCatalog({
    control: parts[0]!,
    open: async (number) => parts[number]!,
    spread: partitions,
  })
  context.after(() => Promise.all(parts.map((part) => part.close())))
  return { catalog, parts }
}

/** A StudyInstanceUID whose hash names the partition, from 1. Others for other names. */
export function studyOf(partition: number, { of: partitions, name }: { readonly of: number; readonly name: number }) {
  for (let count = 0; ; count++) {
    const uid = `1.2.${name}.${count}`
    if (crc32(uid) % partitions === partition - 1) return uid
  }
}

/** The partitions that have image sets of a study: at most one, always. */
export async function partitionsWith(
  parts: readonly Catalog[],
  study: { readonly datastoreId: string; readonly studyInstanceUID: string },
): Promise<readonly number[]> {
  const ids = await Promise.all(parts.map((part) => part.imageSets.idsOfStudy({ ...study, max: 1 })))
  return ids.flatMap((found, number) => (found.length > 0 ? [number] : []))
}
