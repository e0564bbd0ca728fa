/** Fetches and parses the metadata document of GetImageSetMetadata. */
import { GetImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import type { Api } from '../api.ts'

export type Attributes = Readonly<Record<string, unknown>>

export interface InstanceMetadata {
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

interface SeriesMetadata {
  readonly DICOM: Attributes
  readonly Instances: Readonly<Record<string, InstanceMetadata>>
}

export interface MetadataDocument {
  readonly Patient: { readonly DICOM: Attributes }
  readonly Study: { readonly DICOM: Attributes; readonly Series: Readonly<Record<string, SeriesMetadata>> }
}

export interface ImageSetVersion {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly versionId: string
}

/** The document of a version never changes, so it is fetched once. */
export const documentQuery = (client: Api['client'], version: ImageSetVersion) => ({
  queryKey: ['metadata', version.datastoreId, version.imageSetId, version.versionId],
  queryFn: ({ signal }: { readonly signal: AbortSignal }) => fetchDocument(client, { version, signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Browsers decompress the gzip encoding. */
export async function fetchDocument(
  client: Api['client'],
  { version, signal }: { readonly version: Partial<ImageSetVersion>; readonly signal: AbortSignal },
): Promise<MetadataDocument> {
  const command = new GetImageSetMetadataCommand(version as ImageSetVersion)
  const { imageSetMetadataBlob } = await client.send(command, { abortSignal: signal })
  return parseDocument(await imageSetMetadataBlob!.transformToString())
}

/** Integers that JavaScript would round (VR UV and SV) become strings of their digits. */
export const parseDocument = (text: string): MetadataDocument =>
  JSON.parse(text, ((_: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? (context?.source ?? value)
      : value) as (key: string, value: unknown) => unknown) as MetadataDocument

export interface SortedInstance extends InstanceMetadata {
  readonly sopInstanceUID: string
  readonly number: string
}

/** Sorted by instance number. Instances without a number come last, in the order of the document. */
export function instancesOf(series: SeriesMetadata): readonly SortedInstance[] {
  const all = Object.entries(series.Instances).map(([sopInstanceUID, instance], index) => {
    const { InstanceNumber } = instance.DICOM
    const number = typeof InstanceNumber === 'string' || typeof InstanceNumber === 'number' ? `${InstanceNumber}` : ''
    return { index, instance: { ...instance, sopInstanceUID, number } }
  })
  const rank = ({ instance }: (typeof all)[number]) =>
    instance.number === '' || Number.isNaN(Number(instance.number)) ? Number.POSITIVE_INFINITY : Number(instance.number)
  return all.toSorted((a, b) => rank(a) - rank(b) || a.index - b.index).map(({ instance }) => instance)
}
