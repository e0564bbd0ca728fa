/**
 * What an instance has differently from the patient, study and series of its image set. A document has one value at each level: an
 * instance with another carries its own beside its own attributes, where it wins, and names what it lacks (decision 9).
 */
import { sameValue } from './attribute-values.ts'
import { endOfString, membersOfText, textOfMembers } from './json-members.ts'
import { readLevels } from './levels.ts'
import { BY_TAG, withAdded } from './member-order.ts'
import { readStoredJson } from './strict-json.ts'

/** Beside the DICOM of an instance: keys that its levels have and it does not. In its DICOM they are null, for readers that do not know. */
export const ABSENT_MEMBER = 'DICOMAbsent'

export interface LevelOverrides {
  /** By key, JSON text. */
  readonly values: ReadonlyMap<string, string>
  readonly absent: ReadonlySet<string>
}

/** Attributes of all three levels, as a reader who puts them together has them. */
export type FlatLevels = ReadonlyMap<string, string>

/** @throws Error where the text is not as metadata.ts writes it */
export function flatLevels(text: string): FlatLevels {
  const { Patient, Study, Series } = readLevels(text)
  return new Map([...Patient, ...Study, ...Series])
}

/** Undefined where an instance with its own levels is as the levels say. Compares text: what came in comes out again. */
export function overridesBetween(own: FlatLevels, levels: FlatLevels): LevelOverrides | undefined {
  const values = new Map<string, string>()
  for (const [key, value] of own) if (levels.get(key) !== value) values.set(key, value)
  const absent = new Set([...levels.keys()].filter((key) => !own.has(key)))
  return overridesOrNone({ values, absent })
}

/** By key, what one has differently from another; undefined where it does not have it. */
type LevelChanges = ReadonlyMap<string, string | undefined>

export function changesBetween(before: FlatLevels, after: FlatLevels): LevelChanges {
  const keys = new Set([...before.keys(), ...after.keys()])
  return new Map([...keys].filter((key) => before.get(key) !== after.get(key)).map((key) => [key, before.get(key)]))
}

/**
 * The same instance under other levels.
 * @param changes what the levels before had differently from those now
 */
export function carriedOver(
  overrides: LevelOverrides | undefined,
  { changes, levels }: { readonly changes: LevelChanges; readonly levels: FlatLevels },
): LevelOverrides | undefined {
  if (changes.size === 0) return overrides
  const { values, absent } = overrides ?? NONE
  const own: (readonly [string, string | undefined])[] = [
    ...[...changes].filter(([key]) => !values.has(key) && !absent.has(key)),
    ...values,
    ...[...absent].map((key) => [key, undefined] as const),
  ]
  const different = own.filter(([key, value]) => levels.get(key) !== value)
  return overridesOrNone({
    values: new Map(different.filter((one): one is readonly [string, string] => one[1] !== undefined)),
    absent: new Set(different.filter(([, value]) => value === undefined).map(([key]) => key)),
  })
}

/** In these attributes the instance is as the levels say. */
export function withoutKeys(
  overrides: LevelOverrides | undefined,
  keys: { has(key: string): boolean },
): LevelOverrides | undefined {
  if (overrides === undefined) return undefined
  return overridesOrNone({
    values: new Map([...overrides.values].filter(([key]) => !keys.has(key))),
    absent: new Set([...overrides.absent].filter((key) => !keys.has(key))),
  })
}

const NONE: LevelOverrides = { values: new Map(), absent: new Set() }

const overridesOrNone = (overrides: LevelOverrides): LevelOverrides | undefined =>
  overrides.values.size + overrides.absent.size === 0 ? undefined : overrides

/** The keys whose values mean something else; a pad does not, nor whether an empty attribute is there. */
export function keysThatDiffer({ values, absent }: LevelOverrides, levels: FlatLevels): readonly string[] {
  const differs = (one: string, other: string | undefined) =>
    !sameValue(readStoredJson(one), readStoredJson(other ?? 'null'))
  return [
    ...[...values].filter(([key, value]) => differs(value, levels.get(key))).map(([key]) => key),
    ...[...absent].filter((key) => differs('null', levels.get(key))),
  ].sort()
}

/** @param entry a member of Instances, as metadata.ts writes it */
export function withOverrides(entry: string, { values, absent }: LevelOverrides): string {
  const keyEnd = endOfString(entry, 0)
  const members = membersOfText(entry.slice(keyEnd + 1))
  const own = membersOfText(members.get('DICOM') ?? '{}')
  // A forced update can put a keyword that DICOM does not have at any level: the instance's own stays.
  const lacking = [...absent].filter((key) => !own.has(key))
  const added = [...[...values].filter(([key]) => !own.has(key)), ...lacking.map((key) => [key, 'null'] as const)]
  members.set('DICOM', textOfMembers(withAdded(own, added, BY_TAG)))
  if (lacking.length > 0) members.set(ABSENT_MEMBER, JSON.stringify(lacking))
  return `${entry.slice(0, keyEnd + 1)}${textOfMembers(members)}`
}

// ---- As they are kept --------------------------------------------------------------------------------------------

/** One line for each instance that has any: its SOP Instance UID and this. No line break stands in JSON as we write it. */
export const lineOf = (sopInstanceUID: string, { values, absent }: LevelOverrides): string =>
  `\n${JSON.stringify(sopInstanceUID)}:{"values":${textOfMembers(values)},"absent":${JSON.stringify([...absent])}}`

export const uidOfLine = (line: string): string => JSON.parse(line.slice(0, endOfString(line, 0))) as string

/** @param line without its line break */
export function overridesOfLine(line: string): LevelOverrides {
  const members = membersOfText(line.slice(endOfString(line, 0) + 1))
  return {
    values: membersOfText(members.get('values') ?? ''),
    absent: new Set(JSON.parse(members.get('absent') ?? '') as string[]),
  }
}
