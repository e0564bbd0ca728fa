/** Types of the parts of `hilum verify`: their input, their progress and the differences that they report. */
import type { BlobStore } from '../../stores/blobs/blob-store.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'

export interface Verification {
  readonly catalog: Catalog
  readonly blobs: BlobStore
  readonly now: () => number
  /** Compares sizes only and reads no bytes. */
  readonly isQuick: boolean
}

export interface Difference {
  readonly kind: string
  readonly text: string
  /** Of a catalog with partitions; 0: the control catalog. */
  readonly inPartition?: number
}

export interface Step {
  readonly done: number
  readonly total: number
  /** The number of objects checked so far, by kind. */
  readonly checked: Readonly<Record<string, number>>
  readonly differences: readonly Difference[]
  /** The reason why something was not checked. This is not a difference. */
  readonly notChecked?: string
}

/** Error codes of a single file that cannot be read. The store is not away. */
export const UNREADABLE = ['EIO', 'EACCES', 'EPERM']

/** Several reads run at the same time, because a remote store has a long latency. */
const CONCURRENT = 8

/** Maps items concurrently and yields the results in the order of the items. */
export async function* someAtOnce<T, R>(
  items: AsyncIterable<T>,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R, undefined> {
  const pending: Promise<R>[] = []
  try {
    for await (const item of items) {
      pending.push(map(item))
      // The promise is awaited later; until then a rejection must not count as unhandled.
      pending.at(-1)!.catch(() => {})
      if (pending.length >= CONCURRENT) yield await pending.shift()!
    }
    while (pending.length > 0) yield await pending.shift()!
  } finally {
    await Promise.allSettled(pending)
  }
}
