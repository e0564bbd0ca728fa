/** A file-set as a zip archive, sent while its files are made. */
import type { FileOfSet, RetrievedFileSet } from '../../contract/dicomweb.ts'
import type { WireReply } from '../http/wire.ts'
import { bytesOfSegments, started } from './bodies.ts'
import { openedAhead } from './opened-ahead.ts'
import { type ZipEntry, zipOf } from './zip.ts'

/** @param options.fileName in ASCII, without quotes */
export async function zipReply(
  { files }: Pick<RetrievedFileSet, 'files'>,
  { fileName, at }: { readonly fileName: string; readonly at: number },
): Promise<WireReply> {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/zip', 'Content-Disposition': `attachment; filename="${fileName}"` },
    body: await started(zipOf(entriesOf(files()), at)),
  }
}

async function* entriesOf(files: AsyncGenerator<FileOfSet>): AsyncGenerator<ZipEntry> {
  const opened = openedAhead(files, ({ segments, ahead }) => bytesOfSegments(segments(), { ahead }))
  for await (const { file, bytes } of opened) yield { ...file, name: file.path, bytes }
}
