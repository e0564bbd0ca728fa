/**
 * Thumbnails: the middle picture of an image set, from the smallest resolution of its frame that is large enough. A few are made at a
 * time, the last asked for first, since that is where the person has scrolled to; those that scrolled away before are not made.
 */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { fetchDocument } from '../metadata/document.ts'
import { loadFrame, whyNot } from './frames/loader.ts'
import { aspectOf } from './geometry.ts'
import { type Decoded, render } from './pixels/render.ts'
import { THUMBNAIL_COLUMNS, THUMBNAILS_AT_ONCE, THUMBNAILS_KEPT_MAX } from './stack/limits.ts'
import { type Picture, picturesOf } from './stack/stack.ts'
import { textOf } from './stack/values.ts'
import { isVideo } from './video.ts'

interface ThumbnailSource {
  readonly client: MedicalImagingClient
  readonly datastoreId: string
  readonly imageSetId: string
}

export type Thumbnail =
  | { readonly kind: 'picture'; readonly address: string; readonly alt: string }
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
  for (const each of kept.values()) if (each.kind === 'picture') URL.revokeObjectURL(each.address)
  kept.clear()
  keptFor = next
}

function keep(key: string, thumbnail: Thumbnail): void {
  const before = kept.get(key)
  if (before?.kind === 'picture') URL.revokeObjectURL(before.address)
  kept.set(key, thumbnail)
  if (kept.size <= THUMBNAILS_KEPT_MAX) return
  const [oldest, dropped] = kept.entries().next().value!
  kept.delete(oldest)
  if (dropped.kind === 'picture') URL.revokeObjectURL(dropped.address)
}

function inTurn<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    waiting.push({ signal, run: () => work().then(resolve, reject) })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    proceed()
  })
}

function proceed(): void {
  while (running < THUMBNAILS_AT_ONCE) {
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
  const pictures = picturesOf(await fetchDocument(client, { version: { datastoreId, imageSetId }, signal }))
  const picture = pictures[pictures.length >> 1]
  if (picture === undefined) return { kind: 'none', word: 'No pictures' }
  if (isVideo(picture)) return { kind: 'none', word: 'Video' }
  if (whyNot(picture) !== undefined) return { kind: 'none', word: 'No picture' }
  const columnsMin = Math.ceil(THUMBNAIL_COLUMNS * Math.min(2, window.devicePixelRatio))
  const decoded = await loadFrame(source, { picture, columnsMin, signal })
  const address = URL.createObjectURL(await draw(picture, { decoded, columns: columnsMin }))
  return { kind: 'picture', address, alt: altOf(picture, pictures.length) }
}

/** Whose it is stands beside it. */
function altOf({ attribute }: Picture, count: number): string {
  const of = [textOf(attribute('Modality')), textOf(attribute('SeriesDescription'))].filter(Boolean).join(', ')
  return `${of || 'Picture'}, ${count === 1 ? 'one image' : `image ${(count >> 1) + 1} of ${count}`}`
}

async function draw(picture: Picture, { decoded, columns }: { decoded: Decoded; columns: number }): Promise<Blob> {
  const pixels = render(picture, { decoded, look: { voi: { kind: 'stored' }, isInverted: false } })
  const whole = new OffscreenCanvas(decoded.columns, decoded.rows)
  whole.getContext('2d')!.putImageData(new ImageData(pixels, decoded.columns, decoded.rows), 0, 0)
  const height = decoded.rows * aspectOf(picture)
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
