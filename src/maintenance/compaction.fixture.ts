/** Image sets of several patients in the same blobs, and all bytes that can be read of each, for tests of deletion and compaction. */
import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import type { ImportApp } from '../app.ts'
import type { Bytes } from '../contract/shapes.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { submitJob, untilEnded, withBuckets } from '../ingest/import-job.fixture.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import { type ImageSet, imageSetsOf, perform, type WholeApp } from '../jobs/workflows.fixture.ts'
import { handlers } from '../operations/index.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'

export const HOUR_MS = 3_600_000
const SIDE = 24

/** One frame, frames with a frame table, frames that are ranges of the file, and no frames. */
const FRAMES = [
  { frames: 1, bits: 8 },
  { frames: 3, bits: 8 },
  { frames: 2, bits: 32 },
  { frames: 0, bits: 8 },
]

function instanceOf(patientName: string, study: number, number: number): Uint8Array {
  const { frames, bits } = FRAMES[number % FRAMES.length]!
  const pixels = (frame: number) =>
    Uint8Array.from(
      { length: (SIDE * SIDE * bits) / 8 },
      (_, at) => (at * at * (study + 3) + number * 17 + frame * 5) & 0xff,
    )
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      ...{ SOPInstanceUID: `2.25.${study}.1.${number}`, StudyInstanceUID: `2.25.${study}` },
      ...{ SeriesInstanceUID: `2.25.${study}.1`, SeriesNumber: 1, PatientID: `P${study}`, PatientName: patientName },
      ...(frames === 0
        ? {}
        : {
            ...{ Rows: SIDE, Columns: SIDE, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
            ...{ PixelRepresentation: 0, BitsAllocated: bits, BitsStored: bits, HighBit: bits - 1 },
            NumberOfFrames: String(frames),
          }),
    },
    ...(frames === 0 ? {} : { pixelData: { frames: Array.from({ length: frames }, (_, frame) => pixels(frame)) } }),
  })
}

/** Imports the files of all patients in one job, alternating, so that they share blobs. @returns the image sets in the order of the names */
export async function importPatients(
  app: WholeApp,
  names: readonly string[],
  options: { readonly into?: string; readonly studies?: number; readonly numbers?: readonly number[] } = {},
): Promise<readonly ImageSet[]> {
  const { into, studies = 1, numbers = FRAMES.keys() } = options
  const locations = openMemoryLocations()
  locations.createBucket('out-bucket')
  const bucket = locations.createBucket('in-bucket')
  for (const number of numbers) {
    for (const [at, name] of names.entries()) {
      await bucket.put(`${number}-${at}.dcm`, instanceOf(name, studies + at, number))
    }
  }
  const job = await submitJob(app.catalog, into)
  const worker = startImportWorker(withBuckets(app, locations))
  const ended = await untilEnded(app.catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  const found = await imageSetsOf(app.catalog, job.datastoreId)
  const byStudy = new Map<string, ImageSet>()
  for (const imageSet of found) {
    const [first] = await app.catalog.imageSets.instances(imageSet)
    byStudy.set(first!.sopInstanceUID.split('.')[2]!, imageSet)
  }
  return names.map((_, at) => byStudy.get(String(studies + at))!)
}

/** The bytes of every version by name: document, attributes, and the files, metadata and frames of its instances. */
export async function everythingOf(app: WholeApp, imageSet: ImageSet): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  const versions = await app.catalog.imageSets.versions({
    ...{ ...imageSet, deletedSince: 0, before: undefined, limit: 100 },
  })
  for (const { version } of versions!) {
    const document = await app.catalog.imageSets.document({ ...imageSet, version })
    assert.ok(typeof document === 'object')
    found.set(`document ${version}`, await rangeOf(app, document))
    const gzip = await handlers.GetImageSetMetadata({ ...imageSet, versionId: String(version) } as never, app, NOTES)
    found.set(`metadata ${version}`, gunzipSync(await bytesOf(gzip.imageSetMetadataBlob)))
    const attributes = await app.catalog.imageSets.attributes({ ...imageSet, version })
    assert.ok(typeof attributes === 'object')
    found.set(`attributes ${version}`, await rangeOf(app, attributes))
    for (const instance of await app.catalog.imageSets.instanceRecords({ ...imageSet, version })) {
      const name = `${version} ${instance.sopInstanceUID}`
      found.set(`file ${name}`, await rangeOf(app, instance))
      const { blobKey, offsetBytes, instanceMetadataBytes, imageSetAttributesBytes } = instance.metadata!
      found.set(
        `instance ${name}`,
        await rangeOf(app, { blobKey, offsetBytes, sizeBytes: instanceMetadataBytes + imageSetAttributesBytes }),
      )
      for (let frame = 1; frame <= (instance.frames?.frameCount ?? 0); frame++) {
        const imageFrameId = `${instance.frames!.framesKey}${frame.toString(16).padStart(8, '0')}`
        const imageFrameInformation = { imageFrameId }
        const answer = await handlers.GetImageFrame({ ...imageSet, imageFrameInformation }, app, NOTES)
        found.set(`frame ${name} ${frame}`, await bytesOf(answer.imageFrameBlob))
      }
    }
  }
  return found
}

const NOTES = { requestHeaders: () => undefined, replyHeaders: {} }

async function bytesOf(bytes: Bytes): Promise<Buffer> {
  if (bytes instanceof Uint8Array) return Buffer.from(bytes)
  if ('lent' in bytes) {
    const copy = Buffer.from(bytes.lent)
    bytes.giveBack()
    return copy
  }
  return Buffer.from(await readAll({ sizeBytes: 0, bytes: 'bytes' in bytes ? bytes.bytes : bytes }))
}

export async function rangeOf(
  { blobs }: Pick<ImportApp, 'blobs'>,
  range: { readonly blobKey: string; readonly offsetBytes: number; readonly sizeBytes: number },
): Promise<Buffer> {
  const blob = await blobs.open(range.blobKey, { start: range.offsetBytes, length: range.sizeBytes })
  const bytes = Buffer.from(await readAll(blob!))
  assert.equal(bytes.length, range.sizeBytes)
  return bytes
}

export const later = (app: WholeApp, hours: number): WholeApp => ({
  ...app,
  clock: () => Date.now() + hours * HOUR_MS,
})

export const deleteImageSet = (app: WholeApp, of: ImageSet) => perform(app, { name: 'delete', of })

/** The names of the bytes that any blob contains. */
export async function tracesOf(
  { blobs }: Pick<ImportApp, 'blobs'>,
  everything: ReadonlyMap<string, Buffer>,
): Promise<readonly string[]> {
  const found = new Set<string>()
  for await (const { key } of blobs.list('')) {
    const bytes = Buffer.from(await readAll((await blobs.open(key))!))
    for (const [name, content] of everything) if (content.length > 0 && bytes.includes(content)) found.add(name)
  }
  return [...found].sort()
}
