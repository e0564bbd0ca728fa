/** What the parts of `hilum verify` have in common: what they look at, and how they tell how far they are. */
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'

export interface Looking {
  readonly catalog: Catalog
  readonly blobs: BlobStore
  readonly now: () => number
  /** No bytes are read, only sizes compared. */
  readonly isQuick: boolean
}

export interface Difference {
  readonly kind: string
  readonly text: string
}

export interface Step {
  readonly done: number
  readonly total: number
  /** What was looked at so far, by its name. */
  readonly checked: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
  /** Why something was not looked at: no difference, and said. */
  readonly notChecked?: string
}

/** Of one file, where others can be read. */
export const UNREADABLE = ['EIO', 'EACCES', 'EPERM']

/** Where bytes are far away, others are on their way while some are looked at. */
const AT_ONCE = 8

/** In the order of the items. */
export async function* someAtOnce<T, R>(
  items: AsyncIterable<T>,
  look: (item: T) => Promise<R>,
): AsyncGenerator<R, undefined> {
  const looking: Promise<R>[] = []
  try {
    for await (const item of items) {
      looking.push(look(item))
      // Awaited in its turn; until then a rejection is not unhandled.
      looking.at(-1)!.catch(() => {})
      if (looking.length >= AT_ONCE) yield await looking.shift()!
    }
    while (looking.length > 0) yield await looking.shift()!
  } finally {
    await Promise.allSettled(looking)
  }
}
