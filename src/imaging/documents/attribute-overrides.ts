/**
 * Overrides: where an instance differs from the patient, study and series attributes of its image set. A document has one value for each
 * attribute at these levels. An instance with another value has it in its own DICOM, where it takes precedence; attributes that the
 * instance lacks are listed beside its DICOM (decision 9).
 */
import { sameValue } from './attribute-values.ts'
import { readImageSetAttributes } from './image-set-attributes.ts'
import { endOfString, membersOfText, textOfMembers } from './json-members.ts'
import { BY_TAG, withAdded } from './member-order.ts'
import { readStoredJson } from './strict-json.ts'

/**
 * Member beside the DICOM of an instance: the keys that its image set has and the instance lacks. In its DICOM they are null, for readers
 * that ignore this member.
 */
export const ABSENT_MEMBER = 'DICOMAbsent'

export interface AttributeOverrides {
  /** JSON text by key. */
  readonly values: ReadonlyMap<string, string>
  readonly absent: ReadonlySet<string>
}

/** Patient, study and series attributes merged: JSON text by key. */
export type FlatAttributes = ReadonlyMap<string, string>

/** @throws Error where the text is not as metadata.ts writes it */
export function flatAttributes(text: string): FlatAttributes {
  const { Patient, Study, Series } = readImageSetAttributes(text)
  return new Map([...Patient, ...Study, ...Series])
}

/** Compares text, so that a value keeps its spelling. @returns undefined where the instance does not differ */
export function overridesBetween(own: FlatAttributes, attributes: FlatAttributes): AttributeOverrides | undefined {
  const values = new Map<string, string>()
  for (const [key, value] of own) if (attributes.get(key) !== value) values.set(key, value)
  const absent = new Set([...attributes.keys()].filter((key) => !own.has(key)))
  return overridesOrNone({ values, absent })
}

/** The previous values of the keys that changed; undefined where the key was absent. */
type ChangedValues = ReadonlyMap<string, string | undefined>

export function changesBetween(before: FlatAttributes, after: FlatAttributes): ChangedValues {
  const keys = new Set([...before.keys(), ...after.keys()])
  return new Map([...keys].filter((key) => before.get(key) !== after.get(key)).map((key) => [key, before.get(key)]))
}

/**
 * The overrides that keep an instance unchanged when the attributes of its image set change.
 * @param changes from the previous attributes to `attributes`
 */
export function carriedOver(
  overrides: AttributeOverrides | undefined,
  { changes, attributes }: { readonly changes: ChangedValues; readonly attributes: FlatAttributes },
): AttributeOverrides | undefined {
  if (changes.size === 0) return overrides
  const { values, absent } = overrides ?? NONE
  const own: (readonly [string, string | undefined])[] = [
    ...[...changes].filter(([key]) => !values.has(key) && !absent.has(key)),
    ...values,
    ...[...absent].map((key) => [key, undefined] as const),
  ]
  const different = own.filter(([key, value]) => attributes.get(key) !== value)
  return overridesOrNone({
    values: new Map(different.filter((one): one is readonly [string, string] => one[1] !== undefined)),
    absent: new Set(different.filter(([, value]) => value === undefined).map(([key]) => key)),
  })
}

/** For these keys the instance takes the values of its image set. */
export function withoutKeys(
  overrides: AttributeOverrides | undefined,
  keys: { has(key: string): boolean },
): AttributeOverrides | undefined {
  if (overrides === undefined) return undefined
  return overridesOrNone({
    values: new Map([...overrides.values].filter(([key]) => !keys.has(key))),
    absent: new Set([...overrides.absent].filter((key) => !keys.has(key))),
  })
}

const NONE: AttributeOverrides = { values: new Map(), absent: new Set() }

const overridesOrNone = (overrides: AttributeOverrides): AttributeOverrides | undefined =>
  overrides.values.size + overrides.absent.size === 0 ? undefined : overrides

/** The keys whose values differ in meaning: padding is ignored, and an empty attribute equals an absent one. */
export function keysThatDiffer({ values, absent }: AttributeOverrides, attributes: FlatAttributes): readonly string[] {
  const differs = (one: string, other: string | undefined) =>
    !sameValue(readStoredJson(one), readStoredJson(other ?? 'null'))
  return [
    ...[...values].filter(([key, value]) => differs(value, attributes.get(key))).map(([key]) => key),
    ...[...absent].filter((key) => differs('null', attributes.get(key))),
  ].sort()
}

/** @param instanceMetadata a member of Instances, as metadata.ts writes it */
export function withOverrides(instanceMetadata: string, { values, absent }: AttributeOverrides): string {
  const keyEnd = endOfString(instanceMetadata, 0)
  const members = membersOfText(instanceMetadata.slice(keyEnd + 1))
  const own = membersOfText(members.get('DICOM') ?? '{}')
  // A forced update can set a keyword that DICOM does not define at any level. The instance's own attribute takes precedence.
  const lacking = [...absent].filter((key) => !own.has(key))
  const added = [...[...values].filter(([key]) => !own.has(key)), ...lacking.map((key) => [key, 'null'] as const)]
  members.set('DICOM', textOfMembers(withAdded(own, added, BY_TAG)))
  if (lacking.length > 0) members.set(ABSENT_MEMBER, JSON.stringify(lacking))
  return `${instanceMetadata.slice(0, keyEnd + 1)}${textOfMembers(members)}`
}

// ---- Stored form -------------------------------------------------------------------------------------------------

/** One line for each instance with overrides, starting with its SOP Instance UID. JSON as Hilum writes it contains no line break. */
export const lineOf = (sopInstanceUID: string, { values, absent }: AttributeOverrides): string =>
  `\n${JSON.stringify(sopInstanceUID)}:{"values":${textOfMembers(values)},"absent":${JSON.stringify([...absent])}}`

export const uidOfLine = (line: string): string => JSON.parse(line.slice(0, endOfString(line, 0))) as string

/** @param line without its line break */
export function overridesOfLine(line: string): AttributeOverrides {
  const members = membersOfText(line.slice(endOfString(line, 0) + 1))
  return {
    values: membersOfText(members.get('values') ?? ''),
    absent: new Set(JSON.parse(members.get('absent') ?? '') as string[]),
  }
}
