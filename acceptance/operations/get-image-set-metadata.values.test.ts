/**
 * GetImageSetMetadata: how values are written, compared attribute by attribute with a document that the service made in 2025 and a user
 * published (grand-challenge.org, the cone-beam CT of its test fixtures), for an equivalent file.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { activeDatastore } from '../support/datastores.ts'
import { type Attributes, ExplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importSet } from '../support/image-sets.ts'
import { fetchMetadata, type MetadataDocument, seriesOf } from '../support/metadata.ts'
import { choice, recorded } from '../support/sources.ts'

const server = await openHilum()
const datastoreId = await activeDatastore(server.sdk)

const CONE_BEAM: Attributes = {
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '2.25.16.1.1',
  StudyInstanceUID: '2.25.16',
  SeriesInstanceUID: '2.25.16.1',
  ImageType: ['DERIVED', 'PRIMARY', 'AXIAL'],
  AccessionNumber: null,
  Modality: 'CT',
  Manufacturer: 'Imaging Sciences International',
  ManufacturerModelName: 'i-CAT',
  StationName: 'PIXELMEDJAVA001',
  StudyDate: '20180803',
  StudyTime: '160125',
  StudyID: null,
  PatientName: 'NAME^NONE',
  PatientID: 'ID00001',
  PatientBirthDate: null,
  PatientSex: null,
  PatientIdentityRemoved: 'YES',
  DeidentificationMethod: ['Basic'],
  AcquisitionDateTime: '20180803160125.605+0100',
  SeriesNumber: '1',
  AcquisitionNumber: null,
  InstanceNumber: '12',
  PatientOrientation: ['L', 'P'],
  KVP: '120',
  SoftwareVersions: ['3.1.62'],
  PixelSpacing: ['0.25', '0.25'],
  WindowCenter: ['0'],
  WindowWidth: ['4000'],
  RescaleIntercept: '-1000',
  RescaleSlope: '1',
  LossyImageCompression: '01',
  LossyImageCompressionRatio: ['27.951'],
  FrameOfReferenceUID: '2.25.16.2',
  PositionReferenceIndicator: null,
  NumberOfFrames: '1',
  SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2',
  Rows: 64,
  Columns: 64,
  BitsAllocated: 16,
  BitsStored: 12,
  HighBit: 11,
  PixelRepresentation: 0,
  SourceImageSequence: [
    {
      ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      ReferencedSOPInstanceUID: '2.25.16.1.0',
      PurposeOfReferenceCodeSequence: [
        { CodeValue: '121320', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Uncompressed predecessor' },
      ],
    },
  ],
  '00190010': { vr: 'LO', value: 'MAKER' },
  '00191001': { vr: 'DS', value: '97' },
  '00191002': { vr: 'OB', value: Uint8Array.of(1, 2, 3, 4) },
}

/** 0 to 2025, as in the document. */
const PIXELS = Buffer.alloc(64 * 64 * 2)
for (let at = 0; at < 64 * 64; at++) PIXELS.writeUInt16LE(at % 2_026, 2 * at)

const set = await importSet(server, {
  datastoreId,
  files: [
    instance(CONE_BEAM, { pixelData: { frames: [PIXELS] }, meta: { SourceApplicationEntityTitle: 'STUDIO5_11112' } }),
  ],
})
const document: MetadataDocument = await fetchMetadata(server.sdk, set)
const series = seriesOf(document)
const only = series.Instances['2.25.16.1.1']!

describe('the document', recorded, () => {
  test('has SchemaVersion 1.1 as a string, and its ids', () => {
    const { SchemaVersion, DatastoreID, ImageSetID } = document
    assert.deepEqual([SchemaVersion, DatastoreID, ImageSetID], ['1.1', datastoreId, set.imageSetId])
  })

  test('has the patient, study and series attributes that AWS lists, in alphabetical order', () => {
    assert.deepEqual(Object.entries(document.Patient.DICOM), [
      ['DeidentificationMethod', ['Basic']],
      ['PatientBirthDate', null],
      ['PatientID', 'ID00001'],
      ['PatientIdentityRemoved', 'YES'],
      ['PatientName', 'NAME^NONE'],
      ['PatientSex', null],
    ])
    assert.deepEqual(Object.entries(document.Study.DICOM), [
      ['AccessionNumber', null],
      ['StudyDate', '20180803'],
      ['StudyID', null],
      ['StudyInstanceUID', '2.25.16'],
      ['StudyTime', '160125'],
    ])
    assert.deepEqual(Object.entries(series.DICOM), [
      ['FrameOfReferenceUID', '2.25.16.2'],
      ['Manufacturer', 'Imaging Sciences International'],
      ['ManufacturerModelName', 'i-CAT'],
      ['Modality', 'CT'],
      ['PositionReferenceIndicator', null],
      ['SeriesInstanceUID', '2.25.16.1'],
      ['SeriesNumber', '1 '],
      ['SoftwareVersions', ['3.1.62']],
      ['StationName', 'PIXELMEDJAVA001'],
    ])
  })

  test('has all other attributes in the instance, file meta information first, in tag order', () => {
    const { FileMetaInformationGroupLength, ImplementationClassUID, ImplementationVersionName, ...rest } = only.DICOM
    assert.equal(typeof FileMetaInformationGroupLength, 'number')
    assert.ok(ImplementationClassUID && ImplementationVersionName)
    assert.deepEqual(Object.entries(rest), [
      ['FileMetaInformationVersion', 'AAE='],
      ['MediaStorageSOPClassUID', '1.2.840.10008.5.1.4.1.1.2'],
      ['MediaStorageSOPInstanceUID', '2.25.16.1.1'],
      ['TransferSyntaxUID', ExplicitVRLittleEndian],
      ['SourceApplicationEntityTitle', 'STUDIO5_11112'],
      ['ImageType', ['DERIVED', 'PRIMARY', 'AXIAL']],
      ['SOPClassUID', '1.2.840.10008.5.1.4.1.1.2'],
      ['SOPInstanceUID', '2.25.16.1.1'],
      ['AcquisitionDateTime', '20180803160125.605+0100'],
      [
        'SourceImageSequence',
        [
          {
            ReferencedSOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
            ReferencedSOPInstanceUID: '2.25.16.1.0',
            PurposeOfReferenceCodeSequence: [
              { CodeValue: '121320', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Uncompressed predecessor' },
            ],
          },
        ],
      ],
      ['KVP', '120 '],
      ['00190010', 'MAKER'],
      ['00191001', '97'],
      ['00191002', 'AQIDBA=='],
      ['AcquisitionNumber', null],
      ['InstanceNumber', '12'],
      ['PatientOrientation', ['L', 'P']],
      ['SamplesPerPixel', 1],
      ['PhotometricInterpretation', 'MONOCHROME2'],
      ['NumberOfFrames', '1 '],
      ['Rows', 64],
      ['Columns', 64],
      ['PixelSpacing', ['0.25', '0.25 ']],
      ['BitsAllocated', 16],
      ['BitsStored', 12],
      ['HighBit', 11],
      ['PixelRepresentation', 0],
      ['WindowCenter', ['0 ']],
      ['WindowWidth', ['4000']],
      ['RescaleIntercept', '-1000 '],
      ['RescaleSlope', '1 '],
      ['LossyImageCompression', '01'],
      ['LossyImageCompressionRatio', ['27.951']],
    ])
  })

  test('has the VRs of private elements only', () => {
    assert.deepEqual(only.DICOMVRs, { '00190010': 'LO', '00191001': 'DS', '00191002': 'OB' })
  })

  test('has the stored transfer syntax, checksum, least and greatest value of the frame', () => {
    assert.deepEqual(Object.keys(only), ['DICOM', 'DICOMVRs', 'StoredTransferSyntaxUID', 'ChecksumType', 'ImageFrames'])
    assert.equal(only.StoredTransferSyntaxUID, '1.2.840.10008.1.2.4.202')
    assert.equal(only.ChecksumType, 'DECOMPRESSED')
    assert.equal(only.ImageFrames.length, 1)
    const { ID, FrameSizeInBytes, ...frame } = only.ImageFrames[0] as Record<string, unknown>
    assert.match(ID as string, /^[0-9a-f]{32}$/)
    assert.ok((FrameSizeInBytes as number) > 0)
    assert.deepEqual(frame, {
      PixelDataChecksumFromBaseToFullResolution: [{ Width: 64, Height: 64, Checksum: crc32(PIXELS) }],
      MinPixelValue: 0,
      MaxPixelValue: 2_025,
    })
  })

  test('has no pixels', choice, () => {
    assert.equal('PixelData' in only.DICOM, false)
  })
})
