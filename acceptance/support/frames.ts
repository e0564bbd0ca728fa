/** Fetches image frames as a client does, and decodes them with independent decoders. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { GetImageFrameCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { openHTJ2KCodec } from '../../src/pixel-data/htj2k/htj2k.ts'
import { openJPEG2000Codec } from '../../src/pixel-data/jpeg2000/jpeg2000.ts'
import { fetchMetadata, type ImageSetToFetch, type InstanceOfDocument, seriesOf } from './metadata.ts'

export {
  attributesOf,
  draw,
  type Folder,
  lacks,
  nativeFrames,
  openFolder,
  pixelOf,
} from '../../src/pixel-data/frames.fixture.ts'
export { encodeRLEFrame } from '../../src/pixel-data/rle/rle.ts'

/** One element of ImageFrames. */
export interface FrameOfDocument {
  readonly ID: string
  readonly PixelDataChecksumFromBaseToFullResolution: readonly {
    readonly Width: number
    readonly Height: number
    readonly Checksum: number
  }[]
  readonly MinPixelValue: number | null
  readonly MaxPixelValue: number | null
  readonly FrameSizeInBytes: number
}

/** The instances of an image set, each with its frames. */
export async function instancesOf(
  sdk: MedicalImagingClient,
  imageSet: ImageSetToFetch,
): Promise<readonly (InstanceOfDocument & { readonly ImageFrames: readonly FrameOfDocument[] })[]> {
  const { Instances } = seriesOf(await fetchMetadata(sdk, imageSet))
  return Object.values(Instances) as never
}

export interface FetchedFrame {
  readonly contentType: string | undefined
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** @param headers beyond those of the SDK, signed with them */
export async function fetchFrame(
  sdk: MedicalImagingClient,
  { datastoreId, imageSetId }: ImageSetToFetch,
  frame: { readonly ID: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<FetchedFrame> {
  const command = new GetImageFrameCommand({
    ...{ datastoreId, imageSetId },
    imageFrameInformation: { imageFrameId: frame.ID },
  })
  let headers: Record<string, string> = {}
  command.middlewareStack.add(
    (next) => async (args) => {
      Object.assign((args.request as { headers: object }).headers, frame.headers)
      const result = await next(args)
      headers = (result.response as { headers: Record<string, string> }).headers
      return result
    },
    { step: 'build' },
  )
  const { imageFrameBlob, contentType } = await sdk.send(command)
  return { contentType, bytes: await imageFrameBlob!.transformToByteArray(), headers }
}

const htj2k = await openHTJ2KCodec()
const jpeg2000 = await openJPEG2000Codec()

/** Little endian, by pixel, one byte per sample up to 8 bits, else two. */
export function decodedPixels({ contentType, bytes }: Pick<FetchedFrame, 'contentType' | 'bytes'>): Uint8Array {
  if (contentType === 'application/octet-stream') return bytes
  const codestream = bytes.subarray(Buffer.from(bytes).indexOf(Buffer.from('ff4fff51', 'hex')))
  if (contentType === 'image/jph') return htj2k.decode(codestream).cells
  assert.equal(contentType, 'image/j2c')
  return jpeg2000.decode(codestream).cells
}

interface SubResolutionDecoder {
  getEncodedBuffer(sizeBytes: number): Uint8Array
  decodeSubResolution(skipped: number): void
  getDecodedBuffer(): Uint8Array
  delete(): void
}

const openjph = await (
  createRequire(import.meta.url)('@cornerstonejs/codec-openjph') as () => Promise<{
    readonly HTJ2KDecoder: new () => SubResolutionDecoder
  }>
)()

/** The image that OpenJPH decodes from a JPH file when it leaves out this many resolutions. */
export function decodedAtResolution(jph: Uint8Array, skipped: number): Buffer {
  const decoder = new openjph.HTJ2KDecoder()
  const codestream = jph.subarray(Buffer.from(jph).indexOf(Buffer.from('ff4fff51', 'hex')))
  decoder.getEncodedBuffer(codestream.length).set(codestream)
  decoder.decodeSubResolution(skipped)
  const cells = Buffer.from(decoder.getDecodedBuffer())
  decoder.delete()
  return cells
}
