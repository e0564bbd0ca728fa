/** Reads the instances of a version one by one, each with the attributes of its patient, study and series. */
import { type AttributeOverrides, flatAttributes } from '../imaging/documents/attribute-overrides.ts'
import { membersOfText } from '../imaging/documents/json-members.ts'
import type { ImageFrame } from '../imaging/documents/metadata.ts'
import { type JsonObject, type JsonValue, parseJson } from '../imaging/documents/read-document.ts'
import { WindowReader } from '../ingest/window-reader.ts'
import type { InstanceRecord, VersionOfDatastore } from '../stores/catalog/image-set-records.ts'
import type { VersionAttributes } from './join-document.ts'
import { textOf } from './stored-attributes.ts'
import { attributesOfVersion, type StoredContent } from './version-attributes.ts'

export interface InstanceOfVersion {
  /** Its own attributes, and those in which it differs from the version. */
  readonly own: JsonObject
  /** Keys of attributes that the version has and the instance does not. */
  readonly absent: ReadonlySet<string>
  /** Of the elements with their tag as key. */
  readonly vrs: Readonly<Record<string, string>>
  /** Parsed with each call: an instance can have many. */
  imageFrames(): readonly ImageFrame[]
}

export interface InstanceText {
  /** As imaging/documents/metadata.ts writes it. */
  readonly text: string
  readonly overrides: AttributeOverrides | undefined
}

export interface VersionReader {
  /** The attributes of patient, study and series. */
  readonly shared: JsonObject
  /** Not for concurrent calls, like instance. */
  textOf(record: InstanceRecord): Promise<InstanceText>
  /** Not for concurrent calls. Instances in the order in which they were stored are read fastest. */
  instance(record: InstanceRecord): Promise<InstanceOfVersion>
}

/** @throws ContractError ResourceNotFoundException if the version was deleted since the caller read it */
export async function openVersion(app: StoredContent, version: VersionOfDatastore): Promise<VersionReader> {
  const attributes = await attributesOfVersion(app, version)
  const reader = new WindowReader(app.blobs, 'small')
  return {
    shared: parsedMembers(flatAttributes(attributes.text)),
    textOf: (record) => readText(record, { attributes, reader }),
    instance: async (record) => readInstance(await readText(record, { attributes, reader })),
  }
}

async function readText(
  record: InstanceRecord,
  { attributes, reader }: { readonly attributes: VersionAttributes; readonly reader: WindowReader },
): Promise<InstanceText> {
  const { blobKey, offsetBytes, instanceMetadataBytes: lengthBytes } = record.metadata
  const text = textOf(await reader.read({ blobKey, offsetBytes, lengthBytes }))
  return { text, overrides: await attributes.overridesOf(record) }
}

function readInstance({ text, overrides }: InstanceText): InstanceOfVersion {
  const [[, instance]] = membersOfText(`{${text}}`) as unknown as [[string, string]]
  const members = membersOfText(instance)
  const own = parseJson(members.get('DICOM') ?? '{}') as JsonObject
  return {
    own: overrides === undefined ? own : { ...parsedMembers(overrides.values), ...own },
    absent: absentIn(overrides, own),
    vrs: parseJson(members.get('DICOMVRs') ?? '{}') as Record<string, string>,
    imageFrames: () => parseJson(members.get('ImageFrames') ?? '[]') as unknown as readonly ImageFrame[],
  }
}

/** The own attribute of an instance takes precedence. */
function absentIn(overrides: AttributeOverrides | undefined, own: JsonObject): ReadonlySet<string> {
  return new Set(overrides === undefined ? [] : [...overrides.absent].filter((key) => !(key in own)))
}

const parsedMembers = (members: ReadonlyMap<string, string>): JsonObject =>
  Object.fromEntries([...members].map(([key, text]): [string, JsonValue] => [key, parseJson(text)]))

/** All attributes of an instance: patient, study and series, and its own. */
export function mergedAttributes(
  { shared }: Pick<VersionReader, 'shared'>,
  { own, absent }: InstanceOfVersion,
): JsonObject {
  const inherited = absent.size === 0 ? shared : withoutKeys(shared, absent)
  return { ...inherited, ...own }
}

const withoutKeys = (object: JsonObject, keys: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.has(key)))
