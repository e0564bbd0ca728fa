/** Image sets by the values of their attributes: most are the values of many image sets, and are folded once. */
import { describedOf } from '../../../imaging/search/described.ts'
import type { Described, Term } from '../../../imaging/search/terms.ts'
import type { IndexedWithWords } from '../indexed-image-set.ts'
import { ROW_ID } from '../kd-tree/entries.ts'
import { keyOfText, keysOfValue } from '../words/word-keys.ts'

type Attribute = Term['attribute']

export interface RowsOfValue {
  readonly keys: readonly string[]
  readonly rowIds: readonly number[]
}

interface Collected extends RowsOfValue {
  readonly rowIds: number[]
}

export class RowsOfValues {
  readonly #rowIds = new Set<number>()
  /** By attribute and value. */
  readonly #described = new Map<string, Collected>()
  /** By key. */
  readonly #texts = new Map<string, Collected>()

  add({ entry, tags, unlistedTexts, texts }: IndexedWithWords): void {
    const rowId = entry.point[ROW_ID]!
    this.#rowIds.add(rowId)
    const described = Object.entries(describedOf(tags, unlistedTexts)) as [Attribute, Described[Attribute]][]
    for (const [attribute, value] of described) {
      if (value === null || value === undefined) continue
      const name = `${attribute} ${typeof value === 'object' ? JSON.stringify(value) : value}`
      let collected = this.#described.get(name)
      if (collected === undefined) {
        collected = { keys: keysOfValue(attribute, value), rowIds: [] }
        this.#described.set(name, collected)
      }
      collected.rowIds.push(rowId)
    }
    for (const key of texts.map(keyOfText)) {
      const collected = this.#texts.get(key)
      if (collected === undefined) this.#texts.set(key, { keys: [key], rowIds: [rowId] })
      else collected.rowIds.push(rowId)
    }
  }

  /** Whether it has exactly these image sets. */
  has(rowIds: readonly number[]): boolean {
    return this.#rowIds.size === rowIds.length && rowIds.every((rowId) => this.#rowIds.has(rowId))
  }

  described(): Iterable<RowsOfValue> {
    return this.#described.values()
  }

  /** Of all texts, high-frequency or not. */
  texts(): Iterable<RowsOfValue> {
    return this.#texts.values()
  }
}
