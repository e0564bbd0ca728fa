/** Small instances as PACS benchmarks use them: 64 x 64 pixels of 16 bit, one a series, four series a study. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ExplicitVRLittleEndian, encodeP10 } from '../src/dicom/encode.ts'

export async function writeSampleFiles(folder: string, count: number): Promise<readonly string[]> {
  const paths: string[] = []
  const pixels = new Uint8Array(64 * 64 * 2)
  for (let i = 0; i < pixels.length; i++) pixels[i] = (i * 31) & 0xff
  for (let i = 0; i < count; i++) {
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
