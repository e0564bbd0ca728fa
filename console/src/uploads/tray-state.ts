/** What all pages know of uploads. Apart from the uploads themselves, which are loaded with the first one. */

let isOpen = false
let hasUnfinished = false
const listeners = new Set<() => void>()

export function openTray(): void {
  isOpen = true
  for (const listener of listeners) listener()
}

/** @param unfinished whether files are in this tab only */
export function setUnfinished(unfinished: boolean): void {
  hasUnfinished = unfinished
}

/** Asks if files would be lost. */
export const maySignOut = (): boolean =>
  !hasUnfinished || window.confirm('Files are still being uploaded. Sign out and cancel the uploads?')

export const isTrayOpen = (): boolean => isOpen

export function onTrayChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
