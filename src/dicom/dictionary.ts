/**
 * The data dictionary of PS3.6: tag to keyword, VR and VM, and keyword to tag. Parsed on first use, because a process that serves only
 * searches never needs it.
 */
import { DICTIONARY_ENTRIES } from './dictionary-entries.ts'

export interface DictionaryEntry {
  /** `GGGGEEEE`, upper-case hex: the requested tag, also within a repeating group. */
  tag: string
  keyword: string
  /** The default VR: where PS3.6 allows several, OW if it is one of them, else US. */
  vr: string
  /** All VRs that PS3.6 allows, in its order; present only where there are several. */
  vrs?: readonly string[]
  /** As in PS3.6: `1`, `1-n`, `2-2n`. */
  vm: string
}

interface Dictionary {
  byTag: Map<number, DictionaryEntry>
  byKeyword: Map<string, string>
  /** Entries of repeating groups (`60xx3000`): a tag matches if its bits under the mask equal the value. */
  repeating: { mask: number; value: number; entry: DictionaryEntry }[]
}

let parsed: Dictionary | undefined

/** The entry of a tag `GGGGEEEE` (hex in either case); undefined for private, unknown and malformed tags. */
export function entryOf(tag: string): DictionaryEntry | undefined {
  return /^[0-9A-Fa-f]{8}$/.test(tag) ? entryOfNumber(Number.parseInt(tag, 16)) : undefined
}

/** Like entryOf, for a tag as a number: group * 65536 + element. */
export function entryOfNumber(tag: number): DictionaryEntry | undefined {
  parsed ??= parseDictionary(DICTIONARY_ENTRIES)
  const exact = parsed.byTag.get(tag)
  if (exact !== undefined || isPrivateTag(tag)) return exact
  const entry = parsed.repeating.find(({ mask, value }) => (tag & mask) >>> 0 === value)?.entry
  return entry && { ...entry, tag: formatTag(tag) }
}

/** The tag `GGGGEEEE` of a keyword. For a repeating group, its first tag: OverlayRows is 60000010. */
export function tagOf(keyword: string): string | undefined {
  parsed ??= parseDictionary(DICTIONARY_ENTRIES)
  return parsed.byKeyword.get(keyword)
}

/** All keywords, for hints. */
export function keywords(): Iterable<string> {
  parsed ??= parseDictionary(DICTIONARY_ENTRIES)
  return parsed.byKeyword.keys()
}

/** A tag as `GGGGEEEE`, upper-case hex. */
export function formatTag(tag: number): string {
  return tag.toString(16).toUpperCase().padStart(8, '0')
}

/** Odd groups are private (PS3.5 7.8). */
export function isPrivateTag(tag: number): boolean {
  return (tag & 0x00010000) !== 0
}

function parseDictionary(text: string): Dictionary {
  const dictionary: Dictionary = { byTag: new Map(), byKeyword: new Map(), repeating: [] }
  for (const line of text.trim().split('\n')) {
    const [group = '', ...attributes] = line.split('|')
    for (const attribute of attributes) {
      const entry = parseAttribute(group, attribute)
      if (entry.tag.includes('x')) {
        const mask = Number.parseInt(entry.tag.replace(/[^x]/g, 'F').replaceAll('x', '0'), 16)
        dictionary.repeating.push({ mask, value: Number.parseInt(entry.tag.replaceAll('x', '0'), 16), entry })
      } else {
        dictionary.byTag.set(Number.parseInt(entry.tag, 16), entry)
      }
      dictionary.byKeyword.set(entry.keyword, entry.tag.replaceAll('x', '0'))
    }
  }
  return dictionary
}

function parseAttribute(group: string, attribute: string): DictionaryEntry {
  const [element = '', vrText = '', vm = '', keyword = ''] = attribute.split(' ')
  const tag = group + element
  const vrs = vrText.split('/')
  if (vrs.length === 1) return { tag, keyword, vr: vrText, vm }
  return { tag, keyword, vr: vrs.includes('OW') ? 'OW' : 'US', vrs, vm }
}
