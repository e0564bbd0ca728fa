/** The viewer of one stack of images: its toolbar, stage and slider, and the list of controls. */
import { useCallback, useRef } from 'react'
import { KeyboardHelp } from './KeyboardHelp.tsx'
import { StackPane, type StackSource } from './StackPane.tsx'

export function StackViewer(source: StackSource) {
  const viewer = useRef<HTMLDivElement>(null)
  const toggleFullScreen = useCallback(() => switchFullScreen(viewer.current), [])
  return (
    <div className="viewer" ref={viewer}>
      <StackPane {...source} onFullScreen={toggleFullScreen} />
      <KeyboardHelp />
    </div>
  )
}

/** Without permission of the browser, nothing changes. */
export function switchFullScreen(element: HTMLElement | null): void {
  const change = document.fullscreenElement === null ? element?.requestFullscreen() : document.exitFullscreen()
  change?.catch(() => {})
}
