/**
 * Alerts that have the same cause: a server that is away fails every request of a page. Only the first alert is shown, and it retries for
 * all of them.
 */
import { useId, useLayoutEffect, useSyncExternalStore } from 'react'

interface OpenAlert {
  readonly id: string
  readonly cause: string
  readonly retry: () => void
}

/** In the order in which they appeared. */
let open: readonly OpenAlert[] = []
const listeners = new Set<() => void>()

function change(next: readonly OpenAlert[]): void {
  open = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * @param cause undefined for an alert that is always shown
 * @returns whether this alert is shown, and how all of the same cause are retried
 */
export function useOneAlert(
  cause: string | undefined,
  retry: (() => void) | undefined,
): { readonly isShown: boolean; retryAll(): void } {
  const id = useId()
  useLayoutEffect(() => {
    if (cause === undefined || retry === undefined) return
    // A new `retry` keeps the place of the alert.
    const alert = { id, cause, retry }
    change(open.some((each) => each.id === id) ? open.map((each) => (each.id === id ? alert : each)) : [...open, alert])
  }, [id, cause, retry])
  useLayoutEffect(() => () => change(open.filter((each) => each.id !== id)), [id])
  const alerts = useSyncExternalStore(subscribe, () => open)
  const first = alerts.find((each) => each.cause === cause)
  return {
    isShown: first === undefined || first.id === id,
    retryAll() {
      for (const each of alerts) if (each.cause === cause) each.retry()
    },
  }
}
