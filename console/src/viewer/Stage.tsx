/** The picture on its stage, drawn when something of it has changed: pixels by the look, their place by the view. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { type PictureSize, placeOf, type StageSize } from './geometry.ts'
import { type Decoded, type Look, render } from './pixels/render.ts'
import { followHands } from './pointers.ts'
import type { Picture } from './stack/stack.ts'
import type { Actions, OnScreen, Tool, Viewing } from './use-viewing.ts'

/** Fine interpolation is slow, and wanted only where somebody looks. */
const SETTLED_MS = 120

interface StageProps {
  readonly picture: Picture
  readonly decoded: Decoded | undefined
  readonly viewing: Viewing
  /** Undefined until it is measured. */
  readonly size: StageSize | undefined
  readonly pictureSize: PictureSize
}

export function Stage({ picture, decoded, viewing, size, pictureSize }: StageProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const drawn = useRef<Drawn>(undefined)
  const { view, voi, isInverted } = viewing
  const { columns, rows, aspect } = pictureSize

  useLayoutEffect(() => {
    if (canvas.current === null || size === undefined) return
    const [width, height] = [Math.round(size.width * size.density), Math.round(size.height * size.density)]
    if (canvas.current.width !== width) canvas.current.width = width
    if (canvas.current.height !== height) canvas.current.height = height
    const context = canvas.current.getContext('2d')!
    if (decoded === undefined) return context.clearRect(0, 0, width, height)
    drawn.current = drawnOf(drawn.current, { picture, decoded, look: { voi, isInverted } })
    const place = placeOf(view, { stage: size, picture: { columns, rows, aspect } })
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
  }, [picture, decoded, view, voi, isInverted, size, columns, rows, aspect])

  return <canvas ref={canvas} className="viewer-canvas" />
}

interface Drawn {
  readonly canvas: HTMLCanvasElement
  readonly decoded: Decoded
  readonly look: Look
}

/** The pixels at their own size; as they are where neither the frame nor its look is another. */
function drawnOf(
  last: Drawn | undefined,
  { picture, decoded, look }: { picture: Picture; decoded: Decoded; look: Look },
): Drawn {
  if (last?.decoded === decoded && last.look.voi === look.voi && last.look.isInverted === look.isInverted) return last
  const canvas = last?.canvas ?? document.createElement('canvas')
  if (canvas.width !== decoded.columns) canvas.width = decoded.columns
  if (canvas.height !== decoded.rows) canvas.height = decoded.rows
  const image = new ImageData(render(picture, { decoded, look }), decoded.columns, decoded.rows)
  canvas.getContext('2d')!.putImageData(image, 0, 0)
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

export function useHands(
  stage: Element,
  { tool, actions, onScreen }: { tool: Tool; actions: Actions; onScreen: { readonly current: OnScreen } },
): void {
  useEffect(() => {
    if (stage.current === null) return
    return followHands(stage.current, { tool, onScreen: () => onScreen.current, actions })
  }, [stage, actions, onScreen, tool])
}
