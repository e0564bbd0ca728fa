/** The state of the viewer and the actions that change it, shared by pointers, keys and buttons. */
import { useEffect, useMemo, useRef, useState } from 'react'
import type { Size, View } from './geometry/geometry.ts'
import { FIT, zoomed } from './geometry/geometry.ts'
import { flippedSideways, flippedUpsideDown, type Orientation, turned, UPRIGHT } from './geometry/orientation.ts'
import type { ShapeKind } from './measure/shapes.ts'
import type { DisplaySettings, Voi } from './pixels/render.ts'
import type { Window } from './pixels/voi-lut.ts'

export type Tool = 'window' | 'scroll' | 'pan' | 'zoom' | 'magnifier' | ShapeKind

export interface ViewState extends DisplaySettings {
  readonly index: number
  readonly view: View
  readonly orientation: Orientation
  readonly tool: Tool
  readonly isPlaying: boolean
  /** Of playing: 1 for the frame rate of the image. */
  readonly speed: number
}

/** What is on screen, which some actions start from. */
export interface Displayed {
  readonly scale: number
  /** Undefined for color images, which have no window. */
  readonly window: Window | undefined
  readonly stage: Size
}

export interface Actions {
  goTo(index: number): void
  step(by: number): void
  setTool(tool: Tool): void
  setVoi(voi: Voi): void
  /** Both relative to the current width of the window. */
  changeWindow(by: { readonly wider?: number; readonly higher?: number }): void
  invert(): void
  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void
  pan(byX: number, byY: number): void
  setView(view: View): void
  /** @param quarterTurns clockwise */
  turn(quarterTurns: number): void
  flip(direction: 'sideways' | 'upside-down'): void
  setSpeed(speed: number): void
  play(isPlaying?: boolean): void
  /** Shows images as a presentation state describes. */
  present(display: Pick<ViewState, 'voi' | 'isInverted' | 'orientation' | 'view'>): void
  reset(): void
}

const DEFAULT_SETTINGS: DisplaySettings = { voi: { kind: 'stored' }, isInverted: false }

interface StartingPoint {
  readonly count: number
  /** The index of the image shown at first. */
  readonly first: number
  readonly shown?: Pick<ViewState, 'voi' | 'isInverted' | 'view' | 'orientation'> | undefined
}

export function useViewState({ count, first, shown }: StartingPoint) {
  const [viewState, setViewing] = useState<ViewState>(() => ({
    ...DEFAULT_SETTINGS,
    index: first,
    view: FIT,
    orientation: UPRIGHT,
    ...shown,
    speed: 1,
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
      turn: (quarterTurns) => change(({ orientation }) => ({ orientation: turned(orientation, quarterTurns) })),
      flip: (direction) =>
        change(({ orientation }) => ({
          orientation: direction === 'sideways' ? flippedSideways(orientation) : flippedUpsideDown(orientation),
        })),
      setSpeed: (speed) => change(() => ({ speed })),
      play: (isPlaying) => change((now) => ({ isPlaying: isPlaying ?? !now.isPlaying })),
      present: (display) => change(() => display),
      reset: () => change(() => ({ ...DEFAULT_SETTINGS, view: FIT, orientation: UPRIGHT, speed: 1, isPlaying: false })),
    }
  }, [count])
  return { viewState, actions, displayed }
}

/** An image can be moved out of the stage, but only so far that it can be moved back. */
const bounded = (pan: number, side: number): number => Math.max(-4 * side, Math.min(4 * side, pan))

/** Windows at least this wide change in whole numbers. */
const INTEGER_WIDTH_MIN = 20

export function changedWindow(
  { center, width }: Window,
  { wider, higher }: { readonly wider: number; readonly higher: number },
): Window {
  const isInteger = width >= INTEGER_WIDTH_MIN
  const step = (fraction: number): number => {
    const change = fraction * width
    return isInteger && fraction !== 0 ? Math.sign(fraction) * Math.max(1, Math.round(Math.abs(change))) : change
  }
  const widthMin = isInteger ? 1 : Number.MIN_VALUE
  return { center: center + step(higher), width: Math.max(widthMin, width + step(wider)) }
}

/** Plays the stack in a loop. Waits for images that are not loaded yet. */
export function useCine({
  isPlaying,
  durationMs,
  isReady,
  onNext,
}: {
  readonly isPlaying: boolean
  /** Of the image on screen. */
  readonly durationMs: number
  readonly isReady: () => boolean
  readonly onNext: () => void
}): void {
  const latest = useRef({ durationMs, isReady, onNext })
  latest.current = { durationMs, isReady, onNext }
  useEffect(() => {
    if (!isPlaying) return
    let shownAt = performance.now()
    let request = requestAnimationFrame(function tick(now) {
      const { durationMs, isReady, onNext } = latest.current
      if (now >= shownAt + durationMs && isReady()) {
        onNext()
        // Images that are late by more than an interval are not caught up.
        shownAt = Math.max(shownAt + durationMs, now - durationMs)
      }
      request = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(request)
  }, [isPlaying])
}
