/** Studies, series and instances as objects of the DICOM JSON model: from their rows, and from stored metadata where more is asked for. */
import type { App } from '../../app.ts'
import type { DicomwebSearch } from '../../contract/dicomweb.ts'
import {
  allOf,
  DEFAULTS,
  DEFAULTS_WITH_VALUE,
  isOfLevel,
  tagOfKeyword,
} from '../../imaging/dicomweb-search/attribute-sets.ts'
import type { SearchLevel } from '../../imaging/dicomweb-search/attributes.ts'
import { type FieldTree, type IncludeFields, selectFields } from '../../imaging/dicomweb-search/include-fields.ts'
import { NO_SURROUNDINGS, tagNamed } from '../../imaging/documents/document-vrs.ts'
import type { JsonObject, JsonValue } from '../../imaging/documents/read-document.ts'
import { elementsOf, objectOfElements } from '../../imaging/documents/write-dicom-json.ts'
import { largeBinaryName } from '../../ingest/large-binary-name.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import type { StoredFields } from './stored-fields.ts'

interface ResultWriting {
  readonly app: App
  readonly wanted: DicomwebSearch
  readonly include: IncludeFields
  readonly stored: (instance: PlacedInstance) => Promise<StoredFields | undefined>
}

/** What is known of a study, series or instance without its metadata. */
export interface KnownResult {
  readonly level: SearchLevel
  /** By keyword. Values that are there whatever is asked for, such as counts. */
  readonly computed: JsonObject
  /** By keyword, of the row: returned by default if they are in the tables, and if they are asked for. */
  readonly row: JsonObject
  /** Levels whose defaults are returned. */
  readonly levels: readonly SearchLevel[]
  /** An instance with the further attributes. */
  readonly instance: () => Promise<PlacedInstance | undefined>
  /** For large values. */
  readonly uri: string
}

/** @returns undefined where it was deleted since it was found */
export async function resultText(known: KnownResult, writing: ResultWriting): Promise<string | undefined> {
  const { include, stored } = writing
  const fields = fieldsOf(known, include)
  const object: Record<string, JsonValue> = { SpecificCharacterSet: 'ISO_IR 192' }
  const missing = [...fields.keys()].some((tag) => !isKnown(tag, known))
  let from: StoredFields | undefined
  if (missing || known.level === 'instance') {
    const instance = await known.instance()
    from = instance && (await stored(instance))
    if (from === undefined) return undefined
    const everything = include.isAll && known.level === 'instance'
    Object.assign(
      object,
      everything ? from.attributes : selectFields(from.attributes, { fields, creators: include.creators }),
    )
  }
  addRow(object, { known, fields, isAll: include.isAll })
  Object.assign(object, known.computed)
  const elements = elementsOf(object, {
    vrs: from?.vrs ?? {},
    around: from?.around ?? NO_SURROUNDINGS,
    uri: { before: known.uri, after: '' },
    nameOf: largeBinaryName,
  })
  return objectOfElements(elements)
}

/** Beside the defaults: what the request names, and all of the level. */
function fieldsOf({ level }: KnownResult, { isAll, fields }: IncludeFields): FieldTree {
  const named = [...fields].filter(([tag]) => isOfLevel(tag, level))
  const all = isAll ? [...(allOf(level) ?? [])].map((tag) => [tag, 'whole'] as const) : []
  const defaults = level === 'instance' ? [...DEFAULTS[level], ...DEFAULTS_WITH_VALUE[level]] : []
  return new Map([...named, ...all, ...defaults.map((keyword) => [tagOfKeyword(keyword), 'whole'] as const)])
}

const isKnown = (tag: string, { computed, row }: KnownResult): boolean =>
  [computed, row].some((object) => Object.keys(object).some((key) => tagNamed(key) === tag))

/** Of the row: the defaults, empty where there is no value, and what is asked for. */
function addRow(
  object: Record<string, JsonValue>,
  { known, fields, isAll }: { readonly known: KnownResult; readonly fields: FieldTree; readonly isAll: boolean },
): void {
  const { row, levels } = known
  const required = new Set(levels.flatMap((level) => DEFAULTS[level]))
  const optional = new Set(levels.flatMap((level) => DEFAULTS_WITH_VALUE[level]))
  for (const [keyword, value] of Object.entries(row)) {
    const isAsked = isAll || fields.has(tagOfKeyword(keyword))
    if (hasValue(value) && (isAsked || required.has(keyword) || optional.has(keyword))) object[keyword] = value
    else if (isAsked) object[keyword] ??= null
  }
  for (const keyword of required) object[keyword] ??= null
}

const hasValue = (value: JsonValue | undefined): boolean =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)

/** The value of a row, which joins several by backslashes. */
export const valueOfText = (text: string | null | undefined): JsonValue =>
  text === undefined || text === null ? null : text.includes('\\') ? text.split('\\') : text

export const uriOf = (
  { origin, datastoreId }: Pick<DicomwebSearch, 'origin' | 'datastoreId'>,
  study: string,
  series?: string,
  instance?: string,
): string =>
  `${origin}/datastore/${datastoreId}/studies/${encodeURIComponent(study)}` +
  (series === undefined ? '' : `/series/${encodeURIComponent(series)}`) +
  (instance === undefined ? '' : `/instances/${encodeURIComponent(instance)}`)
