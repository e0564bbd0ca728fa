/**
 * Adds one file that was read to the batch of its job. The bytes of a large file are first streamed into a blob of their own. An error of
 * the file becomes a line of the failure report.
 */
import { DicomError } from '../dicom/dicom-error.ts'
import { failureOf } from './file-failure.ts'
import type { ImportContext } from './import-context.ts'
import { UnreadableObject } from './input-bucket.ts'
import type { LargeFile } from './large-file.ts'
import type { FileRead } from './read-file.ts'
import type { BatchWriter } from './store-batch.ts'

interface Target {
  readonly context: ImportContext
  readonly writer: BatchWriter
}

/** @throws errors of the stores, the reason of the signal */
export async function storeFile({ context, writer }: Target, key: string, read: FileRead): Promise<void> {
  switch (read.kind) {
    case 'unstored':
      return writer.addUnstored(read.file)
    case 'whole':
      return writer.add(key, read)
    case 'large':
      return storeLarge({ context, writer }, key, read)
  }
}

async function storeLarge({ context, writer }: Target, key: string, file: LargeFile): Promise<void> {
  const { app } = context
  const blobKey = context.newBlobKey()
  try {
    const digest = await retryOnce(() => app.blobs.put(blobKey, file.bytes()))
    return await writer.addInOwnBlob(key, { blobKey, digest, described: await file.describe(blobKey) })
  } catch (cause) {
    if (!(cause instanceof DicomError || cause instanceof UnreadableObject)) throw cause
    await app.blobs.remove([blobKey])
    return writer.addUnstored(failureOf(app, key, cause))
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
