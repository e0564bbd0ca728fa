/** Documents and images for tests of the viewer. */
import type { Attributes, ImageFrame, InstanceMetadata, MetadataDocument } from '../metadata/document.ts'
import type { DecodedFrame } from './pixels/render.ts'
import type { Samples } from './pixels/stored-values.ts'
import { imagesOf, type StackImage } from './stack/stack.ts'

export const frame = (id: string, range: readonly [number, number] | undefined = undefined): ImageFrame => ({
  ID: id,
  MinPixelValue: range?.[0] ?? null,
  MaxPixelValue: range?.[1] ?? null,
  FrameSizeInBytes: 1000,
})

export const GREY: Attributes = {
  ...{ Rows: 2, Columns: 2, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
  ...{ BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelRepresentation: 0 },
}

interface GivenInstance {
  readonly attributes?: Attributes
  readonly frames?: readonly ImageFrame[]
}

export function documentOf(
  instances: Readonly<Record<string, GivenInstance>>,
  series: Attributes = {},
): MetadataDocument {
  const described = Object.entries(instances).map(([uid, given]): [string, InstanceMetadata] => [
    uid,
    {
      DICOM: { ...GREY, ...given.attributes },
      StoredTransferSyntaxUID: '1.2.840.10008.1.2.4.202',
      ImageFrames: given.frames ?? [frame(`frame of ${uid}`)],
    },
  ])
  return {
    Patient: { DICOM: { PatientName: 'Family^Given', PatientID: 'P1' } },
    Study: {
      DICOM: { StudyDate: '20240102' },
      Series: { '1.2': { DICOM: series, Instances: Object.fromEntries(described) } },
    },
  }
}

/** The image of an instance with these attributes. */
export const imageOf = (attributes: Attributes = {}, range?: readonly [number, number]): StackImage =>
  imagesOf(documentOf({ '1.2.1': { attributes, frames: [frame('f', range)] } }))[0]!

/** A decoded frame of one row. */
export const decodedOf = (samples: Samples, given: Partial<DecodedFrame> = {}): DecodedFrame => {
  const samplesPerPixel = given.samplesPerPixel ?? 1
  return {
    ...{ samples, samplesPerPixel, rows: 1, columns: samples.length / samplesPerPixel },
    ...{ colour: undefined, skippedResolutions: 0 },
    ...given,
  }
}
