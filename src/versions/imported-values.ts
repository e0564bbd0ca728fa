/** Values of the imported file that a metadata document only names: private and unknown binary values of more than a megabyte. */
import type { ImportApp } from '../app.ts'
import type { DataSet } from '../dicom/data-set.ts'
import { entryOf } from '../dicom/dictionary.ts'
import type { DicomFile } from '../dicom/parse.ts'
import { LARGE_BINARY_BYTES } from '../imaging/documents/metadata-values.ts'
import { largeBinaryName } from '../ingest/large-binary-name.ts'
import { parseInput } from '../ingest/parse-input.ts'
import { type RangeOfFile, readHeader, readTrailing } from '../ingest/read-header.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import type { InstanceFile } from '../stores/catalog/image-set-records.ts'

type Content = Pick<ImportApp, 'blobs' | 'limits'>

/**
 * By name. Memory holds the attributes of the file, at most `importWholeFileBytes` before and after its pixel data. Not found are values
 * after encapsulated pixel data in a file that is larger than that.
 * @throws DicomError
 */
export async function readImportedValues(
  app: Content,
  file: InstanceFile,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  if (names.size === 0) return found
  for (const dataSet of await dataSetsOf(app, file)) collect(dataSet, { names, found })
  return found
}

async function dataSetsOf(app: Content, file: InstanceFile): Promise<readonly DataSet[]> {
  const { limits } = app
  const range = rangeOf(app, file)
  if (file.sizeBytes <= limits.importWholeFileBytes) {
    const bytes = await range.read(0, file.sizeBytes)
    return [parseInput(bytes, { inflatedBytesMax: limits.inflatedBytes }).dataSet]
  }
  const header: DicomFile = await readHeader(range, limits)
  const trailing = await readTrailing(range, header, { pixelDataEnd: undefined, limits })
  return trailing === undefined ? [header.dataSet] : [header.dataSet, trailing]
}

const rangeOf = (app: Content, { blobKey, offsetBytes, sizeBytes }: InstanceFile): RangeOfFile => ({
  sizeBytes,
  async read(start, length) {
    const within = { start: offsetBytes + start, length: Math.min(length, sizeBytes - start) }
    const blob = await app.blobs.open(blobKey, within)
    if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
    return readAll(blob)
  },
})

interface Collecting {
  readonly names: ReadonlySet<string>
  readonly found: Map<string, Uint8Array>
}

function collect(dataSet: DataSet, collecting: Collecting): void {
  for (const tag of dataSet.tags()) {
    if (dataSet.vr(tag) === 'SQ') for (const item of dataSet.items(tag)) collect(item, collecting)
    else if (entryOf(tag) === undefined) collectValue(dataSet, tag, collecting)
  }
}

function collectValue(dataSet: DataSet, tag: string, { names, found }: Collecting): void {
  const bytes = dataSet.littleEndianBytes(tag)
  if (bytes === undefined || bytes.length <= LARGE_BINARY_BYTES) return
  const name = largeBinaryName(bytes)
  if (names.has(name)) found.set(name, bytes)
}
