/** A small study for the walkthroughs of other clients: a grey series of two instances, and a colour one of three frames. */
import { crc32 } from 'node:zlib'
import { instance } from './fixtures.ts'
import type { Hilum } from './hilum.ts'
import { INPUT, makeBuckets, OUTPUT, ROLE } from './import.ts'

const STUDY = '2.25.4711'
const [COLUMNS, ROWS] = [61, 47]

const shared = {
  StudyInstanceUID: STUDY,
  PatientID: 'WALKTHROUGH',
  PatientName: 'Walkthrough^Patient',
  Columns: COLUMNS,
  Rows: ROWS,
  PixelRepresentation: 0,
}

/** An image with smooth and sharp edges. */
const drawn = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => ((at * (seed + 3)) >> 2) ^ (at % 97 < 40 ? 0x55 : at >> 7))

const GREY = [1, 2].map((n) => ({ uid: `${STUDY}.1.${n}`, frame: drawn(2 * COLUMNS * ROWS, n) }))
const COLOUR = { uid: `${STUDY}.2.1`, frames: [5, 6, 7].map((seed) => drawn(3 * COLUMNS * ROWS, seed)) }

/** By SOPInstanceUID, of the pixels as they were drawn. */
export const CHECKSUMS: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(GREY.map(({ uid, frame }) => [uid, [crc32(frame)]])),
  [COLOUR.uid]: COLOUR.frames.map((frame) => crc32(frame)),
}

/** Puts the files for the walkthrough's import job. @returns the parameters of the job */
export async function putStudy(hilum: Hilum) {
  await makeBuckets(hilum)
  for (const [at, { uid, frame }] of GREY.entries()) {
    const attributes = {
      ...shared,
      SOPInstanceUID: uid,
      InstanceNumber: at + 1,
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
    }
    await hilum.putObject(INPUT, `walkthrough/grey-${at}.dcm`, instance(attributes, { pixelData: { frames: [frame] } }))
  }
  const colour = {
    ...shared,
    SeriesInstanceUID: `${STUDY}.2`,
    SeriesNumber: 2,
    SOPInstanceUID: COLOUR.uid,
    NumberOfFrames: COLOUR.frames.length,
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    SamplesPerPixel: 3,
    PlanarConfiguration: 0,
    PhotometricInterpretation: 'RGB',
  }
  await hilum.putObject(INPUT, 'walkthrough/colour.dcm', instance(colour, { pixelData: { frames: COLOUR.frames } }))
  return {
    inputS3Uri: `s3://${INPUT}/walkthrough/`,
    outputS3Uri: `s3://${OUTPUT}/walkthrough/`,
    dataAccessRoleArn: ROLE,
  }
}
