/** A data set with elements of another data set taking precedence over its own. */
import { DataSet } from './data-set.ts'

export class OverlaidDataSet extends DataSet {
  readonly #below: DataSet
  readonly #above: DataSet
  readonly #tags: ReadonlySet<string>

  /** @param layers each with the upper-case tags of the elements that `above` replaces */
  constructor(layers: { readonly below: DataSet; readonly above: DataSet; readonly tags: ReadonlySet<string> }) {
    super({ bytes: new Uint8Array(), elements: [], littleEndian: true })
    this.#below = layers.below
    this.#above = layers.above
    this.#tags = layers.tags
  }

  #holderOf(tag: string): DataSet {
    return this.#tags.has(tag) ? this.#above : this.#below
  }

  override has(tag: string): boolean {
    return this.#holderOf(tag).has(tag)
  }

  override vr(tag: string): string | undefined {
    return this.#holderOf(tag).vr(tag)
  }

  override string(tag: string): string | null | undefined {
    return this.#holderOf(tag).string(tag)
  }

  override rawString(tag: string): string | null | undefined {
    return this.#holderOf(tag).rawString(tag)
  }

  override strings(tag: string): string[] {
    return this.#holderOf(tag).strings(tag)
  }

  override rawStrings(tag: string): string[] {
    return this.#holderOf(tag).rawStrings(tag)
  }

  override number(tag: string): number | undefined {
    return this.#holderOf(tag).number(tag)
  }

  override numbers(tag: string): number[] {
    return this.#holderOf(tag).numbers(tag)
  }

  override integers(tag: string): bigint[] {
    return this.#holderOf(tag).integers(tag)
  }

  override bytes(tag: string): Uint8Array | undefined {
    return this.#holderOf(tag).bytes(tag)
  }

  override littleEndianBytes(tag: string): Uint8Array | undefined {
    return this.#holderOf(tag).littleEndianBytes(tag)
  }

  override items(tag: string): DataSet[] {
    return this.#holderOf(tag).items(tag)
  }

  override *tags(): Iterable<string> {
    yield* [...new Set([...this.#below.tags(), ...this.#tags])].sort()
  }

  override unknownCharacterSets(): readonly string[] {
    return this.#below.unknownCharacterSets()
  }
}
