/** Mouse, pen and touch input on the stage: one pointer uses the selected tool, two pan and zoom, the wheel scrolls. */
import { SHAPE_KINDS } from './measure/shapes.ts'
import type { Actions, Displayed, Tool } from './use-view-state.ts'

interface PointerInput {
  readonly tool: Tool
  readonly displayed: () => Displayed
  readonly actions: Actions
  readonly onDoubleClick: () => void
}

/** In CSS pixels. */
const DRAG_PER_IMAGE = 12
const DRAG_PER_DOUBLING = 120
/** The distance that changes a window by its width. */
const DRAG_PER_WINDOW = 300
/** A notch of a mouse wheel is at least NOTCH. Smaller deltas, as from touch pads, add up to this. */
const WHEEL_PER_IMAGE = 60
const NOTCH = 100
const WHEEL_PER_DOUBLING = 400
const LINE_PIXELS = 40

interface Point {
  readonly x: number
  readonly y: number
}

/** @returns a function that removes the listeners */
export function handlePointers(
  element: HTMLElement,
  { tool, displayed, actions, onDoubleClick }: PointerInput,
): () => void {
  const pointers = new Map<number, Point>()
  let dragTool: Tool = 'window'
  let accumulated = 0
  const abort = new AbortController()
  const fromCenter = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const { left, top } = element.getBoundingClientRect()
    const { width, height } = displayed().stage
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
  }

  const drag = (delta: Point) => {
    if (dragTool === 'pan') actions.pan(delta.x, delta.y)
    else if (dragTool === 'zoom') actions.zoom(2 ** (-delta.y / DRAG_PER_DOUBLING))
    else if (dragTool === 'window')
      actions.changeWindow({ wider: delta.x / DRAG_PER_WINDOW, higher: delta.y / DRAG_PER_WINDOW })
    else if (dragTool === 'scroll') scrollBy(delta.y, DRAG_PER_IMAGE)
  }
  const scrollBy = (distance: number, perImage: number) => {
    accumulated += distance
    const steps = Math.trunc(accumulated / perImage)
    accumulated -= steps * perImage
    if (steps !== 0) actions.step(steps)
  }
  const pinch = (before: readonly Point[], after: readonly Point[]) => {
    const [a, b] = [centerOf(before), centerOf(after)]
    actions.pan(b.x - a.x, b.y - a.y)
    const factor = distanceOf(after) / Math.max(1, distanceOf(before))
    if (factor > 0 && factor !== 1) actions.zoom(factor, b)
  }

  const on = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, listener, { signal: abort.signal, passive: false })

  on('pointerdown', (event) => {
    // Buttons on the stage handle their own clicks.
    if (event.target instanceof Element && event.target.closest('button, a, input') !== null) return
    element.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, fromCenter(event))
    accumulated = 0
    dragTool = event.button === 1 ? 'pan' : event.button === 2 ? 'zoom' : tool
    if (event.button === 1) event.preventDefault()
  })
  on('pointermove', (event) => {
    const from = pointers.get(event.pointerId)
    if (from === undefined) return
    const before = [...pointers.values()].slice(0, 2)
    const to = fromCenter(event)
    pointers.set(event.pointerId, to)
    if (pointers.size === 1) drag({ x: to.x - from.x, y: to.y - from.y })
    else pinch(before, [...pointers.values()].slice(0, 2))
  })
  for (const name of ['pointerup', 'pointercancel'] as const) on(name, ({ pointerId }) => pointers.delete(pointerId))
  on('contextmenu', (event) => event.preventDefault())
  on('dblclick', ({ target }) => {
    if (target instanceof Element && target.closest('button, a, input') !== null) return
    // Clicks with a drawing tool belong to what is drawn.
    if (!isDrawing(tool)) onDoubleClick()
  })
  on('wheel', (event) => {
    event.preventDefault()
    const delta = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE_PIXELS
    if (event.ctrlKey) actions.zoom(2 ** (-delta / WHEEL_PER_DOUBLING), fromCenter(event))
    else if (Math.abs(delta) >= NOTCH) actions.step(Math.sign(delta))
    else scrollBy(delta, WHEEL_PER_IMAGE)
  })
  return () => abort.abort()
}

const isDrawing = (tool: Tool): boolean => SHAPE_KINDS.some((kind) => kind === tool)

const centerOf = ([a, b]: readonly Point[]): Point => ({ x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2 })
const distanceOf = ([a, b]: readonly Point[]): number => Math.hypot(a!.x - b!.x, a!.y - b!.y)
