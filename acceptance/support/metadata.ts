/** Fetches metadata documents as a client does. */
import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import { GetImageSetMetadataCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'

/** A document, as far as tests use it. */
export interface MetadataDocument {
  readonly SchemaVersion: string
  readonly DatastoreID: string
  readonly ImageSetID: string
  readonly Patient: { readonly DICOM: Attributes }
  readonly Study: {
    readonly DICOM: Attributes
    readonly Series: Readonly<Record<string, SeriesOfDocument>>
  }
}

export interface SeriesOfDocument {
  readonly DICOM: Attributes
  readonly Instances: Readonly<Record<string, InstanceOfDocument>>
}

export interface InstanceOfDocument {
  readonly DICOM: Attributes
  readonly DICOMVRs: Readonly<Record<string, string>>
  readonly StoredTransferSyntaxUID: string | null
  readonly ChecksumType?: string
  readonly ImageFrames: readonly unknown[]
  /** An extension of Hilum: attributes of patient, study and series that the instance lacks. */
  readonly DICOMAbsent?: readonly string[]
}

type Attributes = Readonly<Record<string, unknown>>

export interface ImageSetToFetch {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly versionId?: string
}

/** The gzip file as the SDK returns it; the SDK does not decompress it. */
export async function fetchGzip(sdk: MedicalImagingClient, wanted: ImageSetToFetch): Promise<Uint8Array> {
  const answer = await sdk.send(new GetImageSetMetadataCommand(wanted))
  assert.deepEqual([answer.contentType, answer.contentEncoding], ['application/json', 'gzip'])
  return answer.imageSetMetadataBlob!.transformToByteArray()
}

export const fetchMetadata = async (sdk: MedicalImagingClient, wanted: ImageSetToFetch): Promise<MetadataDocument> =>
  JSON.parse(gunzipSync(await fetchGzip(sdk, wanted)).toString())

/** The only series of a document. */
export function seriesOf(document: MetadataDocument): SeriesOfDocument {
  const all = Object.values(document.Study.Series)
  assert.equal(all.length, 1, 'an image set holds one series')
  return all[0]!
}
