/** Finds keys in a long list, where both the list and the keys that are looked for are in byte order: the list is read once. */
import { compareKeys } from '../../stores/blobs/blob-key.ts'

export class SortedReader<T extends { readonly key: string }> {
  readonly #items: AsyncIterator<T, unknown>
  #current: IteratorResult<T, unknown> | undefined

  constructor(items: AsyncIterable<T>) {
    this.#items = items[Symbol.asyncIterator]()
  }

  /** The item with the key, which is not less than that of the call before. */
  async find(key: string): Promise<T | undefined> {
    this.#current ??= await this.#items.next()
    while (this.#current.done !== true && compareKeys(this.#current.value.key, key) < 0) {
      this.#current = await this.#items.next()
    }
    return this.#current.done !== true && this.#current.value.key === key ? this.#current.value : undefined
  }

  async close(): Promise<void> {
    await this.#items.return?.()
  }
}
