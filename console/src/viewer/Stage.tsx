/** The image on its stage, drawn when something of it has changed: pixels by the look, their place by the view. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { type ImageSize, placeOf, type StageSize } from './geometry.ts'
import { type DecodedFrame, type DisplaySettings, render } from './pixels/render.ts'
import { handlePointers } from './pointer-input.ts'
import type { StackImage } from './stack/stack.ts'
import type { Actions, Displayed, Tool, ViewState } from './use-view-state.ts'

/** Fine interpolation is slow, and wanted only where somebody looks. */
const SETTLED_MS = 120

interface StageProps {
  readonly image: StackImage
  readonly decoded: DecodedFrame | undefined
  readonly viewState: ViewState
  /** Undefined until it is measured. */
  readonly size: StageSize | undefined
  readonly imageSize: ImageSize
}

export function Stage({ image, decoded, viewState, size, imageSize }: StageProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const drawn = useRef<Drawn>(undefined)
  const { view, voi, isInverted } = viewState
  const { columns, rows, aspect } = imageSize

  useLayoutEffect(() => {
    if (canvas.current === null || size === undefined) return
    const [width, height] = [Math.round(size.width * size.density), Math.round(size.height * size.density)]
    if (canvas.current.width !== width) canvas.current.width = width
    if (canvas.current.height !== height) canvas.current.height = height
    const context = canvas.current.getContext('2d')!
    if (decoded === undefined) return context.clearRect(0, 0, width, height)
    drawn.current = drawnOf(drawn.current, { image, decoded, look: { voi, isInverted } })
    const place = placeOf(view, { stage: size, image: { columns, rows, aspect } })
    const { canvas: pixels } = drawn.current
    context.imageSmoothingEnabled = place.width !== decoded.columns || place.height !== decoded.rows
    const draw = (quality: ImageSmoothingQuality) => {
      context.imageSmoothingQuality = quality
      context.clearRect(0, 0, width, height)
      context.drawImage(pixels, place.left, place.top, place.width, place.height)
    }
    draw('low')
    const settling = setTimeout(() => draw('high'), SETTLED_MS)
    return () => clearTimeout(settling)
  }, [image, decoded, view, voi, isInverted, size, columns, rows, aspect])

  return <canvas ref={canvas} className="viewer-canvas" />
}

interface Drawn {
  readonly canvas: HTMLCanvasElement
  readonly decoded: DecodedFrame
  readonly look: DisplaySettings
}

/** The pixels at their own size; as they are where neither the frame nor its look is another. */
function drawnOf(
  last: Drawn | undefined,
  { image, decoded, look }: { image: StackImage; decoded: DecodedFrame; look: DisplaySettings },
): Drawn {
  if (last?.decoded === decoded && last.look.voi === look.voi && last.look.isInverted === look.isInverted) return last
  const canvas = last?.canvas ?? document.createElement('canvas')
  if (canvas.width !== decoded.columns) canvas.width = decoded.columns
  if (canvas.height !== decoded.rows) canvas.height = decoded.rows
  const imageData = new ImageData(render(image, { decoded, look }), decoded.columns, decoded.rows)
  canvas.getContext('2d')!.putImageData(imageData, 0, 0)
  return { canvas, decoded, look }
}

type Element = { readonly current: HTMLElement | null }

export function useSize(stage: Element): StageSize | undefined {
  const [size, setSize] = useState<StageSize>()
  useLayoutEffect(() => {
    const element = stage.current
    if (element === null) return
    const measure = () =>
      setSize({ width: element.clientWidth, height: element.clientHeight, density: window.devicePixelRatio })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    return () => observer.disconnect()
  }, [stage])
  return size
}

export function usePointers(
  stage: Element,
  { tool, actions, displayed }: { tool: Tool; actions: Actions; displayed: { readonly current: Displayed } },
): void {
  useEffect(() => {
    if (stage.current === null) return
    return handlePointers(stage.current, { tool, displayed: () => displayed.current, actions })
  }, [stage, actions, displayed, tool])
}
