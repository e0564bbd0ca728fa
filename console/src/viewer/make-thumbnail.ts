/**
 * Thumbnails: the middle image of an image set, from the smallest resolution of its frame that is large enough. A few are made at a
 * time, the last asked for first, since that is where the person has scrolled to; those that scrolled away before are not made.
 */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { fetchDocument } from '../metadata/document.ts'
import { loadFrame, undisplayableReason } from './frames/loader.ts'
import { aspectOf } from './geometry.ts'
import { type DecodedFrame, render } from './pixels/render.ts'
import { THUMBNAIL_COLUMNS, CONCURRENT_THUMBNAILS_MAX, CACHED_THUMBNAILS_MAX } from './stack/limits.ts'
import { type StackImage, imagesOf } from './stack/stack.ts'
import { textOf } from './stack/values.ts'
import { isVideo } from './video.ts'

interface ThumbnailSource {
  readonly client: MedicalImagingClient
  readonly datastoreId: string
  readonly imageSetId: string
}

export type Thumbnail =
  | { readonly kind: 'image'; readonly address: string; readonly alt: string }
  /** Nothing to draw, and the word for it. */
  | { readonly kind: 'none'; readonly word: string }

const kept = new Map<string, Thumbnail>()
/** Whose they are: what one access key has seen is not the next one's. */
let keptFor: MedicalImagingClient | undefined
const waiting: { readonly run: () => Promise<void>; readonly signal: AbortSignal }[] = []
let running = 0

/** @throws what the client throws, and the signal's reason */
export async function thumbnailOf(source: ThumbnailSource, signal: AbortSignal): Promise<Thumbnail> {
  const key = `${source.datastoreId}/${source.imageSetId}`
  if (keptFor !== source.client) forget(source.client)
  const known = kept.get(key)
  if (known !== undefined) return known
  const thumbnail = await inTurn(() => make(source, signal), signal)
  if (keptFor === source.client) keep(key, thumbnail)
  return thumbnail
}

function forget(next: MedicalImagingClient): void {
  for (const each of kept.values()) if (each.kind === 'image') URL.revokeObjectURL(each.address)
  kept.clear()
  keptFor = next
}

function keep(key: string, thumbnail: Thumbnail): void {
  const before = kept.get(key)
  if (before?.kind === 'image') URL.revokeObjectURL(before.address)
  kept.set(key, thumbnail)
  if (kept.size <= CACHED_THUMBNAILS_MAX) return
  const [oldest, dropped] = kept.entries().next().value!
  kept.delete(oldest)
  if (dropped.kind === 'image') URL.revokeObjectURL(dropped.address)
}

function inTurn<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    waiting.push({ signal, run: () => work().then(resolve, reject) })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    proceed()
  })
}

function proceed(): void {
  while (running < CONCURRENT_THUMBNAILS_MAX) {
    const next = waiting.pop()
    if (next === undefined) return
    if (next.signal.aborted) continue
    running += 1
    next.run().finally(() => {
      running -= 1
      proceed()
    })
  }
}

async function make(source: ThumbnailSource, signal: AbortSignal): Promise<Thumbnail> {
  const { client, datastoreId, imageSetId } = source
  const images = imagesOf(await fetchDocument(client, { version: { datastoreId, imageSetId }, signal }))
  const image = images[images.length >> 1]
  if (image === undefined) return { kind: 'none', word: 'No images' }
  if (isVideo(image)) return { kind: 'none', word: 'Video' }
  if (undisplayableReason(image) !== undefined) return { kind: 'none', word: 'No image' }
  const columnsMin = Math.ceil(THUMBNAIL_COLUMNS * Math.min(2, window.devicePixelRatio))
  const decoded = await loadFrame(source, { image, columnsMin, signal })
  const address = URL.createObjectURL(await draw(image, { decoded, columns: columnsMin }))
  return { kind: 'image', address, alt: altOf(image, images.length) }
}

/** Whose it is stands beside it. */
function altOf({ attribute }: StackImage, count: number): string {
  const of = [textOf(attribute('Modality')), textOf(attribute('SeriesDescription'))].filter(Boolean).join(', ')
  return `${of || 'StackImage'}, ${count === 1 ? 'one image' : `image ${(count >> 1) + 1} of ${count}`}`
}

async function draw(image: StackImage, { decoded, columns }: { decoded: DecodedFrame; columns: number }): Promise<Blob> {
  const pixels = render(image, { decoded, look: { voi: { kind: 'stored' }, isInverted: false } })
  const whole = new OffscreenCanvas(decoded.columns, decoded.rows)
  whole.getContext('2d')!.putImageData(new ImageData(pixels, decoded.columns, decoded.rows), 0, 0)
  const height = decoded.rows * aspectOf(image)
  const scale = Math.min(1, columns / Math.max(decoded.columns, height))
  const small = new OffscreenCanvas(
    Math.max(1, Math.round(decoded.columns * scale)),
    Math.max(1, Math.round(height * scale)),
  )
  const context = small.getContext('2d')!
  context.imageSmoothingQuality = 'high'
  context.drawImage(whole, 0, 0, small.width, small.height)
  return small.convertToBlob({ type: 'image/png' })
}
