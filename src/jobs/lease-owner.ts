/** Owners of leases: a new one for each claim, so that two claims of one worker differ. */
import type { ImportApp } from '../app.ts'

/** @param workerId 32 hex digits, by which the leases of a worker that died are found */
export const newLeaseOwner = ({ newId }: Pick<ImportApp, 'newId'>, workerId: string): string => `${workerId}-${newId()}`
