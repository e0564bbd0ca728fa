/**
 * Adds one file that was read to the batch of its job. The bytes of a large file are first streamed into a blob of their own. An error of
 * the file becomes a line of the failure report.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import type { Instance } from '../imaging/instances/instance.ts'
import { failureOf } from './file-failure.ts'
import type { ImportContext } from './import-context.ts'
import { UnreadableObject } from './input-bucket.ts'
import type { LargeFile } from './large-file.ts'
import type { FileRead, UnstoredFile } from './read-file.ts'
import type { BatchWriter } from './store-batch.ts'

interface Target {
  readonly context: ImportContext
  readonly writer: BatchWriter
}

/** What became of a file. An instance is durable and recorded after the next flush of the writer. */
export type FileOutcome = Pick<UnstoredFile, 'file'> | { readonly instance: Instance }

/** @throws errors of the stores, the reason of the signal */
export async function storeFile({ context, writer }: Target, key: string, read: FileRead): Promise<FileOutcome> {
  switch (read.kind) {
    case 'unstored':
      await writer.addUnstored(read.file)
      return read
    case 'whole':
      await writer.add(key, read)
      return { instance: read.described.instance }
    case 'large':
      return storeLarge({ context, writer }, key, read)
  }
}

async function storeLarge({ context, writer }: Target, key: string, file: LargeFile): Promise<FileOutcome> {
  const { app } = context
  const blobKey = context.newBlobKey()
  try {
    const digest = await retryOnce(() => app.blobs.put(blobKey, file.bytes()))
    const described = await file.describe(blobKey)
    await writer.addInOwnBlob(key, { blobKey, digest, described })
    return { instance: described.instance }
  } catch (cause) {
    if (!(cause instanceof DicomError || cause instanceof UnreadableObject)) throw cause
    await app.blobs.remove([blobKey])
    const failed = failureOf(app, key, cause)
    await writer.addUnstored(failed)
    return { file: failed }
  }
}

/** A connection that breaks once within gigabytes is not an error of the file. */
async function retryOnce<T>(copy: () => Promise<T>): Promise<T> {
  try {
    return await copy()
  } catch (cause) {
    if (!(cause instanceof UnreadableObject) || cause.isDenied) throw cause
    return copy()
  }
}
