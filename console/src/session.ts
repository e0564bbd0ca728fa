/** The access key of this tab: entered once, kept in the tab's session storage and nowhere else, gone when the tab closes. */
import { useSyncExternalStore } from 'react'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const PLACE = 'hilum.access-key'

let key = readKey()
const listeners = new Set<() => void>()

function readKey(): AccessKey | undefined {
  const text = window.sessionStorage.getItem(PLACE)
  if (text === null) return undefined
  const { accessKeyId, secretAccessKey } = JSON.parse(text) as AccessKey
  return { accessKeyId, secretAccessKey }
}

export const useAccessKey = (): AccessKey | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => key,
  )

/** Undefined signs out. */
export function setAccessKey(next: AccessKey | undefined): void {
  key = next
  if (next === undefined) window.sessionStorage.removeItem(PLACE)
  else window.sessionStorage.setItem(PLACE, JSON.stringify(next))
  for (const listener of listeners) listener()
}
