/** The shapes on the images of an image set, with undo. They stay while the page is open, for the access key that drew them. */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { useCallback, useSyncExternalStore } from 'react'
import { SHAPES_MAX, UNDO_STEPS_MAX } from '../stack/limits.ts'
import type { Shape } from './shapes.ts'

const NO_SHAPES: readonly Shape[] = []

/** The last is shown, and those before it are for undo. */
type History = readonly (readonly Shape[])[]

const NO_HISTORY: History = [NO_SHAPES]

const histories = new WeakMap<MedicalImagingClient, Map<string, History>>()
const listeners = new Set<() => void>()

function historiesOf(client: MedicalImagingClient): Map<string, History> {
  const known = histories.get(client)
  if (known !== undefined) return known
  const created = new Map<string, History>()
  histories.set(client, created)
  return created
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** @param key of the image set */
export function useShapes(client: MedicalImagingClient, key: string) {
  const history = useSyncExternalStore(subscribe, () => historiesOf(client).get(key) ?? NO_HISTORY)
  const set = useCallback(
    (history: History) => {
      historiesOf(client).set(key, history)
      for (const listener of listeners) listener()
    },
    [client, key],
  )
  const change = useCallback(
    (next: (now: readonly Shape[]) => readonly Shape[]) => {
      const history = historiesOf(client).get(key) ?? NO_HISTORY
      set([...history.slice(-UNDO_STEPS_MAX), next(history.at(-1)!)])
    },
    [client, key, set],
  )
  return {
    shapes: history.at(-1)!,
    canUndo: history.length > 1,
    add: useCallback((shape: Shape) => change((now) => [...now, shape].slice(-SHAPES_MAX)), [change]),
    replace: useCallback(
      (shape: Shape, by: Shape) => change((now) => now.map((each) => (each === shape ? by : each))),
      [change],
    ),
    remove: useCallback((shape: Shape) => change((now) => now.filter((each) => each !== shape)), [change]),
    /** Removes shapes that are stored elsewhere now. It can't be undone. */
    forget: useCallback(
      (stored: readonly Shape[]) => {
        const now = historiesOf(client).get(key)?.at(-1) ?? NO_SHAPES
        set([now.filter((each) => !stored.includes(each))])
      },
      [client, key, set],
    ),
    undo: useCallback(() => {
      const history = historiesOf(client).get(key) ?? NO_HISTORY
      if (history.length > 1) set(history.slice(0, -1))
    }, [client, key, set]),
  }
}
