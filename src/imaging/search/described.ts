/**
 * The values of an image set that searches by words compare. Most are members of its summary. A summary lacks the others: the catalog
 * stores them beside it, as one JSON text, in the row of the image set and in its row history. So it does with attributes that are declared
 * searchable for the data store (declared.ts).
 */
import { type UnlistedAttribute, WORD_ATTRIBUTES } from '../../contract/word-attributes.ts'
import { type DeclaredName, isDeclaredName } from './declared.ts'
import type { Described } from './terms.ts'

const CHARACTERS_MAX = 256

/** What only searches by DICOMweb compare or return: these texts are stored with the others, and have no words. */
type DicomwebAttribute =
  | 'PatientBirthTime'
  | 'PerformedProcedureStepStartDate'
  | 'PerformedProcedureStepStartTime'
  | 'TimezoneOffsetFromUTC'

type StoredAttribute = UnlistedAttribute | DicomwebAttribute

const UNLISTED_TAGS: Readonly<Record<StoredAttribute, string>> = {
  SeriesDescription: '0008103E',
  ReferringPhysicianName: '00080090',
  InstitutionName: '00080080',
  PatientBirthTime: '00100032',
  PerformedProcedureStepStartDate: '00400244',
  PerformedProcedureStepStartTime: '00400245',
  TimezoneOffsetFromUTC: '00080201',
}
export const unlistedAttributes = Object.entries(UNLISTED_TAGS) as readonly (readonly [StoredAttribute, string])[]

export type UnlistedTexts = { readonly [A in StoredAttribute]?: string | null }

/** Those that the metadata document has in its instances: a version does not read them again, but keeps those of the one before. */
const OF_INSTANCES = ['PerformedProcedureStepStartDate', 'PerformedProcedureStepStartTime', 'TimezoneOffsetFromUTC']

/** With the texts of another version that are not among the attributes of its patient, study and series. */
export function withTextsOfInstances(unlistedTexts: string | null, other: string | null): string | null {
  if (other === null) return unlistedTexts
  const kept = Object.entries(JSON.parse(other)).filter(([name]) => OF_INSTANCES.includes(name))
  if (kept.length === 0) return unlistedTexts
  const members: object = unlistedTexts === null ? {} : JSON.parse(unlistedTexts)
  return JSON.stringify({ ...members, ...Object.fromEntries(kept) })
}

/** JSON text; null where there is no value. A long value is cut, since it is not limited as the values of a summary are. */
export function textOfUnlisted(texts: UnlistedTexts): string | null {
  const found = unlistedAttributes.flatMap(([name]) => {
    const text = texts[name] ?? null
    return text === null ? [] : [[name, [...text].slice(0, CHARACTERS_MAX).join('')] as const]
  })
  return found.length === 0 ? null : JSON.stringify(Object.fromEntries(found))
}

/** By the name of the declaration. */
export type DeclaredTexts = ReadonlyMap<DeclaredName, readonly string[]>

/**
 * With these texts of declared attributes in place of those that it has of them.
 * @param unlistedTexts JSON text, as of textOfUnlisted
 */
export function withDeclaredTexts(unlistedTexts: string | null, texts: DeclaredTexts): string | null {
  const members = new Map<string, unknown>(unlistedTexts === null ? [] : Object.entries(JSON.parse(unlistedTexts)))
  for (const [name, values] of texts) {
    if (values.length === 0) members.delete(name)
    else members.set(name, values)
  }
  return members.size === 0 ? null : JSON.stringify(Object.fromEntries(members))
}

/** @param tags JSON text of DICOMTags */
export function describedOf(tags: string, unlistedTexts: string | null): Described {
  const listed: Readonly<Record<string, string | number | null>> = JSON.parse(tags)
  const unlisted: UnlistedTexts & { readonly [name: DeclaredName]: readonly string[] } =
    unlistedTexts === null ? {} : JSON.parse(unlistedTexts)
  const declared = Object.keys(unlisted).filter(isDeclaredName)
  return Object.fromEntries([
    ...WORD_ATTRIBUTES.map((row) => [
      row.keyword,
      row.summaryMember === null ? unlisted[row.keyword] : listed[row.summaryMember],
    ]),
    ...declared.map((name) => [name, unlisted[name]]),
  ])
}
