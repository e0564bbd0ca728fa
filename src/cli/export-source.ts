/** What an export reads: documents and frames by the operations that every client has, so that it works on the real service as well. */
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import {
  GetImageFrameCommand,
  GetImageSetMetadataCommand,
  type ImageSetsMetadataSummary,
  type MedicalImagingClient,
  paginateSearchImageSets,
} from '@aws-sdk/client-medical-imaging'
import { UnreadableDocument } from '../imaging/read-document.ts'

export interface ExportSource {
  /** The ids of all image sets of a study, by its StudyInstanceUID; primary ones first. */
  imageSetsOf(study: string): Promise<string[]>
  /** The JSON of a metadata document; of the latest version where none is named. */
  document(imageSetId: string, versionId: string | undefined): Promise<string>
  /** The bytes of a frame as the data store hands them out. */
  frame(imageSetId: string, imageFrameId: string): AsyncIterable<Uint8Array>
}

/** Text of JavaScript ends a little later; a document of 20,000 instances of a CT has 76 MB. */
const DOCUMENT_BYTES_MAX = 500 * 1024 ** 2

/** More than we are ready to hold in memory. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge'
}

/** What it throws is what the client throws, and AnswerTooLarge. */
export function openExportSource(
  client: MedicalImagingClient,
  { datastoreId, signal: abortSignal }: { readonly datastoreId: string; readonly signal: AbortSignal },
): ExportSource {
  return {
    async imageSetsOf(study) {
      const searchCriteria = {
        filters: [{ operator: 'EQUAL' as const, values: [{ DICOMStudyInstanceUID: study }] }],
        sort: { sortField: 'createdAt' as const, sortOrder: 'ASC' as const },
      }
      const found: ImageSetsMetadataSummary[] = []
      for await (const page of paginateSearchImageSets({ client }, { datastoreId, searchCriteria }, { abortSignal })) {
        found.push(...(page.imageSetsMetadataSummaries ?? []))
      }
      return found
        .sort((a, b) => Number(b.isPrimary === true) - Number(a.isPrimary === true))
        .map(({ imageSetId }) => imageSetId!)
    },
    async document(imageSetId, versionId) {
      const command = new GetImageSetMetadataCommand({ datastoreId, imageSetId, versionId })
      const { imageSetMetadataBlob } = await client.send(command, { abortSignal })
      const gzip = await bytesOf(imageSetMetadataBlob as Readable, DOCUMENT_BYTES_MAX)
      return (await inflated(gzip)).toString()
    },
    async *frame(imageSetId, imageFrameId) {
      const command = new GetImageFrameCommand({ datastoreId, imageSetId, imageFrameInformation: { imageFrameId } })
      const { imageFrameBlob } = await client.send(command, { abortSignal })
      yield* imageFrameBlob as Readable
    },
  }
}

async function inflated(gzip: Uint8Array): Promise<Buffer> {
  try {
    return await promisify(gunzip)(gzip, { maxOutputLength: DOCUMENT_BYTES_MAX })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(DOCUMENT_BYTES_MAX)
    throw new UnreadableDocument('it is no gzip file', { cause })
  }
}

const tooLarge = (bytesMax: number) => new AnswerTooLarge(`the server's answer has more than ${bytesMax} bytes`)

/** @throws AnswerTooLarge where there are more than so many */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const read: Uint8Array[] = []
  let lengthBytes = 0
  for await (const chunk of chunks) {
    lengthBytes += chunk.length
    if (lengthBytes > bytesMax) throw tooLarge(bytesMax)
    read.push(chunk)
  }
  return Buffer.concat(read)
}
