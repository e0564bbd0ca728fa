/** Errors of backups and restores as sentences. */
import { MaintenanceFailed } from '../../maintenance/maintenance-run.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { DamagedBlob } from '../../stores/blobs/blob-store.ts'
import { CatalogNotEmpty } from '../../stores/catalog/catalog-snapshot.ts'
import { MaintenanceLeaseLost } from '../../stores/catalog/maintenance-repository.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'

const EXPECTED = [StoreUnavailable, OtherSchema, MaintenanceFailed, MaintenanceLeaseLost, CatalogNotEmpty, DamagedBlob]

/** An expected error becomes a sentence. */
export async function explained<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const isExpected = EXPECTED.some((kind) => cause instanceof kind)
    throw isExpected ? new OperatorError(`${what}: ${(cause as Error).message}.`, { cause }) : cause
  }
}

export const damagedManifest = (key: string): string =>
  `${key} is damaged, so that this backup cannot be restored. Remove the file; the others are not affected.`
