/**
 * Converts attribute values from a client to what a document has for the same value in a file: text without padding, lists by the
 * dictionary's VM, null for empty values and "" for an empty value in a list. So updated attributes look like imported ones.
 */
import { trimEnd, trimStart } from '../../dicom/data-set.ts'
import type { DictionaryEntry } from '../../dicom/dictionary.ts'
import { isList, isObject, type Json, type JsonObject, jsonText } from './strict-json.ts'

/** Text VRs with a single value: a backslash is part of it, as are leading spaces (PS3.5 6.2). */
const SINGLE_TEXTS = new Set(['ST', 'LT', 'UT', 'UR'])
const KEEP_LEADING_SPACE = new Set([...SINGLE_TEXTS, 'UC'])
/** The document has these with the padding of the file. */
const KEEP_PAD = new Set(['IS', 'DS'])
const NUMBERS_AS_TEXT = KEEP_PAD

/** `vr` and `vm` are undefined for attributes that are not in the dictionary. */
interface ValueRules {
  readonly vr: string | undefined
  readonly vm: string | undefined
}

export const rulesOf = (entry: DictionaryEntry | undefined): ValueRules => ({ vr: entry?.vr, vm: entry?.vm })

/** @param value not a sequence: the attributes of its items are converted one by one */
export function documentValue(value: Json, { vr, vm }: ValueRules): Json {
  const values = (isList(value) ? value : [value]).flatMap((one) => valuesOf(one, vr))
  if (values.length === 0 || (values.length === 1 && values[0] === null)) return null
  if (values.length === 1) return vm === undefined || vm === '1' ? values[0]! : values
  return values.map((one) => one ?? '')
}

function valuesOf(value: Json, vr: string | undefined): readonly Json[] {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return [vr !== undefined && NUMBERS_AS_TEXT.has(vr) ? jsonText(value) : value]
  }
  if (typeof value !== 'string') return [value]
  const isSplit = vr !== undefined && !SINGLE_TEXTS.has(vr)
  return (isSplit ? value.split('\\') : [value]).map((one) => {
    const text = trimmed(one, vr)
    return text === '' ? null : text
  })
}

function trimmed(text: string, vr: string | undefined): string {
  const padless = trimEnd(text)
  if (padless === '' || vr === undefined) return padless
  if (KEEP_LEADING_SPACE.has(vr)) return padless
  return trimStart(KEEP_PAD.has(vr) ? text : padless)
}

/** Whether two values of a document mean the same: padding, member order of items, and a list around a single value are ignored. */
export const sameValue = (one: Json, other: Json): boolean => one === other || meaning(one) === meaning(other)

function meaning(value: Json): string {
  if (typeof value === 'string') return JSON.stringify(trimStart(trimEnd(value)) || null)
  if (isList(value)) {
    return value.length === 1 ? meaning(value[0]!) : value.length === 0 ? 'null' : `[${value.map(meaning).join(',')}]`
  }
  if (isObject(value)) return `{${[...meanings(value)].sort().join(',')}}`
  return typeof value === 'number' ? String(value) : jsonText(value)
}

function* meanings(object: JsonObject): Iterable<string> {
  for (const [key, value] of object) yield `${JSON.stringify(key)}:${meaning(value)}`
}
