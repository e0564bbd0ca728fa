/**
 * An update of metadata made: held against one image set, and its levels and the instanceMetadata of its instances written anew. What the update
 * does not name keeps its bytes: the other attributes, the frames, and the VRs of the elements that go by their tag.
 */
import { ContractError } from '../../contract/errors.ts'
import { entryOf } from '../../dicom/dictionary.ts'
import { sameValue } from '../documents/attribute-values.ts'
import {
  type ImageSetAttributes,
  imageSetAttributesText,
  readImageSetAttributes,
} from '../documents/image-set-attributes.ts'
import { endOfString, membersOfText, textOfMembers } from '../documents/json-members.ts'
import { BY_KEY, BY_TAG, isTag, type Order, withAdded } from '../documents/member-order.ts'
import { jsonText, readStoredJson } from '../documents/strict-json.ts'
import { IDENTIFYING_UIDS } from './attribute-changes.ts'
import type { MetadataUpdate, ModuleChange } from './metadata-update.ts'

export interface ImageSetToUpdate {
  /** Patient, study and series of the version, as metadata.ts writes them. */
  readonly imageSetAttributes: string
  /** The instanceMetadata of instancesTouched, by SOP Instance UID; one that is not there is not in the image set. */
  readonly instanceMetadata: ReadonlyMap<string, string>
  /** All of the version: `has` is asked only for sopInstanceUIDsGiven. */
  readonly sopInstanceUIDs: Pick<ReadonlySet<string>, 'has' | 'size'>
  readonly isPrimary: boolean
  readonly force: boolean
}

export interface UpdatedImageSet {
  readonly imageSetAttributes: string
  /** Of patient, study and series: from here every instance has what the levels say. */
  readonly changedKeys: ReadonlySet<string>
  /** By the SOP Instance UID that the instance had. */
  readonly changed: ReadonlyMap<string, UpdatedInstance>
  readonly removed: readonly string[]
}

interface UpdatedInstance {
  readonly sopInstanceUID: string
  readonly instanceMetadata: string
}

/** @throws ContractError ValidationException; then nothing of the update is made */
export function applyUpdate(update: MetadataUpdate, imageSet: ImageSetToUpdate): UpdatedImageSet {
  requireForce(update, imageSet)
  const imageSetAttributes = updatedAttributes(update, readImageSetAttributes(imageSet.imageSetAttributes))
  for (const uid of [...update.changed.keys(), ...update.removed]) {
    if (!imageSet.instanceMetadata.has(uid))
      throw invalid('DICOMUpdates names an instance that is not in the image set.')
  }
  if (update.removed.size > 0 && update.removed.size >= imageSet.sopInstanceUIDs.size) {
    throw invalid('removableAttributes names every instance of the image set: DeleteImageSet removes all of it.')
  }
  const changed = new Map<string, UpdatedInstance>()
  const given = new Set<string>()
  for (const [uid, change] of update.changed) {
    const instance = updatedInstance(change, imageSet.instanceMetadata.get(uid)!)
    if (instance.sopInstanceUID !== uid) {
      if (imageSet.sopInstanceUIDs.has(instance.sopInstanceUID) || given.has(instance.sopInstanceUID)) {
        throw invalid('SOPInstanceUID is updated to one that another instance of the image set has.')
      }
      given.add(instance.sopInstanceUID)
    }
    changed.set(uid, instance)
  }
  return {
    imageSetAttributes:
      imageSetAttributes === undefined ? imageSet.imageSetAttributes : imageSetAttributesText(imageSetAttributes),
    changedKeys: new Set(
      [update.Patient, update.Study, update.Series].flatMap(({ remove, put }) =>
        [...remove, ...put].map(({ key }) => key),
      ),
    ),
    changed,
    removed: [...update.removed],
  }
}

/** What needs no more than the update and the flags: an answer need not wait for the rest. @throws ContractError ValidationException */
function requireForce(
  update: MetadataUpdate,
  { force, isPrimary }: Pick<ImageSetToUpdate, 'force' | 'isPrimary'>,
): void {
  const modules = [update.Patient, update.Study, update.Series, ...update.changed.values()]
  const changes = modules.flatMap(({ remove, put }) => [...remove, ...put])
  const uid = isPrimary && changes.find(({ key }) => (IDENTIFYING_UIDS as readonly string[]).includes(key))
  if (uid) {
    const remedy = 'copy the image set and update the copy'
    throw invalid(`${uid.key} of a primary image set cannot be updated, not even with force: ${remedy}.`)
  }
  if (force) return
  const forced = changes.find(({ needsForce }) => needsForce !== undefined)
  if (forced?.needsForce !== undefined) throw invalid(forced.needsForce)
  if (update.removed.size > 0) throw invalid('An instance can only be removed with force.')
}

/** Undefined where they stay as they are. */
function updatedAttributes(
  update: MetadataUpdate,
  imageSetAttributes: ImageSetAttributes,
): ImageSetAttributes | undefined {
  const { seriesInstanceUID } = update
  if (seriesInstanceUID !== undefined && seriesInstanceUID !== imageSetAttributes.seriesInstanceUID) {
    throw invalid('DICOMUpdates names a series that is not the one of the image set.')
  }
  if ([update.Patient, update.Study, update.Series].every(isUnchanged)) return undefined
  const Series = updatedMembers(update.Series, imageSetAttributes.Series, BY_KEY)
  return {
    Patient: updatedMembers(update.Patient, imageSetAttributes.Patient, BY_KEY),
    Study: updatedMembers(update.Study, imageSetAttributes.Study, BY_KEY),
    Series,
    seriesInstanceUID: givenUID(update.Series, 'SeriesInstanceUID') ?? imageSetAttributes.seriesInstanceUID,
  }
}

const isUnchanged = ({ remove, put }: ModuleChange): boolean => remove.length + put.length === 0

function givenUID({ put }: ModuleChange, keyword: string): string | undefined {
  const value = put.find(({ key }) => key === keyword)?.value
  return typeof value === 'string' ? value : undefined
}

/**
 * The keys of the request are the instance's old UID. What the file meta information says of instance and class follows: it is the data
 * set's by definition (PS3.10 7.1), and a caller who gives an instance another name to hide the old one could not change it himself.
 */
function updatedInstance(change: ModuleChange, text: string): UpdatedInstance {
  const keyEnd = endOfString(text, 0)
  const instanceMetadata = membersOfText(text.slice(keyEnd + 1))
  const uid = givenUID(change, 'SOPInstanceUID')
  const own = membersOfText(instanceMetadata.get('DICOM') ?? '')
  const vrs = membersOfText(instanceMetadata.get('DICOMVRs') ?? '')
  requireVRs(change, vrs)
  const updated = updatedMembers(change, own, BY_TAG)
  for (const { key, value } of change.put) {
    const follower = FOLLOWERS.get(key)
    if (follower !== undefined && updated.has(follower)) updated.set(follower, jsonText(value))
  }
  const written = textOfMembers(updated)
  instanceMetadata.set('DICOM', written)
  instanceMetadata.set('DICOMVRs', textOfMembers(updatedVRs(vrs, { change, before: own, written })))
  const key = uid === undefined ? text.slice(0, keyEnd) : JSON.stringify(uid)
  return { sopInstanceUID: JSON.parse(key) as string, instanceMetadata: `${key}:${textOfMembers(instanceMetadata)}` }
}

const FOLLOWERS: ReadonlyMap<string, string> = new Map([
  ['SOPInstanceUID', 'MediaStorageSOPInstanceUID'],
  ['SOPClassUID', 'MediaStorageSOPClassUID'],
])

/** Elements that go by their tag need a VR, unless the dictionary has one for them. */
function requireVRs({ remove, put }: ModuleChange, vrs: ReadonlyMap<string, string>): void {
  for (const { key, vrs: given } of put) {
    if (!isTag(key) || given.has(key) || vrs.has(key) || entryOf(key) !== undefined) continue
    throw invalid(`${key} is new to an instance: DICOMVRs has to say its VR.`)
  }
  for (const { name, vrs: given } of remove) {
    for (const [tag, vr] of given) {
      if (vrs.get(tag) !== JSON.stringify(vr))
        throw invalid(`${name} is to be removed with a VR that it does not have.`)
    }
  }
}

interface InstanceWriting {
  readonly change: ModuleChange
  readonly before: ReadonlyMap<string, string>
  /** The DICOM of the instance after the change. */
  readonly written: string
}

function updatedVRs(
  vrs: ReadonlyMap<string, string>,
  { change: { remove, put }, before, written }: InstanceWriting,
): ReadonlyMap<string, string> {
  const updated = new Map(vrs)
  // What is gone, and what stood within a sequence that is gone, unless it still stands somewhere else in the instance.
  const touched = [...remove, ...put].map(({ key }) => `"${key}":${before.get(key)}`)
  const gone = new Set(touched.flatMap(tagsIn))
  if (gone.size > 0) for (const tag of tagsIn(written)) gone.delete(tag)
  for (const tag of gone) updated.delete(tag)
  for (const { key, vrs: given } of put) {
    for (const [tag, vr] of given) updated.set(tag, JSON.stringify(vr))
    if (isTag(key) && !updated.has(key)) updated.set(key, JSON.stringify(entryOf(key)!.vr))
  }
  return updated
}

/** Of the elements in JSON text that go by their tag. */
const tagsIn = (text: string): string[] => [...text.matchAll(/"([0-9A-F]{8})":/g)].map(([, tag]) => tag!)

function updatedMembers(
  { remove, put }: ModuleChange,
  members: ReadonlyMap<string, string>,
  order: Order,
): Map<string, string> {
  const updated = new Map(members)
  for (const { key, name, value } of remove) {
    const stored = updated.get(key)
    if (stored === undefined || !sameValue(readStoredJson(stored), value)) {
      throw invalid(`${name} is not in the image set with the value that removableAttributes gives.`)
    }
    updated.delete(key)
  }
  const added: [key: string, value: string][] = []
  for (const { key, value } of put) {
    if (updated.has(key)) updated.set(key, jsonText(value))
    else added.push([key, jsonText(value)])
  }
  return added.length === 0 ? updated : withAdded(updated, added, order)
}

const invalid = (sentence: string): ContractError => new ContractError('ValidationException', sentence)
