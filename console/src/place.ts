/**
 * Where the person is: the path below /console/, and behind # the state of the page. Links are followed without loading the page anew,
 * whatever drew them: one listener takes all clicks on addresses of the console.
 */
import { useSyncExternalStore } from 'react'

export interface Place {
  /** Below /console/, without a slash at either end. */
  readonly path: string
  /** Without the #. */
  readonly fragment: string
  /** What the page keeps beside the address, and finds again when the person comes back. */
  readonly kept: unknown
}

const BASE = '/console/'

export const addressOf = (path: string, fragment = ''): string =>
  `${BASE}${path}${fragment === '' ? '' : `#${fragment}`}`

let place = readPlace()
const listeners = new Set<() => void>()

function readPlace(): Place {
  const { pathname, hash } = window.location
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : ''
  return { path: path.replace(/^\/+|\/+$/g, ''), fragment: hash.slice(1), kept: window.history.state }
}

function tell(): void {
  place = readPlace()
  for (const listener of listeners) listener()
}

export function usePlace(): Place {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => place,
  )
}

export function go(
  address: string,
  { replace = false, kept = null }: { replace?: boolean; kept?: unknown } = {},
): void {
  const isOtherPage = new URL(address, window.location.href).pathname !== window.location.pathname
  window.history[replace ? 'replaceState' : 'pushState'](kept, '', address)
  tell()
  if (isOtherPage) window.scrollTo(0, 0)
}

export function followPlaces(): void {
  window.addEventListener('popstate', tell)
  document.addEventListener('click', (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target === '_blank' || link.hasAttribute('download')) return
    const { origin, pathname, hash } = new URL(link.href, window.location.href)
    if (origin !== window.location.origin || !pathname.startsWith(BASE)) return
    event.preventDefault()
    go(`${pathname}${hash}`)
  })
}
