/**
 * Loads and caches the decoded frames of a stack: the current image first, as a preview if it is large, and then the images around it, up
 * to a limit of memory. A frame that fails does not affect the others.
 */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { errorMessageOf } from '../../error-messages.ts'
import { formatNumber } from '../../format/size.ts'
import { type DecodedFrame, lacksPalette } from '../pixels/render.ts'
import { cellBytes, pixelFormatOf } from '../pixels/stored-values.ts'
import {
  CACHED_FRAME_BYTES_MAX,
  IMAGE_PIXELS_MAX,
  IMAGE_SIDE_MAX,
  PREFETCHED_FRAMES_MAX,
  PREVIEW_COLUMNS,
  PREVIEW_PIXELS_MIN,
} from '../stack/limits.ts'
import type { StackImage } from '../stack/stack.ts'
import { textOf } from '../stack/values.ts'
import { DecodeError, decode } from './decoders.ts'
import { fetchFrame } from './fetch-frame.ts'
import { loadingOrder, withinBytes } from './loading-order.ts'

export type Loaded =
  | { readonly kind: 'loading' }
  | { readonly kind: 'shown'; readonly decoded: DecodedFrame; readonly isSharp: boolean }
  /** `isFinal`: a retry can't succeed. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isFinal: boolean }

export interface Loader {
  /** The state of an image. Returns the same object until it changes. */
  at(index: number): Loaded
  /** Makes an image the current one, and loads it and the images around it. */
  show(index: number): void
  /** Loads failed images again. */
  retry(): void
  /** Of decoded frames in memory. */
  limit(bytesMax: number): void
  /** Whether all images are loaded that the limit allows. */
  isComplete(): boolean
  subscribe(listener: () => void): () => void
  close(): void
}

export interface Source {
  readonly client: MedicalImagingClient
  readonly datastoreId: string
  readonly imageSetId: string
  readonly images: readonly StackImage[]
}

const LOADING: Loaded = { kind: 'loading' }

export function openLoader(source: Source): Loader {
  const { images } = source
  const loaded = new Map<number, Loaded>()
  const inFlight = new Map<number, AbortController>()
  const listeners = new Set<() => void>()
  let position = { index: 0, count: images.length, direction: 1 as 1 | -1 }
  let cachedBytesMax = CACHED_FRAME_BYTES_MAX
  let isStarted = false
  let isComplete = false
  let isClosed = false

  const set = (index: number, next: Loaded) => {
    if (isClosed) return
    loaded.set(index, next)
    for (const listener of listeners) listener()
  }
  const isSettled = (index: number) => {
    const state = loaded.get(index)
    return state !== undefined && (state.kind === 'failed' || (state.kind === 'shown' && state.isSharp))
  }

  function start(index: number): void {
    const abort = new AbortController()
    inFlight.set(index, abort)
    load(index, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) set(index, { kind: 'failed', reason: reasonOf(error), isFinal: false })
      })
      .finally(() => {
        if (inFlight.get(index) === abort) inFlight.delete(index)
        if (isClosed) return
        loadNext()
        if (isComplete) for (const listener of listeners) listener()
      })
  }

  async function load(index: number, signal: AbortSignal): Promise<void> {
    const image = images[index]!
    const reason = undisplayableReason(image)
    if (reason !== undefined) return set(index, { kind: 'failed', reason, isFinal: true })
    // Only for the image that the person waits for.
    const isPreviewFirst = index === position.index && isLarge(image) && !loaded.has(index)
    if (isPreviewFirst) {
      const decoded = await loadFrame(source, { image, columnsMin: PREVIEW_COLUMNS, signal })
      signal.throwIfAborted()
      set(index, { kind: 'shown', decoded, isSharp: decoded.skippedResolutions === 0 })
      if (decoded.skippedResolutions === 0) return
    }
    const decoded = await loadFrame(source, { image, signal })
    signal.throwIfAborted()
    set(index, { kind: 'shown', decoded, isSharp: true })
  }

  function loadNext(): void {
    const order = withinBytes(loadingOrder(position), {
      bytesOf: (index) => decodedBytesOf(images[index]!),
      bytesMax: cachedBytesMax,
    })
    const toKeep = new Set(order)
    for (const index of loaded.keys()) if (!toKeep.has(index)) loaded.delete(index)
    for (const [index, abort] of inFlight) {
      if (toKeep.has(index)) continue
      inFlight.delete(index)
      abort.abort()
    }
    isComplete = order.every(isSettled)
    for (const index of order) {
      if (isSettled(index) || inFlight.has(index)) continue
      // Nothing is prefetched while the person waits for the current image.
      const isPrefetch = index !== position.index
      if (isPrefetch && (!isSettled(position.index) || inFlight.size >= PREFETCHED_FRAMES_MAX)) break
      start(index)
    }
  }

  return {
    at: (index) => loaded.get(index) ?? LOADING,
    show(index) {
      const direction = index < position.index ? -1 : index > position.index ? 1 : position.direction
      position = { ...position, index, direction }
      isStarted = true
      loadNext()
    },
    retry() {
      for (const [index, state] of loaded) if (state.kind === 'failed') loaded.delete(index)
      loadNext()
    },
    limit(bytesMax) {
      if (bytesMax === cachedBytesMax) return
      cachedBytesMax = bytesMax
      if (isStarted) loadNext()
    },
    isComplete: () => isComplete,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      isClosed = true
      for (const abort of inFlight.values()) abort.abort()
    },
  }
}

interface FrameRequest {
  readonly image: StackImage
  readonly columnsMin?: number
  readonly signal?: AbortSignal
}

/** Fetches and decodes a frame. @throws DecodeError and the errors of the client */
export async function loadFrame(
  { client, datastoreId, imageSetId }: Omit<Source, 'images'>,
  { image, columnsMin, signal }: FrameRequest,
): Promise<DecodedFrame> {
  const imageFrameId = image.frame!.ID
  const fetched = await fetchFrame(client, { datastoreId, imageSetId, imageFrameId, columnsMin, signal })
  return decode({
    ...fetched,
    format: pixelFormatOf(image),
    transferSyntaxUID: textOf(image.instance.TransferSyntaxUID),
  })
}

/** Why an image can't be displayed, as far as the metadata says. */
export function undisplayableReason(image: StackImage): string | undefined {
  const { rows, columns } = pixelFormatOf(image)
  if (image.frame === undefined)
    return "Its pixel data couldn't be read during the import. See the report of the import job."
  if (rows === 0 || columns === 0) return 'The attributes Rows and Columns are missing.'
  if (rows * columns > IMAGE_PIXELS_MAX || Math.max(rows, columns) > IMAGE_SIDE_MAX) {
    return `Browsers can't display its ${formatNumber(columns)} × ${formatNumber(rows)} pixels.`
  }
  if (lacksPalette(image)) return 'Its color palette is missing or invalid.'
  return undefined
}

const isLarge = (image: StackImage): boolean => {
  const { rows, columns } = pixelFormatOf(image)
  return rows * columns >= PREVIEW_PIXELS_MIN
}

function decodedBytesOf(image: StackImage): number {
  const format = pixelFormatOf(image)
  return format.rows * format.columns * format.samplesPerPixel * cellBytes(format)
}

function reasonOf(error: unknown): string {
  if (error instanceof DecodeError) return error.message
  const { title, description } = errorMessageOf(error)
  return `${title}. ${description}`
}
