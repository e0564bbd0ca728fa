/** Files whose attributes are of every kind: VRs, character sets, sequences, private elements, empty and large values. */
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { attributesOf, draw, pixelOf } from '../../pixel-data/frames.fixture.ts'

const pixel = pixelOf({ rows: 4, columns: 6 })

const MIB = 1024 ** 2

/** More than a megabyte. */
export const LARGE_PRIVATE: Uint8Array = Buffer.alloc(MIB + 10, 'private')
export const LARGE_OF_ITEM: Uint8Array = Buffer.alloc(MIB + 20, 'item')
export const LARGE_STANDARD: Uint8Array = Buffer.alloc(MIB + 30, 'overlay')

const EVERYTHING: Attributes = {
  SpecificCharacterSet: ['', 'ISO 2022 IR 87'],
  ImageType: ['ORIGINAL', 'PRIMARY', '', 'AXIAL'],
  StudyDate: '20240229',
  StudyTime: '101112.5',
  AccessionNumber: null,
  Manufacturer: 'Some \\"quoted\\" maker'.replaceAll('\\', ''),
  PatientName: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  PatientID: 'P1',
  OtherPatientNames: ['DOE^JOHN', 'ROE^JANE'],
  PatientComments: 'A backslash \\ is part of it',
  PatientWeight: '70.50',
  SliceThickness: '1.0E-3',
  PixelSpacing: ['0.25', '0.250'],
  ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
  InstanceNumber: '007',
  SeriesNumber: '3',
  AcquisitionDateTime: '20240229101112.123456+0100',
  FrameIncrementPointer: ['00181063'],
  RecommendedDisplayFrameRateInFloat: 12.5,
  SmallestImagePixelValue: 0,
  LargestImagePixelValue: 65_535,
  PixelPaddingValue: 3,
  RequestAttributesSequence: [
    {
      ScheduledProcedureStepID: '1',
      ScheduledProtocolCodeSequence: [
        { CodeValue: 'C1', CodingSchemeDesignator: '99X', CodeMeaning: 'deep' },
        { CodeValue: 'C2', CodingSchemeDesignator: '99X', CodeMeaning: '山田' },
      ],
    },
    {},
  ],
  ReferencedImageSequence: null,
  '00190010': { vr: 'LO', value: 'MAKER 1.0' },
  '00191001': { vr: 'DS', value: '1.5\\2.50' },
  '00191002': { vr: 'OB', value: Uint8Array.of(0, 1, 254, 255) },
  '00191003': {
    vr: 'SQ',
    value: [{ '00190010': { vr: 'LO', value: 'MAKER 1.0' }, '00191004': { vr: 'US', value: 7 } }],
  },
  '00191005': { vr: 'UN', value: Uint8Array.of(9, 8, 7, 6) },
  '00191006': { vr: 'FD', value: [0.1, Number.POSITIVE_INFINITY] },
  '00191007': { vr: 'SL', value: -5 },
  '00191008': { vr: 'UV', value: new Uint8Array(8).fill(255) },
}

export const fileWithEverything = (given: Attributes = {}): Uint8Array =>
  encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: { ...attributesOf(pixel), ...EVERYTHING, ...given },
    pixelData: { frames: [draw(pixel)] },
  })

export const fileWithLargeValues = (): Uint8Array =>
  fileWithEverything({
    '00191010': { vr: 'OB', value: LARGE_PRIVATE },
    '00191011': {
      vr: 'SQ',
      value: [{ '00190010': { vr: 'LO', value: 'MAKER 1.0' }, '00191012': { vr: 'UN', value: LARGE_OF_ITEM } }],
    },
    OverlayData: { vr: 'OW', value: LARGE_STANDARD },
    '7FE10010': { vr: 'LO', value: 'MAKER 1.0' },
    '7FE11001': { vr: 'OB', value: Buffer.alloc(MIB + 40, 'after the pixel data') },
  })
