/**
 * The keys that work on every page, and those of the page that is shown. Single keys can be turned off, as WCAG 2.1.4 asks, for people who
 * speak their input. They never work while a person types, or while a dialog is open.
 */
import { useEffect, useSyncExternalStore } from 'react'

export interface KeyDescription {
  readonly label: string
  readonly effect: string
}

interface KeyGroup {
  readonly title: string
  readonly keys: readonly KeyDescription[]
}

interface ShortcutState {
  readonly groups: readonly KeyGroup[]
  readonly isHelpOpen: boolean
  readonly areOn: boolean
}

const STORAGE_KEY = 'hilum.single-keys'

let state: ShortcutState = {
  groups: [],
  isHelpOpen: false,
  areOn: window.localStorage.getItem(STORAGE_KEY) !== 'off',
}
const listeners = new Set<() => void>()

function change(changes: Partial<ShortcutState>): void {
  state = { ...state, ...changes }
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const useShortcuts = (): ShortcutState => useSyncExternalStore(subscribe, () => state)

export const showKeys = (isHelpOpen: boolean): void => change({ isHelpOpen })

export function turnSingleKeys(areOn: boolean): void {
  window.localStorage.setItem(STORAGE_KEY, areOn ? 'on' : 'off')
  change({ areOn })
}

/** Adds keys to the help while the component is shown. @param group the same object at each render */
export function usePageKeys(group: KeyGroup): void {
  useEffect(() => {
    change({ groups: [...state.groups, group] })
    return () => change({ groups: state.groups.filter((each) => each !== group) })
  }, [group])
}

const SINGLE_KEYS: Readonly<Record<string, () => boolean>> = {
  '?': () => {
    showKeys(true)
    return true
  },
  '/': focusSearch,
}

export const GENERAL_KEYS: KeyGroup = {
  title: 'On every page',
  keys: [
    { label: '?', effect: 'Show the keys of the page' },
    { label: '/', effect: 'Go to the search or filter field' },
    { label: 'Ctrl + click', effect: 'Open a link or a row in a new tab' },
  ],
}

/** @returns a function that stops it */
export function startSingleKeys(): () => void {
  document.addEventListener('keydown', pressKey)
  return () => document.removeEventListener('keydown', pressKey)
}

function pressKey(event: KeyboardEvent): void {
  const { key, target, defaultPrevented, ctrlKey, altKey, metaKey, isComposing } = event
  if (!state.areOn || defaultPrevented || ctrlKey || altKey || metaKey || isComposing) return
  if (isTyping(target) || document.querySelector('[role=dialog]') !== null) return
  if (Object.hasOwn(SINGLE_KEYS, key) && SINGLE_KEYS[key]!()) event.preventDefault()
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=listbox]') !==
    null

/** The field of the page, or the menu that chooses what it searches for. */
function focusSearch(): boolean {
  const field =
    document.querySelector<HTMLElement>('#content input[type=search]:enabled') ??
    document.querySelector<HTMLElement>('#content search button')
  field?.focus()
  return field !== null
}
