/** A stored image set of two instances, and updates as callers send them. */
import assert from 'node:assert/strict'
import { ContractError } from '../../contract/errors.ts'
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { writeMetadata } from '../documents/metadata.ts'
import { DOCUMENT_END } from '../documents/metadata-document.ts'
import { applyUpdate, type ImageSetToUpdate, type UpdatedImageSet } from './apply-update.ts'
import { instancesTouched, type MetadataUpdate, parseUpdate } from './metadata-update.ts'

export const STUDY = '2.25.1'
export const SERIES = '2.25.1.1'
export const FIRST = '2.25.1.1.1'
export const SECOND = '2.25.1.1.2'

const ATTRIBUTES: Attributes = {
  SpecificCharacterSet: 'ISO_IR 192',
  ImageType: ['ORIGINAL', 'PRIMARY'],
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  StudyDate: '20240102',
  StudyTime: '101500',
  AccessionNumber: null,
  Modality: 'CT',
  StudyDescription: 'CHEST',
  PatientName: 'DOE^JANE',
  PatientID: 'P1',
  PatientSex: 'F',
  StudyInstanceUID: STUDY,
  SeriesInstanceUID: SERIES,
  StudyID: 'S1',
  SeriesNumber: '7',
  InstanceNumber: '1',
  KVP: '120',
  ReferencedImageSequence: [
    { ReferencedSOPInstanceUID: '1.2.3', '00191002': { vr: 'SH', value: 'in an item' } },
    { ReferencedSOPInstanceUID: '1.2.4' },
  ],
  '00190010': { vr: 'LO', value: 'ACME' },
  '00191001': { vr: 'DS', value: '97' },
  '00191003': { vr: 'UV', value: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255) },
  Rows: 512,
  PixelSpacing: ['0.5', '0.25'],
}

function metadataOf(SOPInstanceUID: string) {
  const file = parseP10(
    encodeP10({ transferSyntaxUID: '1.2.840.10008.1.2.1', attributes: { ...ATTRIBUTES, SOPInstanceUID } }),
  )
  const frame = {
    ID: '00112233445566778899aabb00000001',
    PixelDataChecksumFromBaseToFullResolution: [{ Width: 512, Height: 512, Checksum: 1 }],
    MinPixelValue: -1024,
    MaxPixelValue: 3071,
    FrameSizeInBytes: 168371,
  }
  return writeMetadata({
    file,
    SeriesInstanceUID: SERIES,
    SOPInstanceUID,
    frames: { StoredTransferSyntaxUID: '1.2.840.10008.1.2.4.202', ChecksumType: 'DECOMPRESSED', ImageFrames: [frame] },
    nameLargeBinary: () => '',
    charactersMax: 1_000_000,
  })
}

export const IMAGE_SET_ATTRIBUTES: string = metadataOf(FIRST).imageSetAttributes
export const INSTANCE_METADATA: ReadonlyMap<string, string> = new Map(
  [FIRST, SECOND].map((uid) => [uid, metadataOf(uid).instanceMetadata]),
)

// biome-ignore lint/suspicious/noExplicitAny: a document's tree, looked into by tests
export type Tree = any

export const bytesOf = (tree: Tree): Uint8Array => Buffer.from(typeof tree === 'string' ? tree : JSON.stringify(tree))

export interface Sent {
  readonly put?: Tree
  readonly remove?: Tree
  readonly force?: boolean
  readonly isPrimary?: boolean
}

export const parsed = ({ put, remove }: Sent): MetadataUpdate =>
  parseUpdate({
    ...(put === undefined ? {} : { updatableAttributes: bytesOf(put) }),
    ...(remove === undefined ? {} : { removableAttributes: bytesOf(remove) }),
  })

/** Applied to a non-primary image set without force, unless specified otherwise. */
export function updated(sent: Sent, stored: Partial<ImageSetToUpdate> = {}): UpdatedImageSet {
  const update = parsed(sent)
  const touched = new Set(instancesTouched(update))
  return applyUpdate(update, {
    imageSetAttributes: IMAGE_SET_ATTRIBUTES,
    instanceMetadata: new Map([...INSTANCE_METADATA].filter(([uid]) => touched.has(uid))),
    sopInstanceUIDs: new Set(INSTANCE_METADATA.keys()),
    isPrimary: sent.isPrimary ?? false,
    force: sent.force ?? false,
    ...stored,
  })
}

/** The whole document after the update. */
export function documentOf({ imageSetAttributes, changed, removed }: Omit<UpdatedImageSet, 'changedKeys'>): Tree {
  const instanceMetadata = [...INSTANCE_METADATA].flatMap(([uid, instanceMetadata]) =>
    removed.includes(uid) ? [] : [changed.get(uid)?.instanceMetadata ?? instanceMetadata],
  )
  return JSON.parse(`{${imageSetAttributes}${instanceMetadata.join(',')}${DOCUMENT_END}`)
}

export const ofPatient = (DICOM: Tree): Tree => ({ SchemaVersion: '1.1', Patient: { DICOM } })
export const ofStudy = (DICOM: Tree): Tree => ({ SchemaVersion: 1.1, Study: { DICOM } })
export const inSeries = (series: Tree): Tree => ({ SchemaVersion: 1.1, Study: { Series: { [SERIES]: series } } })
export const inInstance = (instance: Tree, uid = FIRST): Tree => inSeries({ Instances: { [uid]: instance } })
export const ofInstance = (DICOM: Tree, DICOMVRs?: Tree): Tree => inInstance({ DICOM, DICOMVRs })

/** The message of the refusal; 'taken' where the update is accepted. */
export function answer(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof ContractError && error.name === 'ValidationException', String(error))
    // The characters of the contract's Message.
    assert.match(error.message, /^[\w -:`]{1,2048}$/)
    return error.message
  }
  return 'taken'
}
