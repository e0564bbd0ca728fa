/** The chosen segments above an image. */
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { DecodedFrame } from '../viewer/pixels/render.ts'
import type { Drawn } from '../viewer/StackPane.tsx'
import type { StackImage } from '../viewer/stack/stack.ts'
import type { MaskCache, MaskSource } from './mask-cache.ts'
import { paintedMask } from './paint-mask.ts'
import { framesOn, type PlacedFrame, type Segment, type Segmentation } from './segmentation.ts'

/** A segmentation of a study, and where its frames are. */
export interface StudySegmentation {
  readonly segmentation: Segmentation
  readonly source: MaskSource
}

interface SegmentLayerProps extends Drawn {
  readonly segmentations: readonly StudySegmentation[]
  /** Keys of segments. */
  readonly chosen: ReadonlySet<string>
  readonly cache: MaskCache
}

interface Layer {
  readonly segmentation: Segmentation
  readonly source: MaskSource
  readonly segments: readonly Segment[]
  readonly placed: PlacedFrame
}

interface Loaded {
  readonly layers: readonly Layer[]
  readonly decoded: readonly DecodedFrame[]
  readonly hasFailed: boolean
}

export function SegmentLayer({ image, placement, size, segmentations, chosen, cache }: SegmentLayerProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const layers = useMemo(() => layersOn(image, segmentations, chosen), [image, segmentations, chosen])
  const [loaded, setLoaded] = useState<Loaded>()
  useEffect(() => {
    let isStale = false
    Promise.allSettled(layers.map(({ source, placed }) => cache.load(source, placed.frame.image))).then((results) => {
      if (isStale) return
      const found = results.flatMap((result, at) =>
        result.status === 'fulfilled' ? [{ layer: layers[at]!, decoded: result.value }] : [],
      )
      setLoaded({
        layers: found.map(({ layer }) => layer),
        decoded: found.map(({ decoded }) => decoded),
        hasFailed: found.length < results.length,
      })
      for (const { source, image } of neighborsOf(layers)) cache.load(source, image).catch(() => {})
    })
    return () => {
      isStale = true
    }
  }, [layers, cache])
  const [width, height] = [Math.round(size.width * size.density), Math.round(size.height * size.density)]
  useLayoutEffect(() => {
    if (canvas.current === null) return
    if (canvas.current.width !== width) canvas.current.width = width
    if (canvas.current.height !== height) canvas.current.height = height
    const context = canvas.current.getContext('2d')!
    context.resetTransform()
    context.clearRect(0, 0, width, height)
    // Those of the image before are not drawn on this one.
    if (loaded === undefined || loaded.layers.some((layer) => !layers.includes(layer))) return
    const at = (x: number, y: number) => {
      const point = placement.toStage({ x, y })
      return { x: point.x * size.density, y: point.y * size.density }
    }
    const [origin, right, below] = [at(0, 0), at(1, 0), at(0, 1)]
    context.imageSmoothingEnabled = false
    for (const [index, { segmentation, segments, placed }] of loaded.layers.entries()) {
      const decoded = loaded.decoded[index]!
      const mask = new OffscreenCanvas(decoded.columns, decoded.rows)
      const pixels = paintedMask(segmentation, { frame: placed.frame, decoded, segments })
      mask.getContext('2d')!.putImageData(new ImageData(pixels, decoded.columns, decoded.rows), 0, 0)
      const { a, b, c, d, e, f } = placed.toImage
      context.setTransform(
        right.x - origin.x,
        right.y - origin.y,
        below.x - origin.x,
        below.y - origin.y,
        origin.x,
        origin.y,
      )
      context.transform(a, b, c, d, e, f)
      context.drawImage(mask, 0, 0)
    }
  }, [loaded, layers, placement, size, width, height])
  const isCurrent = loaded?.layers.every((layer) => layers.includes(layer)) === true
  const painted = isCurrent ? loaded.layers.flatMap(({ segments }) => segments.map(({ label }) => label)) : []
  return (
    <>
      <canvas ref={canvas} className="viewer-canvas segment-canvas" data-painted={painted.join(', ')} />
      {loaded?.hasFailed && layers.length > 0 && (
        <p className="segment-failed">Can't load the segments of this image.</p>
      )}
    </>
  )
}

function layersOn(
  image: StackImage,
  segmentations: readonly StudySegmentation[],
  chosen: ReadonlySet<string>,
): readonly Layer[] {
  return segmentations.flatMap(({ segmentation, source }) => {
    const segments = segmentation.segments.filter(({ key }) => chosen.has(key))
    if (segments.length === 0) return []
    return framesOn(segmentation, image).flatMap((placed) => {
      const { segmentNumber } = placed.frame
      const ofFrame = segmentNumber === undefined ? segments : segments.filter(({ number }) => number === segmentNumber)
      return ofFrame.length === 0 ? [] : [{ segmentation, source, segments: ofFrame, placed }]
    })
  })
}

/** How many frames before and after are loaded ahead. */
const NEIGHBORS = 3

/** The frames around those of an image, of the same segments. */
function neighborsOf(layers: readonly Layer[]): readonly { readonly source: MaskSource; readonly image: StackImage }[] {
  return layers.flatMap(({ segmentation, source, placed }) => {
    const of = segmentation.frames.filter(({ segmentNumber }) => segmentNumber === placed.frame.segmentNumber)
    const at = of.indexOf(placed.frame)
    return of.slice(Math.max(0, at - NEIGHBORS), at + NEIGHBORS + 1).map(({ image }) => ({ source, image }))
  })
}
