/** The mouse, the pen or the first finger on a layer above the image. Other buttons, fingers and the wheel reach the stage below. */
import { useEffect, useRef } from 'react'
import type { Point } from '../geometry/orientation.ts'

interface PointerListener {
  onDown(at: Point): void
  onMove(at: Point): void
  onUp(at: Point): void
}

type ElementRef = { readonly current: Element | null }

interface Listening {
  readonly isEnabled: boolean
  readonly listener: PointerListener
  /** Points are CSS pixels from its top left. The layer itself, unless another element is given. */
  readonly origin?: ElementRef
}

export function usePrimaryPointer(layer: ElementRef, { isEnabled, listener, origin = layer }: Listening): void {
  const latest = useRef(listener)
  latest.current = listener
  useEffect(() => {
    const element = layer.current
    if (element === null || !isEnabled) return
    const abort = new AbortController()
    let down: number | undefined
    const at = ({ clientX, clientY }: PointerEvent): Point => {
      const { left, top } = (origin.current ?? element).getBoundingClientRect()
      return { x: clientX - left, y: clientY - top }
    }
    const on = (name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', run: (e: PointerEvent) => void) =>
      element.addEventListener(name, (event) => run(event as PointerEvent), { signal: abort.signal })
    on('pointerdown', (event) => {
      if (!event.isPrimary || event.button !== 0) return
      event.stopPropagation()
      element.setPointerCapture(event.pointerId)
      down = event.pointerId
      latest.current.onDown(at(event))
    })
    on('pointermove', (event) => {
      if (!event.isPrimary || (event.buttons !== 0 && down !== event.pointerId)) return
      latest.current.onMove(at(event))
    })
    for (const name of ['pointerup', 'pointercancel'] as const)
      on(name, (event) => {
        if (down !== event.pointerId) return
        down = undefined
        latest.current.onUp(at(event))
      })
    return () => abort.abort()
  }, [layer, origin, isEnabled])
}
