/** Whether the tray of uploads is shown. Apart from the uploads themselves, which are loaded with the first one. */

let isOpen = false
const listeners = new Set<() => void>()

export function openTray(): void {
  isOpen = true
  for (const listener of listeners) listener()
}

export const isTrayOpen = (): boolean => isOpen

export function onTrayChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
