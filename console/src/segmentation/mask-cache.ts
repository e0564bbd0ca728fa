/** Decoded frames of segmentations, up to a limit of memory. Those used last are kept. */
import { loadFrame } from '../viewer/frames/loader.ts'
import type { DecodedFrame } from '../viewer/pixels/render.ts'
import { MASK_BYTES_MAX } from '../viewer/stack/limits.ts'
import type { StackImage } from '../viewer/stack/stack.ts'

export interface MaskSource {
  readonly client: Parameters<typeof loadFrame>[0]['client']
  readonly datastoreId: string
  readonly imageSetId: string
}

export interface MaskCache {
  load(source: MaskSource, image: StackImage): Promise<DecodedFrame>
}

export function openMaskCache(): MaskCache {
  const loading = new Map<string, Promise<DecodedFrame>>()
  /** Oldest first. */
  const kept = new Map<string, DecodedFrame>()
  let bytes = 0
  const keep = (key: string, decoded: DecodedFrame) => {
    kept.set(key, decoded)
    bytes += decoded.samples.byteLength
    for (const [oldest, dropped] of kept) {
      if (bytes <= MASK_BYTES_MAX || oldest === key) break
      kept.delete(oldest)
      bytes -= dropped.samples.byteLength
    }
  }
  return {
    load(source, image) {
      const key = `${source.imageSetId}/${image.key}`
      const known = kept.get(key)
      if (known !== undefined) {
        kept.delete(key)
        kept.set(key, known)
        return Promise.resolve(known)
      }
      const started = loading.get(key) ?? loadFrame(source, { image })
      if (!loading.has(key)) {
        loading.set(key, started)
        started
          .then(
            (decoded) => keep(key, decoded),
            () => {},
          )
          .finally(() => loading.delete(key))
      }
      return started
    },
  }
}
