/** What `hilum partitions` reports of the control catalog, or of a partition. */
import { OperatorError } from '../../server/operator-error.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { CatalogUse } from '../../stores/catalog/catalog-database.ts'
import type { Statistics } from '../../stores/catalog/statistics.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'

export interface PartitionReport {
  /** 0: the control catalog. */
  readonly partition: number
  readonly place: string
  /** Why it cannot be read: the clause of a sentence. Then nothing else is known. */
  readonly fault?: string
  /** Of a small read. */
  readonly roundTripMs?: number
  readonly use?: CatalogUse
  readonly datastores?: Statistics['datastores']
}

/** It has a message for the operator. */
export const isExpected = (error: unknown): boolean =>
  [StoreUnavailable, OtherSchema, OperatorError].some((kind) => error instanceof kind)

export async function reportOf({
  open,
  ...part
}: Pick<PartitionReport, 'partition' | 'place'> & { readonly open: () => Promise<Catalog> }): Promise<PartitionReport> {
  try {
    const catalog = await open()
    // It connects.
    await catalog.database.answers()
    const startedAt = performance.now()
    await catalog.database.answers()
    const roundTripMs = performance.now() - startedAt
    const [use, { datastores }] = [await catalog.database.use(), await catalog.statistics()]
    return { ...part, roundTripMs: Math.round(roundTripMs * 10) / 10, use, datastores }
  } catch (cause) {
    if (!isExpected(cause)) throw cause
    return { ...part, fault: (cause as Error).message }
  }
}
