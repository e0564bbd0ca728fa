/** Draws an image on the stage when its pixels, its display settings or its view change; measures the stage; attaches pointer input. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { FIT, type ImageSize, type StageSize } from './geometry/geometry.ts'
import { matrixOf, placementOf } from './geometry/orientation.ts'
import { type DecodedFrame, type DisplaySettings, render } from './pixels/render.ts'
import { handlePointers } from './pointer-input.ts'
import type { StackImage } from './stack/stack.ts'
import type { Actions, Displayed, Tool, ViewState } from './use-view-state.ts'

/** High-quality interpolation is slow, so it waits until scrolling pauses. */
const HIGH_QUALITY_DELAY_MS = 120

export interface StageProps {
  readonly image: StackImage
  readonly decoded: DecodedFrame | undefined
  readonly viewState: Pick<ViewState, 'view' | 'orientation' | 'voi' | 'isInverted'>
  /** Undefined until measured. */
  readonly size: StageSize | undefined
  readonly imageSize: ImageSize
}

export function Stage({ image, decoded, viewState, size, imageSize }: StageProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const rendered = useRef<Rendered>(undefined)
  const { view, orientation, voi, isInverted } = viewState
  const { columns, rows, aspect } = imageSize

  useLayoutEffect(() => {
    if (canvas.current === null || size === undefined) return
    const [width, height] = [Math.round(size.width * size.density), Math.round(size.height * size.density)]
    if (canvas.current.width !== width) canvas.current.width = width
    if (canvas.current.height !== height) canvas.current.height = height
    const context = canvas.current.getContext('2d')!
    if (decoded === undefined) {
      context.resetTransform()
      return context.clearRect(0, 0, width, height)
    }
    rendered.current = renderedFrame(rendered.current, { image, decoded, settings: { voi, isInverted } })
    const placed = placementOf(view, orientation, { stage: size, image: { columns, rows, aspect } })
    const { canvas: pixels } = rendered.current
    context.imageSmoothingEnabled = placed.width !== decoded.columns || placed.height !== decoded.rows
    const draw = (quality: ImageSmoothingQuality) => {
      context.imageSmoothingQuality = quality
      context.resetTransform()
      context.clearRect(0, 0, width, height)
      context.setTransform(...matrixOf(orientation), placed.center.x, placed.center.y)
      context.drawImage(pixels, -placed.width / 2, -placed.height / 2, placed.width, placed.height)
    }
    draw('low')
    const timeout = setTimeout(() => draw('high'), HIGH_QUALITY_DELAY_MS)
    return () => clearTimeout(timeout)
  }, [image, decoded, view, orientation, voi, isInverted, size, columns, rows, aspect])

  return <canvas ref={canvas} className="viewer-canvas" />
}

interface Rendered {
  readonly canvas: HTMLCanvasElement
  readonly decoded: DecodedFrame
  readonly settings: DisplaySettings
}

/** Renders a frame at its own size, unless neither the frame nor the settings changed. */
function renderedFrame(
  last: Rendered | undefined,
  { image, decoded, settings }: { image: StackImage; decoded: DecodedFrame; settings: DisplaySettings },
): Rendered {
  if (
    last?.decoded === decoded &&
    last.settings.voi === settings.voi &&
    last.settings.isInverted === settings.isInverted
  )
    return last
  const canvas = last?.canvas ?? document.createElement('canvas')
  if (canvas.width !== decoded.columns) canvas.width = decoded.columns
  if (canvas.height !== decoded.rows) canvas.height = decoded.rows
  const imageData = new ImageData(render(image, { decoded, settings }), decoded.columns, decoded.rows)
  canvas.getContext('2d')!.putImageData(imageData, 0, 0)
  return { canvas, decoded, settings }
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
  {
    tool,
    actions,
    displayed,
    onDoubleClick,
  }: {
    tool: Tool
    actions: Actions
    displayed: { readonly current: Displayed }
    onDoubleClick: (() => void) | undefined
  },
): void {
  const doubleClick = useRef(onDoubleClick)
  doubleClick.current = onDoubleClick
  useEffect(() => {
    if (stage.current === null) return
    const doubleClicked = () => (doubleClick.current ?? (() => actions.setView(FIT)))()
    return handlePointers(stage.current, {
      tool,
      displayed: () => displayed.current,
      actions,
      onDoubleClick: doubleClicked,
    })
  }, [stage, actions, displayed, tool])
}
