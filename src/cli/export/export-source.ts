/**
 * The source of an export: documents and frames through the API, so that it works with AWS too. Only the imported files of images without
 * frames are read through an extension.
 */
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import {
  GetImageFrameCommand,
  GetImageSetMetadataCommand,
  type MedicalImagingClient,
  paginateSearchImageSets,
} from '@aws-sdk/client-medical-imaging'
import { UnreadableDocument } from '../../imaging/documents/read-document.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Server } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'

export interface ExportSource {
  /** The ids of all image sets of a study, by its StudyInstanceUID, or of the whole data store, study by study; primary ones first. */
  imageSetsOf(study: string | undefined): Promise<string[]>
  /** The JSON of a metadata document. `versionId` undefined: the latest version. */
  document(imageSetId: string, versionId: string | undefined): Promise<string>
  /** The bytes of a frame as the API returns them. */
  frame(imageSetId: string, imageFrameId: string): AsyncIterable<Uint8Array>
  /** Undefined if the server has no such file, or does not support it, as AWS. */
  importedFile(instance: InstanceOfImageSet): Promise<FileAsImported | undefined>
}

interface InstanceOfImageSet {
  readonly imageSetId: string
  readonly versionId: string | undefined
  readonly sopInstanceUID: string
}

interface FileAsImported {
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/** Below the longest string of V8. A document of 20,000 CT instances has 76 MB. */
const DOCUMENT_BYTES_MAX = 500 * 1024 ** 2

/** A reply is too large to hold in memory. */
export class ReplyTooLarge extends Error {
  override readonly name = 'ReplyTooLarge'
}

/** Its functions throw errors of the client, and ReplyTooLarge. */
export function openExportSource(
  client: MedicalImagingClient,
  from: { readonly datastoreId: string; readonly server: Server; readonly signal: AbortSignal },
): ExportSource {
  const { datastoreId, server, signal: abortSignal } = from
  return {
    async imageSetsOf(study) {
      const ofStudy = { operator: 'EQUAL' as const, values: [{ DICOMStudyInstanceUID: study ?? '' }] }
      const searchCriteria = {
        ...(study !== undefined && { filters: [ofStudy] }),
        sort: { sortField: 'createdAt' as const, sortOrder: 'ASC' as const },
      }
      const found: FoundImageSet[] = []
      for await (const page of paginateSearchImageSets({ client }, { datastoreId, searchCriteria }, { abortSignal })) {
        for (const { imageSetId, isPrimary, DICOMTags } of page.imageSetsMetadataSummaries ?? []) {
          const study = DICOMTags?.DICOMStudyInstanceUID ?? ''
          found.push({ imageSetId: imageSetId!, study, isPrimary: isPrimary === true })
        }
      }
      return found.sort(byStudyPrimaryFirst).map(({ imageSetId }) => imageSetId)
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
    async importedFile({ imageSetId, versionId, sopInstanceUID }) {
      const path = `/hilum/files/${[datastoreId, imageSetId, sopInstanceUID].map(encodeURIComponent).join('/')}`
      const query = versionId === undefined ? {} : { version: versionId }
      const response = await signedFetch(server, { method: 'GET', path, query, signal: abortSignal }).catch((error) => {
        throw error.cause ?? error
      })
      const sizeBytes = Number(response.headers.get('content-length'))
      if (response.status === 200 && response.body !== null) return { sizeBytes, bytes: response.body }
      await response.body?.cancel()
      if (response.status < 500) return undefined
      throw new OperatorError(
        `The server returned status ${response.status} for an imported file. Run the export again.`,
      )
    },
  }
}

interface FoundImageSet {
  readonly imageSetId: string
  readonly study: string
  readonly isPrimary: boolean
}

/** Equal image sets stay in the order of the search. */
const byStudyPrimaryFirst = (a: FoundImageSet, b: FoundImageSet): number =>
  a.study === b.study ? Number(b.isPrimary) - Number(a.isPrimary) : a.study < b.study ? -1 : 1

async function inflated(gzip: Uint8Array): Promise<Buffer> {
  try {
    return await promisify(gunzip)(gzip, { maxOutputLength: DOCUMENT_BYTES_MAX })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(DOCUMENT_BYTES_MAX)
    throw new UnreadableDocument('it is not a gzip file', { cause })
  }
}

const tooLarge = (bytesMax: number) => new ReplyTooLarge(`the reply of the server has more than ${bytesMax} bytes`)

/** @throws ReplyTooLarge beyond `bytesMax` */
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
