/**
 * What an export reads: documents and frames by the operations that every client has, so that it works on the real
 * service as well; only imported files that have no frames are asked for beyond the API.
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
  /** The JSON of a metadata document; of the latest version where none is named. */
  document(imageSetId: string, versionId: string | undefined): Promise<string>
  /** The bytes of a frame as the data store hands them out. */
  frame(imageSetId: string, imageFrameId: string): AsyncIterable<Uint8Array>
  /** Undefined where the server has no such file, or hands out none: the real service does not. */
  importedFile(instance: InstanceOfImageSet): Promise<FileAsImported | undefined>
}

interface InstanceOfImageSet {
  readonly imageSetId: string
  readonly versionId: string | undefined
  readonly sopInstanceUID: string
}

export interface FileAsImported {
  readonly sizeBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
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
      throw new OperatorError(`The server answered ${response.status} to a request for a file that was imported.`)
    },
  }
}

interface FoundImageSet {
  readonly imageSetId: string
  readonly study: string
  readonly isPrimary: boolean
}

/** Among equals they stay in the order of the search. */
const byStudyPrimaryFirst = (a: FoundImageSet, b: FoundImageSet): number =>
  a.study === b.study ? Number(b.isPrimary) - Number(a.isPrimary) : a.study < b.study ? -1 : 1

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
