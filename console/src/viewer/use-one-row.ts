/** Whether menus of a toolbar have to leave it. */
import { useSyncExternalStore } from 'react'

/** On a narrow screen, a toolbar is one row that scrolls (viewer.css), which would cut menus off. In full screen they can't be elsewhere. */
export function useOneRow(): boolean {
  return useSyncExternalStore(subscribeToScreen, () => NARROW.matches && document.fullscreenElement === null)
}

const NARROW = window.matchMedia('(max-width: 1000px)')

function subscribeToScreen(listener: () => void): () => void {
  NARROW.addEventListener('change', listener)
  document.addEventListener('fullscreenchange', listener)
  return () => {
    NARROW.removeEventListener('change', listener)
    document.removeEventListener('fullscreenchange', listener)
  }
}
