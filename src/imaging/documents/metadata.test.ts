/** The metadata document compared with the two public ones: AWS's published sample, and one that the real service made in 2025. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ImplicitVRLittleEndian } from '../../dicom/encode.ts'
import { describedInstance, fileOf, SERIES, SOP } from './metadata.fixture.ts'
import type { StoredFrames } from './metadata.ts'

const CTImageStorage = '1.2.840.10008.5.1.4.1.1.2'

const SAMPLE_FRAMES: StoredFrames = {
  StoredTransferSyntaxUID: '1.2.840.10008.1.2.4.202',
  ImageFrames: [
    {
      ID: '67880e9e9a2a4b5a8f0a4e2f1c6d3b7a',
      PixelDataChecksumFromBaseToFullResolution: [
        { Width: 256, Height: 188, Checksum: 2598394845 },
        { Width: 512, Height: 375, Checksum: 1227709180 },
      ],
      MinPixelValue: 451,
      MaxPixelValue: 1466,
      FrameSizeInBytes: 384000,
    },
  ],
}

describe('the published sample, from an equivalent file', () => {
  const { patient, study, series, own, instance } = describedInstance(
    fileOf(
      {
        SOPClassUID: CTImageStorage,
        SOPInstanceUID: SOP,
        StudyInstanceUID: '2.25.1',
        SeriesInstanceUID: SERIES,
        StudyDate: '20010105',
        StudyTime: '083501',
        AccessionNumber: '0000000001',
        StudyDescription: 'CHEST ',
        StudyID: '40933 ',
        SeriesNumber: ' 1',
        PatientID: '2178309 ',
        PatientName: 'MISTER^CT ',
        PatientBirthDate: null,
        PatientSex: null,
        PatientWeight: null,
        StationAETitle: `${' '.repeat(16)}\u0013 `,
        RescaleIntercept: '-1024',
        RescaleSlope: ' 1',
        Rows: 375,
        Columns: 512,
        BitsAllocated: 16,
        PixelRepresentation: 1,
      },
      { transferSyntaxUID: ImplicitVRLittleEndian, pixelData: { frames: [new Uint8Array(64)] } },
    ),
    { frames: SAMPLE_FRAMES },
  )

  test('patient, study and series attributes are at their level, by keyword', () => {
    assert.deepEqual(patient, {
      PatientBirthDate: null,
      PatientID: '2178309',
      PatientName: 'MISTER^CT',
      PatientSex: null,
    })
    assert.deepEqual(study, {
      AccessionNumber: '0000000001',
      PatientWeight: null,
      StudyDate: '20010105',
      StudyDescription: 'CHEST',
      StudyID: '40933',
      StudyInstanceUID: '2.25.1',
      StudyTime: '083501',
    })
    assert.deepEqual(series, { SeriesInstanceUID: SERIES, SeriesNumber: '1' })
  })

  test('blank text is null, a leading space is removed, and pixels are omitted', () => {
    assert.deepEqual([own.StationAETitle, own.RescaleSlope, own.Rows], [null, '1', 375])
    assert.equal('PixelData' in own, false)
    assert.equal(own.TransferSyntaxUID, ImplicitVRLittleEndian)
  })

  test('the frames are listed as passed', () => {
    assert.equal(instance.StoredTransferSyntaxUID, SAMPLE_FRAMES.StoredTransferSyntaxUID)
    assert.deepEqual(instance.ImageFrames, SAMPLE_FRAMES.ImageFrames)
    assert.deepEqual(Object.keys(instance), ['DICOM', 'DICOMVRs', 'StoredTransferSyntaxUID', 'ImageFrames'])
  })
})

describe('the document of the real service, from an equivalent file', () => {
  const code = (CodeValue: string, CodingSchemeDesignator: string, CodeMeaning: string) => ({
    CodeValue,
    CodingSchemeDesignator,
    CodeMeaning,
  })
  const file = fileOf(
    {
      ImageType: ['DERIVED', 'PRIMARY', 'AXIAL'],
      SOPClassUID: CTImageStorage,
      SOPInstanceUID: SOP,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: SERIES,
      StudyDate: '20000101',
      StudyTime: '000000.000',
      AcquisitionTime: '131344.000',
      AccessionNumber: null,
      ReferringPhysicianName: null,
      StudyID: null,
      Modality: 'CT',
      Manufacturer: 'Cone Beam Makers',
      SeriesNumber: '1 ',
      FrameOfReferenceUID: '2.25.1.6',
      PositionReferenceIndicator: null,
      SoftwareVersions: ['3.1.62'],
      PatientID: 'NOID',
      PatientName: 'NAME^NONE',
      PatientBirthDate: null,
      PatientSex: null,
      PatientIdentityRemoved: 'YES',
      DeidentificationMethod: ['Deidentified', 'Dates modified'],
      DeidentificationMethodCodeSequence: [code('113100', 'DCM', 'Basic Profile'), code('210004', '99PMP', 'Removed')],
      SourceImageSequence: [
        {
          ReferencedSOPClassUID: CTImageStorage,
          PurposeOfReferenceCodeSequence: [code('121320', 'DCM', 'Uncompressed predecessor')],
        },
      ],
      ContributingEquipmentSequence: [
        { SoftwareVersions: 'a build of April', ContributionDateTime: '20180803160125.605+0100' },
      ],
      SliceThickness: '0.25',
      KVP: '120 ',
      DetectorSecondaryAngle: '701.011962890625',
      AcquisitionNumber: null,
      InstanceNumber: '11',
      PatientOrientation: ['L', 'P'],
      ImagePositionPatient: ['0.000000', '0.000000', '-2.625000 '],
      PixelSpacing: ['0.25', '0.25 '],
      PixelAspectRatio: ['1', '1 '],
      SamplesPerPixel: 1,
      NumberOfFrames: '1 ',
      Rows: 640,
      Columns: 640,
      BitsAllocated: 16,
      BitsStored: 12,
      PixelRepresentation: 0,
      WindowCenter: '0 ',
      RescaleIntercept: '-1000 ',
      LossyImageCompressionRatio: '27.951',
    },
    {
      transferSyntaxUID: '1.2.840.10008.1.2.4.51',
      pixelData: { frames: [new Uint8Array(10)] },
      meta: { SourceApplicationEntityTitle: 'STUDIO5_11112', ImplementationVersionName: 'PIXELMEDJAVA001' },
    },
  )
  const { patient, study, series, own, instance } = describedInstance(file, {
    frames: { StoredTransferSyntaxUID: '1.2.840.10008.1.2.4.202', ChecksumType: 'DECOMPRESSED', ImageFrames: [] },
  })

  test('patient, study and series attributes are in alphabetical order', () => {
    assert.deepEqual(Object.keys(patient), [
      'DeidentificationMethod',
      'DeidentificationMethodCodeSequence',
      'PatientBirthDate',
      'PatientID',
      'PatientIdentityRemoved',
      'PatientName',
      'PatientSex',
    ])
    assert.deepEqual(Object.entries(study), [
      ['AccessionNumber', null],
      ['ReferringPhysicianName', null],
      ['StudyDate', '20000101'],
      ['StudyID', null],
      ['StudyInstanceUID', '2.25.1'],
      ['StudyTime', '000000.000'],
    ])
    assert.deepEqual(Object.entries(series), [
      ['FrameOfReferenceUID', '2.25.1.6'],
      ['Manufacturer', 'Cone Beam Makers'],
      ['Modality', 'CT'],
      ['PositionReferenceIndicator', null],
      ['SeriesInstanceUID', SERIES],
      ['SeriesNumber', '1 '],
      ['SoftwareVersions', ['3.1.62']],
    ])
  })

  test('the instance has the file meta information and all other attributes, in tag order', () => {
    assert.deepEqual(Object.entries(own), [
      ['FileMetaInformationGroupLength', file.meta.number('00020000')],
      ['FileMetaInformationVersion', 'AAE='],
      ['MediaStorageSOPClassUID', CTImageStorage],
      ['MediaStorageSOPInstanceUID', SOP],
      ['TransferSyntaxUID', '1.2.840.10008.1.2.4.51'],
      ['ImplementationClassUID', file.meta.string('00020012')],
      ['ImplementationVersionName', 'PIXELMEDJAVA001'],
      ['SourceApplicationEntityTitle', 'STUDIO5_11112'],
      ['ImageType', ['DERIVED', 'PRIMARY', 'AXIAL']],
      ['SOPClassUID', CTImageStorage],
      ['SOPInstanceUID', SOP],
      ['AcquisitionTime', '131344.000'],
      [
        'SourceImageSequence',
        [
          {
            ReferencedSOPClassUID: CTImageStorage,
            PurposeOfReferenceCodeSequence: [code('121320', 'DCM', 'Uncompressed predecessor')],
          },
        ],
      ],
      ['SliceThickness', '0.25'],
      ['KVP', '120 '],
      ['DetectorSecondaryAngle', '701.011962890625'],
      [
        'ContributingEquipmentSequence',
        [{ SoftwareVersions: ['a build of April'], ContributionDateTime: '20180803160125.605+0100' }],
      ],
      ['AcquisitionNumber', null],
      ['InstanceNumber', '11'],
      ['PatientOrientation', ['L', 'P']],
      ['ImagePositionPatient', ['0.000000', '0.000000', '-2.625000 ']],
      ['SamplesPerPixel', 1],
      ['NumberOfFrames', '1 '],
      ['Rows', 640],
      ['Columns', 640],
      ['PixelSpacing', ['0.25', '0.25 ']],
      ['PixelAspectRatio', ['1', '1 ']],
      ['BitsAllocated', 16],
      ['BitsStored', 12],
      ['PixelRepresentation', 0],
      ['WindowCenter', ['0 ']],
      ['RescaleIntercept', '-1000 '],
      ['LossyImageCompressionRatio', ['27.951']],
    ])
  })

  test('the instance has the VRs of elements without keyword, the stored transfer syntax and the frames beside its DICOM', () => {
    const { DICOM, ...rest } = instance
    assert.deepEqual(Object.entries(rest), [
      ['DICOMVRs', {}],
      ['StoredTransferSyntaxUID', '1.2.840.10008.1.2.4.202'],
      ['ChecksumType', 'DECOMPRESSED'],
      ['ImageFrames', []],
    ])
  })
})
