/**
 * Collects what an image set has of the declared attributes: from the attributes of its patient, study and series, from the values in which
 * single instances differ, and from its instances. Memory holds the distinct values, which are bounded.
 */
import {
  DECLARED_CHARACTERS_MAX,
  DECLARED_VALUES_MAX,
  type DeclaredAttribute,
  declaredNameOf,
  declaredTextsOf,
} from '../search/declared.ts'
import type { DeclaredTexts } from '../search/described.ts'
import type { AttributeOverrides } from './attribute-overrides.ts'
import { readImageSetAttributes } from './image-set-attributes.ts'
import { endOfString, membersOfText } from './json-members.ts'
import { levelOf } from './metadata-levels.ts'

interface Collected {
  readonly attribute: DeclaredAttribute
  /** The key in a document, as bytes: an instance without them has no value. */
  readonly key: Buffer
  readonly values: Set<string>
  characters: number
}

export class DeclaredValues {
  readonly #ofLevels: readonly Collected[]
  readonly #ofInstances: readonly Collected[]

  constructor(declared: readonly DeclaredAttribute[]) {
    const all = declared.map((attribute): Collected => {
      const key = Buffer.from(`${JSON.stringify(attribute.keyword)}:`)
      return { attribute, key, values: new Set(), characters: 0 }
    })
    this.#ofLevels = all.filter(({ attribute }) => levelOf(attribute.tag) !== undefined)
    this.#ofInstances = all.filter(({ attribute }) => levelOf(attribute.tag) === undefined)
  }

  /** Whether instances have to be added: otherwise attributes and overrides have all values. */
  get needsInstances(): boolean {
    return this.#ofInstances.length > 0
  }

  /** @param text of patient, study and series, as metadata.ts writes it */
  addAttributes(text: string): void {
    if (this.#ofLevels.length === 0) return
    const attributes = readImageSetAttributes(text)
    for (const each of this.#ofLevels) {
      add(each, attributes[levelOf(each.attribute.tag)!].get(each.attribute.keyword))
    }
  }

  addOverrides({ values }: Pick<AttributeOverrides, 'values'>): void {
    for (const each of this.#ofLevels) add(each, values.get(each.attribute.keyword))
  }

  /** @param instanceMetadata a member of Instances, as metadata.ts writes it */
  addInstance(instanceMetadata: Uint8Array): void {
    const bytes = Buffer.from(instanceMetadata.buffer, instanceMetadata.byteOffset, instanceMetadata.byteLength)
    const wanted = this.#ofInstances.filter((each) => !isFull(each) && bytes.includes(each.key))
    if (wanted.length === 0) return
    const text = bytes.toString()
    const members = membersOfText(text.slice(endOfString(text, 0) + 1))
    const own = membersOfText(members.get('DICOM') ?? '{}')
    for (const each of wanted) add(each, own.get(each.attribute.keyword))
  }

  /** Of every declared attribute; an empty list where the image set has no value. */
  texts(): DeclaredTexts {
    return new Map(
      [...this.#ofLevels, ...this.#ofInstances].map(({ attribute, values }) => [
        declaredNameOf(attribute),
        [...values],
      ]),
    )
  }
}

function add(collected: Collected, value: string | undefined): void {
  if (value === undefined) return
  for (const text of declaredTextsOf(collected.attribute.comparison, value)) {
    if (isFull(collected) || collected.values.has(text)) continue
    if (collected.characters + text.length > DECLARED_CHARACTERS_MAX) continue
    collected.values.add(text)
    collected.characters += text.length
  }
}

const isFull = ({ values }: Collected): boolean => values.size >= DECLARED_VALUES_MAX
