/** What the person has chosen to see, and everything that they can do to it: whatever hand does it, it is one of these. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Size, View } from './geometry.ts'
import { WHOLE, zoomed } from './geometry.ts'
import type { DisplaySettings, Voi } from './pixels/render.ts'
import type { Window } from './pixels/voi-lut.ts'

export type Tool = 'window' | 'scroll' | 'pan' | 'zoom'

export interface ViewState extends DisplaySettings {
  readonly index: number
  readonly view: View
  readonly tool: Tool
  readonly isPlaying: boolean
}

/** What the hands need to know of what is on screen. */
export interface Displayed {
  readonly scale: number
  /** Undefined for what has no window, as colour. */
  readonly window: Window | undefined
  readonly stage: Size
}

export interface Actions {
  goTo(index: number): void
  step(by: number): void
  setTool(tool: Tool): void
  setVoi(voi: Voi): void
  /** Wider by a part of itself, its centre higher by a part of the width. */
  changeWindow(by: { readonly wider?: number; readonly higher?: number }): void
  invert(): void
  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void
  pan(byX: number, byY: number): void
  setView(view: View): void
  play(isPlaying?: boolean): void
  reset(): void
}

const UNCHOSEN: DisplaySettings = { voi: { kind: 'stored' }, isInverted: false }

/** @param first where a stack is opened */
export function useViewState({ count, first }: { readonly count: number; readonly first: number }) {
  const [viewState, setViewing] = useState<ViewState>(() => ({
    ...UNCHOSEN,
    index: first,
    view: WHOLE,
    tool: window.matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window',
    isPlaying: false,
  }))
  const displayed = useRef<Displayed>({ scale: 1, window: undefined, stage: { width: 1, height: 1 } })
  const actions = useMemo((): Actions => {
    const change = (next: (now: ViewState) => Partial<ViewState>) => setViewing((now) => ({ ...now, ...next(now) }))
    const within = (index: number) => Math.max(0, Math.min(count - 1, index))
    return {
      goTo: (index) => change(() => ({ index: within(index) })),
      step: (by) => change(({ index }) => ({ index: within(index + by) })),
      setTool: (tool) => change(() => ({ tool })),
      setVoi: (voi) => change(() => ({ voi })),
      changeWindow({ wider = 0, higher = 0 }) {
        change(({ voi }) => {
          const from = voi.kind === 'window' ? voi.window : displayed.current.window
          return from === undefined ? {} : { voi: { kind: 'window', window: changedWindow(from, { wider, higher }) } }
        })
      },
      invert: () => change(({ isInverted }) => ({ isInverted: !isInverted })),
      zoom: (factor, at) =>
        change(({ view }) => {
          const scale = typeof view.scale === 'number' ? view.scale : displayed.current.scale
          return { view: zoomed(view, { scale, factor, ...(at && { at }) }) }
        }),
      pan(byX, byY) {
        const { width, height } = displayed.current.stage
        change(({ view }) => ({
          view: { ...view, panX: bounded(view.panX + byX, width), panY: bounded(view.panY + byY, height) },
        }))
      },
      setView: (view) => change(() => ({ view })),
      play: (isPlaying) => change((now) => ({ isPlaying: isPlaying ?? !now.isPlaying })),
      reset: () => change(() => ({ ...UNCHOSEN, view: WHOLE, isPlaying: false })),
    }
  }, [count])
  return { viewState, actions, displayed }
}

/** A image can be pushed to the edge of the stage, not out of reach. */
const bounded = (pan: number, side: number): number => Math.max(-4 * side, Math.min(4 * side, pan))

/** Below this the steps of a window are parts of one; above, whole numbers are what people read. */
const WHOLE_NUMBERS_FROM = 20

export function changedWindow(
  { center, width }: Window,
  { wider, higher }: { readonly wider: number; readonly higher: number },
): Window {
  const isWhole = width >= WHOLE_NUMBERS_FROM
  const step = (part: number): number => {
    const change = part * width
    return isWhole && part !== 0 ? Math.sign(part) * Math.max(1, Math.round(Math.abs(change))) : change
  }
  const least = isWhole ? 1 : Number.MIN_VALUE
  return { center: center + step(higher), width: Math.max(least, width + step(wider)) }
}

/** Plays at a pace, round and round; a image that is not there yet is waited for. */
export function useCine({
  isPlaying,
  pace,
  isReady,
  onNext,
}: {
  readonly isPlaying: boolean
  readonly pace: number
  readonly isReady: () => boolean
  readonly onNext: () => void
}): void {
  const latest = useRef({ isReady, onNext })
  latest.current = { isReady, onNext }
  useEffect(() => {
    if (!isPlaying) return
    let due = performance.now() + 1_000 / pace
    let request = requestAnimationFrame(function tick(now) {
      if (now >= due && latest.current.isReady()) {
        latest.current.onNext()
        // Late by more than a image: what was missed is not made up for.
        due = Math.max(due + 1_000 / pace, now)
      }
      request = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(request)
  }, [isPlaying, pace])
}
