/** The version that UpdateImageSetMetadata makes: with changed attributes, or the content of an earlier version. */
import { imageSetColumnsOf, readImageSetAttributes } from '../imaging/documents/image-set-attributes.ts'
import { instanceNumberIn } from '../imaging/documents/instance-number.ts'
import { type DeclaredTexts, withDeclaredTexts } from '../imaging/search/described.ts'
import type { InstanceRecord } from '../stores/catalog/image-set-records.ts'
import type { LockedImageSet, UpdateRequest, VersionToPublish } from '../stores/catalog/workflow-repository.ts'
import { declaredTextsOfVersion } from './declared-texts.ts'
import { attributesText } from './stored-attributes.ts'
import { updatedImageSet } from './update-content.ts'
import { attributesOfVersion, subjectTo } from './version-attributes.ts'
import type { MakingVersions } from './version-blob.ts'
import { writeVersion } from './version-blob.ts'

export async function updatedVersion(
  making: MakingVersions,
  { imageSet, request }: { readonly imageSet: LockedImageSet; readonly request: UpdateRequest },
): Promise<VersionToPublish> {
  const { app, datastoreId } = making
  const { imageSetId } = imageSet
  const version = imageSet.version - 1
  const base = { ...imageSet, version }
  const of = { datastoreId, imageSetId, version }
  const updated = await updatedImageSet(app, { datastoreId, request, imageSet: base })
  const { changed, removed } = updated
  const held = await app.catalog.imageSets.instanceRecords(of)
  const isRemoved = new Set(removed)
  const heldAs = new Map<InstanceRecord, InstanceRecord>()
  for (const instance of held) {
    if (isRemoved.has(instance.sopInstanceUID)) continue
    const sopInstanceUID = changed.get(instance.sopInstanceUID)?.sopInstanceUID
    heldAs.set(sopInstanceUID === undefined ? instance : { ...instance, sopInstanceUID }, instance)
  }
  const before = await attributesOfVersion(app, of)
  const after = subjectTo(before, updated.imageSetAttributes, updated.changedKeys)
  const attributes = { ...after, overridesOf: (instance: InstanceRecord) => after.overridesOf(heldAs.get(instance)!) }
  const instanceMetadata = new Map(
    [...changed.values()].map((each) => [each.sopInstanceUID, Buffer.from(each.instanceMetadata)]),
  )
  const written = await writeVersion(making, { attributes, instanceMetadata, instances: [...heldAs.keys()] })
  const replaced = [...changed].map(([before, { sopInstanceUID, instanceMetadata }]) => ({
    sopInstanceUID: before,
    by: {
      ...{ sopInstanceUID, instanceNumber: instanceNumberIn(instanceMetadata) },
      metadata: written.metadataOf.get(sopInstanceUID)!,
    },
  }))
  return {
    ...{ imageSetId, attributes: written.attributes, document: written.document },
    ...rowOf(updated.imageSetAttributes, written.declaredTexts),
    instances: { kind: 'changed', removed, replaced },
  }
}

/** Shares all bytes with the earlier version. */
export async function revertedVersion(
  { app, datastoreId, declared }: MakingVersions,
  { imageSet, to }: { readonly imageSet: LockedImageSet; readonly to: number },
): Promise<VersionToPublish> {
  const { imageSetId } = imageSet
  const sharedWith = { imageSetId, version: to }
  const imageSetAttributes = await attributesText(app, { datastoreId, ...sharedWith })
  const declaredTexts = await declaredTextsOfVersion(app, { datastoreId, ...sharedWith }, declared.attributes)
  return {
    ...{ imageSetId, attributes: { sharedWith }, document: { sharedWith } },
    ...rowOf(imageSetAttributes, declaredTexts),
    instances: { kind: 'of-version', version: to },
  }
}

/** The columns of an image set that are derived from its attributes and instances. */
export function rowOf(
  imageSetAttributes: string,
  declaredTexts: DeclaredTexts,
): Pick<VersionToPublish, 'grouping' | 'studyTimestamp' | 'tags' | 'unlistedTexts'> {
  const { grouping, search, tags, unlistedTexts } = imageSetColumnsOf(readImageSetAttributes(imageSetAttributes))
  const withDeclared = withDeclaredTexts(unlistedTexts, declaredTexts)
  return { grouping, tags, unlistedTexts: withDeclared, studyTimestamp: search.DICOMStudyDateAndTime }
}
