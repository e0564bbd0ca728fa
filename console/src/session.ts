/** The access key of this tab, kept in its session storage only: closing the tab removes it. */
import { useSyncExternalStore } from 'react'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const STORAGE_KEY = 'hilum.access-key'

let key = readKey()
const listeners = new Set<() => void>()

function readKey(): AccessKey | undefined {
  const text = window.sessionStorage.getItem(STORAGE_KEY)
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

/** @param next undefined to sign out */
export function setAccessKey(next: AccessKey | undefined): void {
  key = next
  if (next === undefined) window.sessionStorage.removeItem(STORAGE_KEY)
  else window.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(next))
  for (const listener of listeners) listener()
}
