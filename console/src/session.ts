/** The access key or session credentials of this tab, kept in its session storage only: closing the tab removes them. */
import { useSyncExternalStore } from 'react'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of session credentials, which a sign-in link gives. */
  readonly sessionToken?: string
  /** Seconds since 1970. */
  readonly expiresAt?: number
}

const STORAGE_KEY = 'hilum.access-key'

let key = readKey()
const listeners = new Set<() => void>()

function readKey(): AccessKey | undefined {
  const text = window.sessionStorage.getItem(STORAGE_KEY)
  if (text === null) return undefined
  return JSON.parse(text) as AccessKey
}

export const useAccessKey = (): AccessKey | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => key,
  )

/** Replaces credentials by their renewal. Requests in flight and the pages stay as they are. */
export const storeRenewed = (next: AccessKey): void => window.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(next))

/** @param next undefined to sign out */
export function setAccessKey(next: AccessKey | undefined): void {
  key = next
  if (next === undefined) window.sessionStorage.removeItem(STORAGE_KEY)
  else window.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(next))
  for (const listener of listeners) listener()
}
