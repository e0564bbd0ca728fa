/** The metadata document of a version, as GetImageSetMetadata answers it, and what is read out of it. */
import { GetImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'

export type Attributes = Readonly<Record<string, unknown>>

export interface InstanceOfDocument {
  readonly DICOM: Attributes
  readonly DICOMVRs?: Readonly<Record<string, string>>
  readonly StoredTransferSyntaxUID?: string | null
  readonly ImageFrames?: readonly ImageFrame[]
}

export interface ImageFrame {
  readonly ID: string
  readonly MinPixelValue?: number | null
  readonly MaxPixelValue?: number | null
  readonly FrameSizeInBytes?: number
}

export interface SeriesOfDocument {
  readonly DICOM: Attributes
  readonly Instances: Readonly<Record<string, InstanceOfDocument>>
}

export interface MetadataDocument {
  readonly Patient: { readonly DICOM: Attributes }
  readonly Study: { readonly DICOM: Attributes; readonly Series: Readonly<Record<string, SeriesOfDocument>> }
}

export interface VersionOfImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly versionId: string
}

/** A version's document never changes: it is fetched once. */
export const documentQuery = (client: Api['client'], version: VersionOfImageSet) => ({
  queryKey: ['metadata', version.datastoreId, version.imageSetId, version.versionId],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => fetchDocument(client, { version, signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Browsers unpack the gzip by themselves. */
export async function fetchDocument(
  client: Api['client'],
  { version, signal }: { readonly version: Partial<VersionOfImageSet>; readonly signal: AbortSignal },
): Promise<MetadataDocument> {
  const command = new GetImageSetMetadataCommand(version as VersionOfImageSet)
  const { imageSetMetadataBlob } = await client.send(command, { abortSignal: signal })
  return parseDocument(await imageSetMetadataBlob!.transformToString())
}

/** Whole numbers that JavaScript would round (VR UV and SV) stay the digits that they are. */
export const parseDocument = (text: string): MetadataDocument =>
  JSON.parse(text, ((_: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? value)
      : value) as (key: string, value: unknown) => unknown) as MetadataDocument

export interface InstanceInOrder extends InstanceOfDocument {
  readonly sopInstanceUID: string
  readonly number: string
}

/** By instance number, then as they stand. */
export function instancesOf(series: SeriesOfDocument): readonly InstanceInOrder[] {
  const all = Object.entries(series.Instances).map(([sopInstanceUID, instance], at) => {
    const { InstanceNumber } = instance.DICOM
    const number = typeof InstanceNumber === 'string' || typeof InstanceNumber === 'number' ? `${InstanceNumber}` : ''
    return { at, instance: { ...instance, sopInstanceUID, number } }
  })
  const rank = ({ instance }: (typeof all)[number]) =>
    instance.number === '' || Number.isNaN(Number(instance.number)) ? Number.POSITIVE_INFINITY : Number(instance.number)
  return all.toSorted((a, b) => rank(a) - rank(b) || a.at - b.at).map(({ instance }) => instance)
}
