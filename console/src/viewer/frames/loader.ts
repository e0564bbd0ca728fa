/**
 * The decoded frames of one stack: what is on screen at once, a smaller image of it first where it is large, then the others around it,
 * as many as memory is given to. A frame that fails says why, and the others go on.
 */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { errorMessageOf } from '../../error-messages.ts'
import { type DecodedFrame, isWithoutPalette } from '../pixels/render.ts'
import { cellBytes, pixelFormatOf } from '../pixels/stored-values.ts'
import {
  PREFETCHED_FRAMES_MAX,
  CACHED_FRAME_BYTES_MAX,
  IMAGE_PIXELS_MAX,
  IMAGE_SIDE_MAX,
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
  /** `isFinal`: it would fail again. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isFinal: boolean }

export interface Loader {
  /** What there is of a image; the same object until it changes. */
  at(index: number): Loaded
  /** The image on screen is another: it and those around it are fetched. */
  show(index: number): void
  /** Asks again for images that failed. */
  again(): void
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
  const onTheirWay = new Map<number, AbortController>()
  const listeners = new Set<() => void>()
  let position = { index: 0, count: images.length, heading: 1 as 1 | -1 }
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
    onTheirWay.set(index, abort)
    load(index, abort.signal)
      .catch((error: unknown) => {
        if (!abort.signal.aborted) set(index, { kind: 'failed', reason: reasonOf(error), isFinal: false })
      })
      .finally(() => {
        if (onTheirWay.get(index) === abort) onTheirWay.delete(index)
        if (!isClosed) proceed()
      })
  }

  async function load(index: number, signal: AbortSignal): Promise<void> {
    const image = images[index]!
    const reason = undisplayableReason(image)
    if (reason !== undefined) return set(index, { kind: 'failed', reason, isFinal: true })
    // Only of a image that somebody waits for.
    const isSmallerFirst = index === position.index && isLarge(image) && !loaded.has(index)
    if (isSmallerFirst) {
      const decoded = await loadFrame(source, { image, columnsMin: PREVIEW_COLUMNS, signal })
      signal.throwIfAborted()
      set(index, { kind: 'shown', decoded, isSharp: decoded.skippedResolutions === 0 })
      if (decoded.skippedResolutions === 0) return
    }
    const decoded = await loadFrame(source, { image, signal })
    signal.throwIfAborted()
    set(index, { kind: 'shown', decoded, isSharp: true })
  }

  function proceed(): void {
    const order = withinBytes(loadingOrder(position), {
      bytesOf: (index) => decodedBytesOf(images[index]!),
      bytesMax: CACHED_FRAME_BYTES_MAX,
    })
    const wanted = new Set(order)
    for (const index of loaded.keys()) if (!wanted.has(index)) loaded.delete(index)
    for (const [index, abort] of onTheirWay) {
      if (wanted.has(index)) continue
      onTheirWay.delete(index)
      abort.abort()
    }
    for (const index of order) {
      if (isSettled(index) || onTheirWay.has(index)) continue
      // Nothing is fetched beside what somebody waits for.
      const isAhead = index !== position.index
      if (isAhead && (!isSettled(position.index) || onTheirWay.size >= PREFETCHED_FRAMES_MAX)) break
      start(index)
    }
  }

  return {
    at: (index) => loaded.get(index) ?? LOADING,
    show(index) {
      const heading = index < position.index ? -1 : index > position.index ? 1 : position.heading
      position = { ...position, index, heading }
      proceed()
    },
    again() {
      for (const [index, state] of loaded) if (state.kind === 'failed') loaded.delete(index)
      proceed()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      isClosed = true
      for (const abort of onTheirWay.values()) abort.abort()
    },
  }
}

interface FrameWanted {
  readonly image: StackImage
  readonly columnsMin?: number
  readonly signal?: AbortSignal
}

/** One frame, fetched and decoded. @throws what the client throws, and DecodeError */
export async function loadFrame(
  { client, datastoreId, imageSetId }: Omit<Source, 'images'>,
  { image, columnsMin, signal }: FrameWanted,
): Promise<DecodedFrame> {
  const imageFrameId = image.frame!.ID
  const fetched = await fetchFrame(client, { datastoreId, imageSetId, imageFrameId, columnsMin, signal })
  return decode({
    ...fetched,
    format: pixelFormatOf(image),
    transferSyntaxUID: textOf(image.instance.TransferSyntaxUID),
  })
}

/** What is known before a byte of it is fetched. */
export function undisplayableReason(image: StackImage): string | undefined {
  const { rows, columns } = pixelFormatOf(image)
  if (image.frame === undefined)
    return 'Its pixels could not be read when it was imported. The report of the import says why.'
  if (rows === 0 || columns === 0) return 'Its attributes do not say how large it is.'
  if (rows * columns > IMAGE_PIXELS_MAX || Math.max(rows, columns) > IMAGE_SIDE_MAX) {
    return `It has ${columns.toLocaleString('en-US')} × ${rows.toLocaleString('en-US')} pixels, more than a browser draws.`
  }
  if (isWithoutPalette(image)) return 'Its palette of colours is missing or broken.'
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
  const { title, advice } = errorMessageOf(error)
  return `${title}. ${advice}`
}
