/**
 * The location in the console and the links between pages: the path below /console/, and the parameters of the page in the fragment.
 * One click listener handles every link of the console, whichever component rendered it.
 */
import { useSyncExternalStore } from 'react'

interface ConsoleLocation {
  /** Below /console/, without slashes at its ends. */
  readonly path: string
  /** Without the #. */
  readonly fragment: string
  /** The state of the history entry, restored on Back and Forward. */
  readonly state: unknown
}

const BASE = '/console/'

export const hrefTo = (path: string, fragment = ''): string => `${BASE}${path}${fragment === '' ? '' : `#${fragment}`}`

let location = readLocation()
const listeners = new Set<() => void>()

function readLocation(): ConsoleLocation {
  const { pathname, hash } = window.location
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : ''
  return { path: path.replace(/^\/+|\/+$/g, ''), fragment: hash.slice(1), state: window.history.state }
}

function updateLocation(): void {
  location = readLocation()
  for (const listener of listeners) listener()
}

export function useLocation(): ConsoleLocation {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => location,
  )
}

export function navigate(
  href: string,
  { replace = false, state = null }: { replace?: boolean; state?: unknown } = {},
): void {
  const isOtherPage = new URL(href, window.location.href).pathname !== window.location.pathname
  window.history[replace ? 'replaceState' : 'pushState'](state, '', href)
  updateLocation()
  if (isOtherPage) window.scrollTo(0, 0)
}

export function interceptLinks(): void {
  window.addEventListener('popstate', updateLocation)
  document.addEventListener('click', (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (link === null || link.target === '_blank' || link.hasAttribute('download')) return
    const { origin, pathname, hash } = new URL(link.href, window.location.href)
    if (origin !== window.location.origin || !pathname.startsWith(BASE)) return
    event.preventDefault()
    navigate(`${pathname}${hash}`)
  })
}
