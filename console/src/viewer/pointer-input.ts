/** Mouse, pen and fingers on the stage: one of them does what the tool says, two fingers move and enlarge, the wheel scrolls. */
import type { Actions, Displayed, Tool } from './use-view-state.ts'

export interface PointerInput {
  readonly tool: Tool
  readonly displayed: () => Displayed
  readonly actions: Actions
}

/** So far a drag goes for one image of the stack. */
const DRAG_A_PICTURE = 12
const DRAG_A_DOUBLING = 120
/** So far a window as wide as it was is dragged. */
const DRAG_A_WINDOW = 300
/** A notch of a mouse's wheel is a hundred and more; what touch pads send is gathered to this. */
const WHEEL_A_PICTURE = 60
const NOTCH = 100
const WHEEL_A_DOUBLING = 400
const LINE = 40

interface Point {
  readonly x: number
  readonly y: number
}

/** @returns how to let go of the element */
export function handlePointers(element: HTMLElement, { tool, displayed, actions }: PointerInput): () => void {
  const down = new Map<number, Point>()
  let dragging: Tool = 'window'
  let coalesced = 0
  const end = new AbortController()
  const fromMiddle = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const { left, top } = element.getBoundingClientRect()
    const { width, height } = displayed().stage
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
  }

  const drag = (by: Point) => {
    if (dragging === 'pan') actions.pan(by.x, by.y)
    else if (dragging === 'zoom') actions.zoom(2 ** (-by.y / DRAG_A_DOUBLING))
    else if (dragging === 'window') actions.changeWindow({ wider: by.x / DRAG_A_WINDOW, higher: by.y / DRAG_A_WINDOW })
    else scrollBy(by.y, DRAG_A_PICTURE)
  }
  const scrollBy = (way: number, aPicture: number) => {
    coalesced += way
    const steps = Math.trunc(coalesced / aPicture)
    coalesced -= steps * aPicture
    if (steps !== 0) actions.step(steps)
  }
  const pinch = (before: readonly Point[], after: readonly Point[]) => {
    const [a, b] = [middleOf(before), middleOf(after)]
    actions.pan(b.x - a.x, b.y - a.y)
    const grown = distanceOf(after) / Math.max(1, distanceOf(before))
    if (grown > 0 && grown !== 1) actions.zoom(grown, b)
  }

  const on = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ) => element.addEventListener(name, listener, { signal: end.signal, passive: false })

  on('pointerdown', (event) => {
    // Buttons on the stage are theirs.
    if (event.target instanceof Element && event.target.closest('button, a') !== null) return
    element.setPointerCapture(event.pointerId)
    down.set(event.pointerId, fromMiddle(event))
    coalesced = 0
    dragging = event.button === 1 ? 'pan' : event.button === 2 ? 'zoom' : tool
    if (event.button === 1) event.preventDefault()
  })
  on('pointermove', (event) => {
    const from = down.get(event.pointerId)
    if (from === undefined) return
    const before = [...down.values()].slice(0, 2)
    const to = fromMiddle(event)
    down.set(event.pointerId, to)
    if (down.size === 1) drag({ x: to.x - from.x, y: to.y - from.y })
    else pinch(before, [...down.values()].slice(0, 2))
  })
  for (const name of ['pointerup', 'pointercancel'] as const) on(name, ({ pointerId }) => down.delete(pointerId))
  on('contextmenu', (event) => event.preventDefault())
  on('dblclick', () => actions.setView({ scale: 'fit', panX: 0, panY: 0 }))
  on('wheel', (event) => {
    event.preventDefault()
    const way = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * LINE
    if (event.ctrlKey) actions.zoom(2 ** (-way / WHEEL_A_DOUBLING), fromMiddle(event))
    else if (Math.abs(way) >= NOTCH) actions.step(Math.sign(way))
    else scrollBy(way, WHEEL_A_PICTURE)
  })
  return () => end.abort()
}

const middleOf = ([a, b]: readonly Point[]): Point => ({ x: (a!.x + b!.x) / 2, y: (a!.y + b!.y) / 2 })
const distanceOf = ([a, b]: readonly Point[]): number => Math.hypot(a!.x - b!.x, a!.y - b!.y)
