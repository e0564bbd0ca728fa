/** Which keys a listing of files in folders has, and which folders may hold one of them. */
import { compareKeys } from './blob-key.ts'

export interface Listing {
  readonly prefix: string
  readonly after: string | undefined
}

/** Whether some key with this beginning may belong in the listing. */
export const mayHold = (beginning: string, { prefix, after }: Listing): boolean =>
  (beginning.startsWith(prefix) || prefix.startsWith(beginning)) &&
  (after === undefined || after.startsWith(beginning) || compareKeys(beginning, after) > 0)
