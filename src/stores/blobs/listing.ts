/** Which folders a listing has to read. */
import { compareKeys } from './blob-key.ts'

export interface Listing {
  readonly prefix: string
  readonly after: string | undefined
}

/** Whether a key that starts with `start` can be in the listing. */
export const mayContain = (start: string, { prefix, after }: Listing): boolean =>
  (start.startsWith(prefix) || prefix.startsWith(start)) &&
  (after === undefined || after.startsWith(start) || compareKeys(start, after) > 0)
