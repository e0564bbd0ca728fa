/**
 * Applies an update of metadata to one image set: checks it, and writes the image set attributes and the changed instances. What the update
 * does not name keeps its bytes: other attributes, frames, and VRs of elements with their tag as key.
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
  /** Of instancesTouched, by SOP Instance UID. An instance that is missing here is not in the image set. */
  readonly instanceMetadata: ReadonlyMap<string, string>
  /** All of the version. `has` is called only for sopInstanceUIDsGiven. */
  readonly sopInstanceUIDs: Pick<ReadonlySet<string>, 'has' | 'size'>
  readonly isPrimary: boolean
  readonly force: boolean
}

export interface UpdatedImageSet {
  readonly imageSetAttributes: string
  /** Keys of patient, study and series in the update: every instance has the value of the image set for these. */
  readonly changedKeys: ReadonlySet<string>
  /** By the previous SOP Instance UID. */
  readonly changed: ReadonlyMap<string, UpdatedInstance>
  readonly removed: readonly string[]
}

interface UpdatedInstance {
  readonly sopInstanceUID: string
  readonly instanceMetadata: string
}

/** @throws ContractError ValidationException; the update is then not applied at all */
export function applyUpdate(update: MetadataUpdate, imageSet: ImageSetToUpdate): UpdatedImageSet {
  requireForce(update, imageSet)
  const attributes = updatedAttributes(update, readImageSetAttributes(imageSet.imageSetAttributes))
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
        throw invalid('SOPInstanceUID is updated to that of another instance of the image set.')
      }
      given.add(instance.sopInstanceUID)
    }
    changed.set(uid, instance)
  }
  return {
    imageSetAttributes: attributes === undefined ? imageSet.imageSetAttributes : imageSetAttributesText(attributes),
    changedKeys: new Set(
      [update.Patient, update.Study, update.Series].flatMap(({ remove, put }) =>
        [...remove, ...put].map(({ key }) => key),
      ),
    ),
    changed,
    removed: [...update.removed],
  }
}

/** Checks what depends only on the update and the flags. @throws ContractError ValidationException */
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

/** @returns undefined where they do not change */
function updatedAttributes(update: MetadataUpdate, attributes: ImageSetAttributes): ImageSetAttributes | undefined {
  const { seriesInstanceUID } = update
  if (seriesInstanceUID !== undefined && seriesInstanceUID !== attributes.seriesInstanceUID) {
    throw invalid('DICOMUpdates names a series that is not that of the image set.')
  }
  if ([update.Patient, update.Study, update.Series].every(isUnchanged)) return undefined
  const Series = updatedMembers(update.Series, attributes.Series, BY_KEY)
  return {
    Patient: updatedMembers(update.Patient, attributes.Patient, BY_KEY),
    Study: updatedMembers(update.Study, attributes.Study, BY_KEY),
    Series,
    seriesInstanceUID: givenUID(update.Series, 'SeriesInstanceUID') ?? attributes.seriesInstanceUID,
  }
}

const isUnchanged = ({ remove, put }: ModuleChange): boolean => remove.length + put.length === 0

function givenUID({ put }: ModuleChange, keyword: string): string | undefined {
  const value = put.find(({ key }) => key === keyword)?.value
  return typeof value === 'string' ? value : undefined
}

/**
 * The key of the instance in the request is its previous UID. SOP instance and class UIDs in the file meta information follow the data set,
 * as PS3.10 7.1 defines them. A caller who renames an instance to hide the previous UID cannot change them otherwise.
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

/** An element with its tag as key needs a VR, unless the dictionary has one. */
function requireVRs({ remove, put }: ModuleChange, vrs: ReadonlyMap<string, string>): void {
  for (const { key, vrs: given } of put) {
    if (!isTag(key) || given.has(key) || vrs.has(key) || entryOf(key) !== undefined) continue
    throw invalid(`${key} is new to an instance: DICOMVRs must contain its VR.`)
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
  // The tags of removed values, including those in removed sequences, unless they remain elsewhere in the instance.
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

/** The tags in JSON text that are keys of elements. */
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
