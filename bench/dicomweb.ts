/**
 * WADO-RS: frames of half a megabyte as they are stored, alone and as multipart/related, in turns with GetImageFrame of the same frames; frames that
 * are decoded; and the metadata of a series of --instances 1000. All bytes are in the page cache.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signedFetch } from '../src/cli/client/signed-fetch.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../src/dicom/encode.ts'
import { framesOf, medianOf } from './frame-serving.ts'
import { BENCH_KEYS, type BenchServer, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { type LoadResult, runLoad } from './load.ts'
import { optionsOf } from './options.ts'
import { inTempFolder, median, processorMs, residentBytes } from './processes.ts'
import { drawNoise, writeSlices } from './sample-files.ts'
import { signedGets, signedRequests } from './signed-requests.ts'

const LOAD = { connections: 8, warmUpMs: 500, durationMs: 2_000 }
const TURNS = 3
const SLICES = 100

/** The first series of writeSlices, and that of writeSeries. */
export const STUDY = 'studies/2.25.8.2.0/series/2.25.8.3.0'
const MULTIPART = 'multipart/related; type="application/octet-stream"'
const WADO = {
  'stored, alone': 'application/octet-stream; transfer-syntax=*',
  'stored, multipart/related': `${MULTIPART}; transfer-syntax=*`,
  decoded: `${MULTIPART}; transfer-syntax=1.2.840.10008.1.2.1`,
}

interface FramesResult extends LoadResult {
  /** Of the server, for one frame. */
  readonly processorMsEach: number
}

interface DicomwebResult {
  readonly frames: Readonly<Record<string, FramesResult>>
  readonly seriesMetadata: readonly SeriesResult[]
}

interface SeriesResult {
  readonly instances: number
  readonly encoding: 'identity' | 'gzip'
  readonly medianMs: number
  readonly bytes: number
  /** Of the server, above what it had before. */
  readonly grownMiB: number
}

/** @param args `--instances N --json` */
export async function dicomwebBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, { instances: '1000' })
  const instances = Number(options?.instances)
  if (options === undefined || !Number.isSafeInteger(instances) || instances < 1) {
    process.stderr.write('npm run bench -- dicomweb [--instances N] [--json]\n')
    return 2
  }
  const result: DicomwebResult = { frames: await measureFrames(), seriesMetadata: await measureSeries(instances) }
  process.stdout.write(options.json ? `${JSON.stringify(result, undefined, 2)}\n` : textOf(result))
  return 0
}

const withServer = <T>(
  write: (folder: string) => Promise<unknown>,
  measure: (server: BenchServer, datastoreId: string) => Promise<T>,
): Promise<T> =>
  inTempFolder(async (folder) => {
    await mkdir(join(folder, 'buckets/bench-output'), { recursive: true })
    await write(join(folder, 'buckets/bench-input'))
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      await importAll(server, { datastoreId })
      return await measure(server, datastoreId)
    } finally {
      server.client.destroy()
      await server.stop()
    }
  })

const measureFrames = (): Promise<Record<string, FramesResult>> =>
  withServer(
    (folder) => writeSlices(folder, SLICES, drawNoise),
    async ({ client, port, child }, datastoreId) => {
      const { imageSetId, frames } = await framesOf(client, datastoreId)
      const bodies = [...frames.keys()].map((imageFrameId) => ({ imageFrameId }))
      const path = `/datastore/${datastoreId}/imageSet/${imageSetId}/getImageFrame`
      const paths = Array.from(
        { length: SLICES },
        (_, number) => `/datastore/${datastoreId}/${STUDY}/instances/2.25.8.1.${number}/frames/1`,
      )
      const sources: [string, readonly Buffer[]][] = [['GetImageFrame', await signedRequests({ port, path, bodies })]]
      for (const [name, accept] of Object.entries(WADO)) sources.push([name, await signedGets(port, paths, { accept })])
      const turns = new Map(sources.map(([name]) => [name, [] as FramesResult[]]))
      for (let turn = 0; turn < TURNS; turn++) {
        for (const [name, requests] of sources) {
          const before = processorMs(child.pid!)
          const result = await runLoad({ ...LOAD, port, requests })
          // The warm-up included.
          const seconds = (LOAD.warmUpMs + LOAD.durationMs) / 1000
          const processorMsEach = (processorMs(child.pid!) - before) / (result.perSecond * seconds)
          turns.get(name)!.push({ ...result, processorMsEach })
        }
      }
      return Object.fromEntries(
        [...turns].map(([name, results]) => {
          const processorMsEach = median(results.map((result) => result.processorMsEach))
          return [name, { ...medianOf(results), processorMsEach }]
        }),
      )
    },
  )

const measureSeries = (instances: number): Promise<SeriesResult[]> =>
  withServer(
    (folder) => writeSeries(folder, instances),
    async ({ port, child: { pid } }, datastoreId) => {
      const results: SeriesResult[] = []
      const endpoint = `http://127.0.0.1:${port}`
      for (const encoding of ['identity', 'gzip'] as const) {
        const before = residentBytes(pid!)
        const times: number[] = []
        let bytes = 0
        let most = before
        for (let turn = 0; turn < 7; turn++) {
          const startedAt = performance.now()
          const response = await signedFetch(
            { endpoint, region: 'us-east-1', credentials: BENCH_KEYS },
            {
              method: 'GET',
              path: `/datastore/${datastoreId}/${STUDY}/metadata`,
              headers: { 'accept-encoding': encoding },
            },
          )
          bytes = 0
          for await (const chunk of response.body!) bytes += chunk.length
          times.push(performance.now() - startedAt)
          most = Math.max(most, residentBytes(pid!))
        }
        results.push({ instances, encoding, medianMs: median(times), bytes, grownMiB: (most - before) / 1024 ** 2 })
      }
      return results
    },
  )

/** With as many attributes as a slice of a CT has, a few private ones included. */
export async function writeSeries(folder: string, instances: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let number = 0; number < instances; number++) {
    const bytes = encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: {
        ...SERIES_ATTRIBUTES,
        ...{ SOPInstanceUID: `2.25.8.1.${number}`, InstanceNumber: String(number + 1) },
        ...{
          SliceLocation: String(number * 0.625),
          ImagePositionPatient: ['-120.5', '-130.25', String(number * 0.625)],
        },
      },
      pixelData: { frames: [new Uint8Array(2 * 16 * 16)] },
    })
    await writeFile(join(folder, `${String(number).padStart(6, '0')}.dcm`), bytes)
  }
}

const CODE = { CodeValue: 'T-04000', CodingSchemeDesignator: 'SRT', CodeMeaning: 'Breast' }
const SERIES_ATTRIBUTES: Attributes = {
  ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', Modality: 'CT', StudyID: '1', SeriesNumber: '1' },
  ...{ StudyInstanceUID: '2.25.8.2.0', SeriesInstanceUID: '2.25.8.3.0', AccessionNumber: 'A1', PatientID: 'P1' },
  ...{
    PatientName: 'BENCH^P1',
    PatientBirthDate: '19600101',
    PatientSex: 'O',
    PatientAge: '064Y',
    PatientWeight: '70',
  },
  ...{ StudyDate: '20240101', StudyTime: '101500', SeriesDate: '20240101', SeriesTime: '101600' },
  ...{ AcquisitionDate: '20240101', AcquisitionTime: '101601.123', ContentDate: '20240101', ContentTime: '101601.5' },
  ...{
    StudyDescription: 'THORAX',
    SeriesDescription: 'THORAX 0.625 B60',
    ProtocolName: '5.8 Thorax',
    BodyPartExamined: 'CHEST',
  },
  ...{ Manufacturer: 'BENCH', ManufacturerModelName: 'Scanner', StationName: 'CT1', InstitutionName: 'Bench Hospital' },
  ...{ DeviceSerialNumber: '12345', SoftwareVersions: ['1.2', '3.4'], ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'] },
  ...{
    KVP: '120',
    DataCollectionDiameter: '500',
    ReconstructionDiameter: '360',
    ExposureTime: '500',
    XRayTubeCurrent: '233',
  },
  ...{
    Exposure: '116',
    FilterType: 'BODY FILTER',
    ConvolutionKernel: ['B60f'],
    PatientPosition: 'HFS',
    TableHeight: '151.5',
  },
  ...{ GantryDetectorTilt: '0', RotationDirection: 'CW', SliceThickness: '0.625', SpacingBetweenSlices: '0.625' },
  ...{ FrameOfReferenceUID: '2.25.8.4.0', PositionReferenceIndicator: 'SN', PixelSpacing: ['0.703125', '0.703125'] },
  ...{
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    WindowCenter: ['40', '-600'],
    WindowWidth: ['400', '1500'],
  },
  ...{ RescaleIntercept: '-1024', RescaleSlope: '1', RescaleType: 'HU', LossyImageCompression: '00' },
  ...{ SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', Rows: 16, Columns: 16, BitsAllocated: 16 },
  ...{ BitsStored: 12, HighBit: 11, PixelRepresentation: 0, AnatomicRegionSequence: [CODE] },
  RequestAttributesSequence: [{ ScheduledProcedureStepID: '1', ScheduledProtocolCodeSequence: [CODE] }],
  '00190010': { vr: 'LO', value: 'BENCH 1.0' },
  '00191001': { vr: 'DS', value: '1.5\\2.5' },
  '00191002': { vr: 'OB', value: new Uint8Array(200).fill(7) },
}

function textOf({ frames, seriesMetadata }: DicomwebResult): string {
  const base = frames.GetImageFrame!.perSecond
  const lines = Object.entries(frames).map(
    ([name, { perSecond, p50Ms, p99Ms, processorMsEach }]) =>
      `${name.padEnd(28)} ${perSecond.toFixed(0).padStart(6)} a second  ${((100 * perSecond) / base).toFixed(0).padStart(4)} %  p50 ${p50Ms.toFixed(2)} ms  p99 ${p99Ms.toFixed(2)} ms  processor ${processorMsEach.toFixed(2)} ms each`,
  )
  const series = seriesMetadata.map(
    ({ instances, encoding, medianMs, bytes, grownMiB }) =>
      `metadata of ${instances} instances, ${encoding.padEnd(8)} ${medianMs.toFixed(0)} ms, ${(bytes / 1024).toFixed(0)} KiB of JSON, the server grew by ${grownMiB.toFixed(0)} MiB`,
  )
  return `${[...lines, ...series].join('\n')}\n`
}
