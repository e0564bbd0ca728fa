/**
 * Thumbnails: the middle image of an image set, decoded from the smallest sufficient resolution of its frame. Several are made at a time.
 * The last requested comes first, because it is where the person scrolled to.
 */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { fetchDocument, type MetadataDocument } from '../metadata/document.ts'
import { instancesIn, objectNameOf } from '../objects/object-kinds.ts'
import { loadFrame, undisplayableReason } from './frames/loader.ts'
import { aspectOf } from './geometry/geometry.ts'
import { type DecodedFrame, render } from './pixels/render.ts'
import { CACHED_THUMBNAILS_MAX, CONCURRENT_THUMBNAILS_MAX, THUMBNAIL_COLUMNS } from './stack/limits.ts'
import { imagesOf, type StackImage } from './stack/stack.ts'
import { textOf } from './stack/values.ts'
import { isVideo } from './video.ts'

interface ThumbnailSource {
  readonly client: MedicalImagingClient
  readonly datastoreId: string
  readonly imageSetId: string
}

export type Thumbnail =
  | { readonly kind: 'image'; readonly url: string; readonly alt: string }
  /** Shown instead of an image. */
  | { readonly kind: 'none'; readonly text: string }

const cache = new Map<string, Thumbnail>()
/** The client of the cached thumbnails: another access key may not see the same image sets. */
let cacheOwner: MedicalImagingClient | undefined
const queue: { readonly run: () => Promise<void>; readonly signal: AbortSignal }[] = []
let running = 0

/** @throws the errors of the client, and the reason of the signal */
export async function thumbnailOf(source: ThumbnailSource, signal: AbortSignal): Promise<Thumbnail> {
  const key = `${source.datastoreId}/${source.imageSetId}`
  if (cacheOwner !== source.client) clearCache(source.client)
  const cached = cache.get(key)
  if (cached !== undefined) return cached
  const thumbnail = await withLimit(() => make(source, signal), signal)
  if (cacheOwner === source.client) addToCache(key, thumbnail)
  return thumbnail
}

function clearCache(nextOwner: MedicalImagingClient): void {
  for (const each of cache.values()) if (each.kind === 'image') URL.revokeObjectURL(each.url)
  cache.clear()
  cacheOwner = nextOwner
}

function addToCache(key: string, thumbnail: Thumbnail): void {
  const replaced = cache.get(key)
  if (replaced?.kind === 'image') URL.revokeObjectURL(replaced.url)
  cache.set(key, thumbnail)
  if (cache.size <= CACHED_THUMBNAILS_MAX) return
  const [oldest, dropped] = cache.entries().next().value!
  cache.delete(oldest)
  if (dropped.kind === 'image') URL.revokeObjectURL(dropped.url)
}

function withLimit<Result>(task: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    queue.push({ signal, run: () => task().then(resolve, reject) })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    startNext()
  })
}

function startNext(): void {
  while (running < CONCURRENT_THUMBNAILS_MAX) {
    const next = queue.pop()
    if (next === undefined) return
    if (next.signal.aborted) continue
    running += 1
    next.run().finally(() => {
      running -= 1
      startNext()
    })
  }
}

async function make(source: ThumbnailSource, signal: AbortSignal): Promise<Thumbnail> {
  const { client, datastoreId, imageSetId } = source
  const document = await fetchDocument(client, { version: { datastoreId, imageSetId }, signal })
  const images = imagesOf(document)
  const image = images[images.length >> 1]
  if (image === undefined) return { kind: 'none', text: nameOf(document) ?? 'No images' }
  if (isVideo(image)) return { kind: 'none', text: 'Video' }
  if (undisplayableReason(image) !== undefined) return { kind: 'none', text: 'No preview' }
  const columnsMin = Math.ceil(THUMBNAIL_COLUMNS * Math.min(2, window.devicePixelRatio))
  const decoded = await loadFrame(source, { image, columnsMin, signal })
  const url = URL.createObjectURL(await draw(image, { decoded, columns: columnsMin }))
  return { kind: 'image', url, alt: altOf(image, images.length) }
}

const WORD_MAX = 9

function nameOf(document: MetadataDocument): string | undefined {
  const [instance] = instancesIn(document)
  const name = instance && objectNameOf(instance)
  // A longer word is wider than a thumbnail.
  const isTooWide = name?.split(' ').some(({ length }) => length > WORD_MAX)
  return isTooWide ? textOf(instance?.Modality) || undefined : name
}

/** Without the patient, who is in the same row of the table. */
function altOf({ attribute }: StackImage, count: number): string {
  const of = [textOf(attribute('Modality')), textOf(attribute('SeriesDescription'))].filter(Boolean).join(', ')
  return `${of || 'Image'}, ${count === 1 ? 'one image' : `image ${(count >> 1) + 1} of ${count}`}`
}

async function draw(
  image: StackImage,
  { decoded, columns }: { decoded: DecodedFrame; columns: number },
): Promise<Blob> {
  const pixels = render(image, { decoded, settings: { voi: { kind: 'stored' }, isInverted: false } })
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
