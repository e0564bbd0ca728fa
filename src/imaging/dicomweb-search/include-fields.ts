/** What `includefield` asks for (PS3.18 8.3.4.3), and the choice of these attributes from a metadata document. */
import { ContractError } from '../../contract/errors.ts'
import { tagNamed } from '../documents/document-vrs.ts'
import type { JsonObject, JsonValue } from '../documents/read-document.ts'

const FIELDS_MAX = 50
const DEPTH_MAX = 16
const TAG = /^[0-9A-F]{8}$/

/** By tag: the whole attribute, or these of the items of a sequence. */
export type FieldTree = ReadonlyMap<string, 'whole' | FieldTree>

export interface IncludeFields {
  readonly isAll: boolean
  readonly fields: FieldTree
  /** The private creator that the request names for a block of elements, by the tag of its reservation: `00190010`. */
  readonly creators: ReadonlyMap<string, string>
}

type MutableTree = Map<string, 'whole' | MutableTree>

/**
 * Names that are no attribute are left out, and so are private ones without a creator.
 * @param matched tags of the attributes that the request matches, which it returns too
 * @throws ContractError ValidationException
 */
export function includeFields(
  texts: readonly string[],
  { matched, creators }: { readonly matched: readonly string[]; readonly creators: ReadonlyMap<string, string> },
): IncludeFields {
  const names = texts.flatMap((text) => text.split(',')).map((name) => name.trim())
  if (names.length > FIELDS_MAX)
    throw new ContractError('ValidationException', `includefield can name at most ${FIELDS_MAX} attributes`)
  const fields: MutableTree = new Map(matched.map((tag) => [tag, 'whole'] as const))
  for (const name of names) {
    const path = name
      .split('.', DEPTH_MAX + 1)
      .map((part) => tagNamed(TAG.test(part.toUpperCase()) ? part.toUpperCase() : part))
    if (path.length <= DEPTH_MAX && path.every((tag) => tag !== undefined)) addPath(fields, path as readonly string[])
  }
  return { isAll: names.includes('all'), fields, creators }
}

function addPath(tree: MutableTree, [tag, ...rest]: readonly string[]): void {
  const known = tree.get(tag!)
  if (known === 'whole') return
  if (rest.length === 0) tree.set(tag!, 'whole')
  else {
    const inner: MutableTree = known ?? new Map()
    tree.set(tag!, inner)
    addPath(inner, rest)
  }
}

const isPrivate = (tag: string): boolean => Number.parseInt(tag[3]!, 16) % 2 === 1
const isReservation = (tag: string): boolean => /^....00[1-9A-F].$/.test(tag)

export const isPrivateReservation = (tag: string): boolean => TAG.test(tag) && isPrivate(tag) && isReservation(tag)

/** The attributes of an object that the fields name, each with its key. */
export function selectFields(
  object: JsonObject,
  { fields, creators }: Pick<IncludeFields, 'fields' | 'creators'>,
): JsonObject {
  const keyOf = new Map(Object.keys(object).map((key) => [tagNamed(key), key]))
  const selected: Record<string, JsonValue> = {}
  const select = (tag: string, field: 'whole' | FieldTree) => {
    const key = keyOf.get(tag)
    if (key !== undefined)
      selected[key] = field === 'whole' ? object[key]! : itemsOf(object[key]!, { fields: field, creators })
  }
  for (const [tag, field] of fields) {
    if (!isPrivate(tag) || isReservation(tag)) select(tag, field)
    else {
      const reservation = reservationFor(tag, { object, creators })
      if (reservation === undefined) continue
      select(reservation, 'whole')
      select(`${tag.slice(0, 4)}${reservation.slice(6)}${tag.slice(6)}`, field)
    }
  }
  return selected
}

/** Where the object has the creator that the request names for the element's block: perhaps in another block (PS3.5 7.8.1). */
function reservationFor(
  tag: string,
  { object, creators }: { readonly object: JsonObject; readonly creators: ReadonlyMap<string, string> },
): string | undefined {
  const creator = creators.get(`${tag.slice(0, 4)}00${tag.slice(4, 6)}`)
  if (creator === undefined) return undefined
  return Object.keys(object).find(
    (key) => key.startsWith(tag.slice(0, 4)) && isReservation(key) && textOf(object[key]!) === creator,
  )
}

const textOf = (value: JsonValue): string | undefined => {
  const [first] = Array.isArray(value) ? value : [value]
  return typeof first === 'string' ? first.trim() : undefined
}

/** A value that is no sequence has nothing below it. */
function itemsOf(value: JsonValue, include: Pick<IncludeFields, 'fields' | 'creators'>): JsonValue {
  const items = Array.isArray(value) ? value : [value]
  return items.flatMap((item) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? [selectFields(item as JsonObject, include)]
      : [],
  )
}
