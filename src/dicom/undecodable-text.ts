/** Finds text in a data set with bytes that are invalid in its Specific Character Set (PS3.3 C.12.1.1.2). */
import { type CharacterSet, characterSetOf } from './character-sets.ts'
import { entryOfNumber } from './dictionary.ts'
import type { Element } from './read-elements.ts'

const SPECIFIC_CHARACTER_SET = 0x00080005
const REPLACEMENT = Buffer.from('\ufffd')

interface TextOf {
  readonly bytes: Uint8Array
  /** The characters at which code extensions reset, by VR; undefined for other VRs. */
  readonly delimitersOf: (vr: string) => string | undefined
}

/** The tags of such elements, items included, in file order, without duplicates. */
export function undecodableText(elements: readonly Element[], within: CharacterSet, text: TextOf): Set<number> {
  const found = new Set<number>()
  look(elements, { within, text, found })
  return found
}

function look(
  elements: readonly Element[],
  { within, text, found }: { within: CharacterSet; text: TextOf; found: Set<number> },
): void {
  const own = elements.find(({ tag }) => tag === SPECIFIC_CHARACTER_SET)
  const characters = own === undefined ? within : characterSetOf(termsOf(bytesOf(own, text)))
  for (const element of elements) {
    if (element.items !== undefined) {
      for (const item of element.items) look(item.elements, { within: characters, text, found })
      continue
    }
    const vr = element.vr === '' || element.vr === 'UN' ? (entryOfNumber(element.tag)?.vr ?? 'UN') : element.vr
    const delimiters = text.delimitersOf(vr)
    if (delimiters === undefined) continue
    const value = bytesOf(element, text)
    if (value.some((byte) => byte >= 0x80) && isReplaced(value, characters.decode(value, delimiters)))
      found.add(element.tag)
  }
}

/** A replacement character that another program wrote is valid. */
function isReplaced(value: Uint8Array, decoded: string): boolean {
  if (!decoded.includes('\ufffd')) return false
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length)
  let replacedBefore = 0
  for (let at = bytes.indexOf(REPLACEMENT); at >= 0; at = bytes.indexOf(REPLACEMENT, at + 1)) replacedBefore += 1
  return decoded.split('\ufffd').length - 1 > replacedBefore
}

const bytesOf = ({ offsetBytes, lengthBytes }: Element, { bytes }: TextOf): Uint8Array =>
  bytes.subarray(offsetBytes, offsetBytes + lengthBytes)

const termsOf = (value: Uint8Array): string[] =>
  Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1').trim().split('\\')
