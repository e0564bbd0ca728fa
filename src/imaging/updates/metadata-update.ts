/**
 * Parses the two documents of DICOMUpdates strictly, and checks the rules that do not depend on an image set (AWS "DICOM metadata
 * constraints"). apply-update.ts checks the others and applies the update.
 */
import { ContractError } from '../../contract/errors.ts'
import { ABSENT_MEMBER } from '../documents/attribute-overrides.ts'
import { isBase64OfJson, isObject, type Json, type JsonObject, readJson } from '../documents/strict-json.ts'
import { type AttributeChange, readAttributes } from './attribute-changes.ts'

/** No key is in both. */
export interface ModuleChange {
  readonly remove: readonly AttributeChange[]
  readonly put: readonly AttributeChange[]
}

export interface MetadataUpdate {
  readonly Patient: ModuleChange
  readonly Study: ModuleChange
  readonly Series: ModuleChange
  /** The series that the documents name as key; undefined where they name none. */
  readonly seriesInstanceUID: string | undefined
  /** By the current SOP Instance UID; removed instances are not in `changed`. */
  readonly changed: ReadonlyMap<string, ModuleChange>
  readonly removed: ReadonlySet<string>
}

/** The members of DICOMUpdates, decoded. */
export interface DICOMUpdates {
  readonly removableAttributes?: Uint8Array | undefined
  readonly updatableAttributes?: Uint8Array | undefined
}

/** @throws ContractError ValidationException */
export function parseUpdate({ removableAttributes, updatableAttributes }: DICOMUpdates): MetadataUpdate {
  const removable = readTree(removableAttributes, 'removableAttributes')
  const updatable = readTree(updatableAttributes, 'updatableAttributes')
  if (removable === undefined && updatable === undefined) {
    throw invalid('DICOMUpdates has neither removableAttributes nor updatableAttributes.')
  }
  const trees = [removable, updatable].filter((tree) => tree !== undefined)
  const [seriesInstanceUID, ...others] = new Set(trees.flatMap((tree) => [...tree.series.keys()]))
  if (others.length > 0) throw invalid('DICOMUpdates names more than one series: an image set has one.')
  const ofSeries = [removable, updatable].map((tree) => tree?.series.get(seriesInstanceUID ?? ''))
  const update = {
    Patient: together(removable?.Patient, updatable?.Patient),
    Study: together(removable?.Study, updatable?.Study),
    Series: together(ofSeries[0]?.attributes, ofSeries[1]?.attributes),
    seriesInstanceUID,
    ...instancesOf(ofSeries[0]?.instances, ofSeries[1]?.instances),
  }
  if (isNothing(update)) throw invalid('DICOMUpdates names no attribute and no instance to change.')
  return update
}

/** The SOP Instance UIDs whose metadata applyUpdate needs. */
export const instancesTouched = (update: MetadataUpdate): readonly string[] => [
  ...update.changed.keys(),
  ...update.removed,
]

/** The SOP Instance UIDs that the update assigns: none of them may be in the image set. */
export const sopInstanceUIDsGiven = (update: MetadataUpdate): readonly string[] =>
  [...update.changed.values()].flatMap(({ put }) =>
    put.flatMap(({ key, value }) => (key === 'SOPInstanceUID' && typeof value === 'string' ? [value] : [])),
  )

const NOTHING: ModuleChange = { remove: [], put: [] }

/** The part of the update that other image sets of the study get under includeStudyImageSets; undefined where it is empty. */
export function forStudy({ Patient, Study }: MetadataUpdate): MetadataUpdate | undefined {
  const update = {
    Patient,
    Study,
    Series: NOTHING,
    seriesInstanceUID: undefined,
    changed: new Map(),
    removed: new Set<string>(),
  }
  return isNothing(update) ? undefined : update
}

const isNothing = ({ Patient, Study, Series, changed, removed }: MetadataUpdate): boolean =>
  changed.size + removed.size === 0 &&
  [Patient, Study, Series].every(({ remove, put }) => remove.length + put.length === 0)

type Attributes = readonly AttributeChange[]
type BlobName = keyof DICOMUpdates

interface Tree {
  readonly Patient: Attributes
  readonly Study: Attributes
  readonly series: ReadonlyMap<string, SeriesTree>
}

interface SeriesTree {
  readonly attributes: Attributes
  /** `{}` is 'whole': the instance itself. */
  readonly instances: ReadonlyMap<string, Attributes | 'whole'>
}

function readTree(bytes: Uint8Array | undefined, blob: BlobName): Tree | undefined {
  if (bytes === undefined) return undefined
  const document = membersIn(readJson(textOf(bytes, blob), blob), {
    blob,
    path: 'The document',
    may: ['SchemaVersion', 'Patient', 'Study'],
  })
  requireSchemaVersion(document.get('SchemaVersion'), blob)
  const patient = membersIn(document.get('Patient'), { blob, path: 'Patient', may: ['DICOM'] })
  const study = membersIn(document.get('Study'), { blob, path: 'Study', may: ['DICOM', 'Series'] })
  const isRemoval = blob === 'removableAttributes'
  return {
    Patient: readAttributes(patient, { level: 'Patient', place: `Patient.DICOM in ${blob}`, isRemoval }),
    Study: readAttributes(study, { level: 'Study', place: `Study.DICOM in ${blob}`, isRemoval }),
    series: mapValues(membersIn(study.get('Series'), { blob, path: 'Series' }), (series) => readSeries(series, blob)),
  }
}

function readSeries(value: Json, blob: BlobName): SeriesTree {
  const series = membersIn(value, { blob, path: 'A series', may: ['DICOM', 'Instances'] })
  const isRemoval = blob === 'removableAttributes'
  if (series.size === 0) {
    throw invalid(
      isRemoval
        ? 'removableAttributes names a whole series: the series is the whole image set, which DeleteImageSet deletes.'
        : 'A series in updatableAttributes is empty: it names nothing to update.',
    )
  }
  return {
    attributes: readAttributes(series, { level: 'Series', place: `the series' DICOM in ${blob}`, isRemoval }),
    instances: mapValues(membersIn(series.get('Instances'), { blob, path: 'Instances' }), (instance) => {
      const members = membersIn(instance, {
        blob,
        path: 'An instance',
        may: ['DICOM', 'DICOMVRs'],
        never: IN_INSTANCES,
      })
      if (members.size === 0 && isRemoval) return 'whole'
      const place = `an instance's DICOM in ${blob}`
      const attributes = readAttributes(members, { level: undefined, place, isRemoval })
      if (attributes.length === 0) throw invalid(`An instance in ${blob} names no attribute.`)
      return attributes
    }),
  }
}

/** Members beside the DICOM of an instance describe its stored frames, and the attributes it lacks. */
const IN_INSTANCES = ['StoredTransferSyntaxUID', 'ChecksumType', 'ImageFrames', ABSENT_MEMBER]
/** Members that Hilum writes at the top of a document. */
const IN_DOCUMENTS = ['DatastoreID', 'ImageSetID']

interface Expected {
  readonly blob: BlobName
  readonly path: string
  /** @param may all members where they are known; otherwise members are UIDs */
  readonly may?: readonly string[]
  readonly never?: readonly string[]
}

function membersIn(value: Json | undefined, { blob, path, may, never = IN_DOCUMENTS }: Expected): JsonObject {
  if (value === undefined) return new Map()
  if (!isObject(value)) throw invalid(`${path} in ${blob} is not a JSON object.`)
  for (const key of value.keys()) {
    if (may === undefined || may.includes(key)) continue
    if (never.includes(key)) throw invalid(`${key} in ${blob} cannot be updated or removed.`)
    const known = may.join(', ').replace(/, ([^,]*)$/, ' and $1')
    throw invalid(`${path} in ${blob} has an unknown member. Allowed: ${known}.`)
  }
  return value
}

function requireSchemaVersion(version: Json | undefined, blob: BlobName): void {
  if (version === undefined || version === 1.1 || version === '1.1') return
  throw invalid(`SchemaVersion in ${blob} is not 1.1.`)
}

/** A byte order mark is not part of JSON (RFC 8259 8.1). */
function textOf(bytes: Uint8Array, blob: BlobName): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid(`${blob} is not UTF-8.`)
  }
  if (isBase64OfJson(text)) {
    throw invalid(
      `${blob} is base64 twice: it decodes to base64 instead of JSON. Version 1 of the AWS CLI and the SDKs encode ` +
        'the JSON themselves, as does version 2 of the CLI with --cli-binary-format raw-in-base64-out.',
    )
  }
  return text
}

function together(remove: Attributes = [], put: Attributes = []): ModuleChange {
  const removed = new Set(remove.map(({ key }) => key))
  const both = put.find(({ key }) => removed.has(key))
  if (both !== undefined) {
    throw invalid(`${both.name} is in removableAttributes and in updatableAttributes: it can be in only one of them.`)
  }
  return { remove, put }
}

function instancesOf(
  removable: SeriesTree['instances'] = new Map(),
  updatable: SeriesTree['instances'] = new Map(),
): Pick<MetadataUpdate, 'changed' | 'removed'> {
  const changed = new Map<string, ModuleChange>()
  const removed = new Set<string>()
  for (const uid of new Set([...removable.keys(), ...updatable.keys()])) {
    const [remove, put] = [removable.get(uid) ?? [], updatable.get(uid) ?? []]
    if (put === 'whole') throw new Error('no instance is put as a whole')
    if (remove !== 'whole') changed.set(uid, together(remove, put))
    else if (put.length === 0) removed.add(uid)
    else throw invalid('An instance is removed by removableAttributes and updated by updatableAttributes.')
  }
  return { changed, removed }
}

const mapValues = <Value>(object: JsonObject, of: (value: Json) => Value): Map<string, Value> =>
  new Map([...object].map(([key, value]) => [key, of(value)]))

const invalid = (sentence: string): ContractError => new ContractError('ValidationException', sentence)
