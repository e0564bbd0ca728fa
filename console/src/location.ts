/**
 * The location in the console and the links between pages: the path below /console/, and the parameters of the page in the fragment.
 * One click listener handles every link of the console, whichever component rendered it.
 */
import { useSyncExternalStore } from 'react'
import { leavePlace } from './history-places.ts'

interface ConsoleLocation {
  /** Below /console/, without slashes at its ends. */
  readonly path: string
  /** Without the #. */
  readonly fragment: string
  /** The state of the history entry, restored on Back and Forward. */
  readonly state: unknown
  /** Names the history entry. */
  readonly entryId: string
  readonly arrivedBy: 'load' | 'link' | 'history'
}

/** What the console stores in an entry of the history. */
interface Entry {
  readonly entryId: string
  readonly state: unknown
}

const BASE = '/console/'

export const hrefTo = (path: string, fragment = ''): string => `${BASE}${path}${fragment === '' ? '' : `#${fragment}`}`

let location = readLocation('load')
const listeners = new Set<() => void>()

function readLocation(arrivedBy: ConsoleLocation['arrivedBy']): ConsoleLocation {
  const { pathname, hash } = window.location
  const path = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : ''
  const { entryId = '', state = null } = (window.history.state ?? {}) as Partial<Entry>
  return { path: path.replace(/^\/+|\/+$/g, ''), fragment: hash.slice(1), state, entryId, arrivedBy }
}

function updateLocation(arrivedBy: ConsoleLocation['arrivedBy']): void {
  location = readLocation(arrivedBy)
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

interface NavigateOptions {
  readonly replace?: boolean
  readonly state?: unknown
  /** The link that was followed. */
  readonly link?: Element
}

export function navigate(href: string, { replace = false, state = null, link }: NavigateOptions = {}): void {
  const isOtherPage = new URL(href, window.location.href).pathname !== window.location.pathname
  if (replace) {
    const entry: Entry = { entryId: location.entryId, state }
    window.history.replaceState(entry, '', href)
  } else {
    leavePlace(location.entryId, link)
    const entry: Entry = { entryId: newEntryId(), state }
    window.history.pushState(entry, '', href)
  }
  updateLocation(replace ? location.arrivedBy : 'link')
  if (isOtherPage) window.scrollTo(0, 0)
}

/** An address that was typed has an entry without a name. */
function nameEntry(): void {
  if ((window.history.state as Partial<Entry> | null)?.entryId !== undefined) return
  const entry: Entry = { entryId: newEntryId(), state: null }
  window.history.replaceState(entry, '')
}

const newEntryId = (): string => `${Date.now()}-${Math.random()}`

export function interceptLinks(): void {
  window.history.scrollRestoration = 'manual'
  nameEntry()
  updateLocation('load')
  window.addEventListener('popstate', () => {
    leavePlace(location.entryId)
    nameEntry()
    updateLocation('history')
  })
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
    navigate(`${pathname}${hash}`, { link })
  })
}
