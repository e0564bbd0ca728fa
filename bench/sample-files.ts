/** Instances to import: small ones as PACS benchmarks use them, one a series, four series a study; and slices of a CT. */
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ExplicitVRLittleEndian, encodeP10 } from '../src/dicom/encode.ts'
import { drawCT, SIDE } from './frames-alone.ts'

/** 64 x 64 pixels of 16 bits. */

export async function writeSampleFiles(
  folder: string,
  count: number,
  { firstStudy = 0 }: { readonly firstStudy?: number } = {},
): Promise<readonly string[]> {
  const paths: string[] = []
  const pixels = new Uint8Array(64 * 64 * 2)
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 31) & 0xff
  for (let i = firstStudy * 4; i < firstStudy * 4 + count; i++) {
    const study = Math.floor(i / 4)
    const path = join(folder, `${String(study % 100).padStart(2, '0')}/${String(i).padStart(6, '0')}.dcm`)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, sampleFile({ study, instance: i, pixels }))
    paths.push(path)
  }
  return paths
}

function sampleFile({ study, instance, pixels }: { study: number; instance: number; pixels: Uint8Array }): Uint8Array {
  const day = new Date(Date.UTC(2020, 0, 1 + (study % 2000))).toISOString().slice(0, 10).replaceAll('-', '')
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      SOPInstanceUID: `2.25.7.1.${instance}`,
      StudyDate: day,
      StudyTime: '101500',
      Modality: 'CT',
      AccessionNumber: `A${study}`,
      StudyDescription: 'BENCH',
      PatientName: `BENCH^P${study % 500}`,
      PatientID: `P${study % 500}`,
      PatientBirthDate: '19600101',
      PatientSex: 'O',
      StudyID: String(study),
      StudyInstanceUID: `2.25.7.2.${study}`,
      SeriesInstanceUID: `2.25.7.3.${instance}`,
      SeriesNumber: instance % 4,
      InstanceNumber: 1,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      Rows: 64,
      Columns: 64,
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      PixelRepresentation: 0,
    },
    pixelData: { frames: [pixels] },
  })
}

const DRAWN = 16
const SLICES_OF_A_SERIES = 100

/** 512 x 512 pixels of 16 bits, half a megabyte each, a hundred to a series. Noise is stored in as many bytes as it has. */
export async function writeSlices(
  folder: string,
  count: number,
  draw: (index: number) => Uint8Array = drawCT,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const drawn = Array.from({ length: DRAWN }, (_, index) => draw(index))
  const paths: string[] = []
  for (let i = 0; i < count; i++) {
    const path = join(folder, `${String(i).padStart(6, '0')}.dcm`)
    await writeFile(path, sliceFile(i, drawn[i % DRAWN]!))
    paths.push(path)
  }
  return paths
}

/** A slice of one of several series, whose identifiers begin with the root. Its side is 512 pixels, or 64 for 9 KB. */
export function sliceOf(
  { root, series, instance }: { readonly root: string; readonly series: number; readonly instance: number },
  { side, pixels }: { readonly side: number; readonly pixels: Uint8Array },
): Uint8Array {
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      ...{
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
        SOPInstanceUID: `${root}.1.${series}.${instance}`,
        Modality: 'CT',
      },
      ...{ StudyDate: '20240101', StudyTime: '101500', AccessionNumber: `A${series}`, StudyID: String(series) },
      ...{ PatientName: `BENCH^P${series}`, PatientID: `P${series}`, PatientBirthDate: '19600101', PatientSex: 'O' },
      ...{ StudyInstanceUID: `${root}.2.${series}`, SeriesInstanceUID: `${root}.3.${series}`, SeriesNumber: 1 },
      ...{ InstanceNumber: 1 + instance, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
      ...{ Rows: side, Columns: side, BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 1 },
    },
    pixelData: { frames: [pixels] },
  })
}

export const drawNoise = (): Uint8Array => randomBytes(SIDE * SIDE * 2)

function sliceFile(number: number, pixels: Uint8Array): Uint8Array {
  const series = Math.floor(number / SLICES_OF_A_SERIES)
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', SOPInstanceUID: `2.25.8.1.${number}`, Modality: 'CT' },
      ...{ StudyDate: '20240101', StudyTime: '101500', AccessionNumber: `A${series}`, StudyID: String(series) },
      ...{ PatientName: `BENCH^P${series}`, PatientID: `P${series}` },
      ...{ StudyInstanceUID: `2.25.8.2.${series}`, SeriesInstanceUID: `2.25.8.3.${series}`, SeriesNumber: 1 },
      ...{
        InstanceNumber: 1 + (number % SLICES_OF_A_SERIES),
        SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2',
      },
      ...{ Rows: SIDE, Columns: SIDE, BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 1 },
    },
    pixelData: { frames: [pixels] },
  })
}
