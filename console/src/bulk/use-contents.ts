/** Reads what a selection consists of, while its dialog is open. */
import { useEffect, useState } from 'react'
import { type ChosenImageSets, type Contents, readContents } from './selection.ts'

export interface ReadContents {
  /** Undefined until all of it is read. */
  readonly contents: Contents | undefined
  readonly readCount: number
  readonly error: unknown
}

/** @param chosen the same object while the dialog is open */
export function useContents(chosen: ChosenImageSets): ReadContents {
  const [state, setState] = useState<ReadContents>({ contents: undefined, readCount: 0, error: undefined })
  useEffect(() => {
    const closed = new AbortController()
    const set = (changes: Partial<ReadContents>) => {
      if (!closed.signal.aborted) setState((before) => ({ ...before, ...changes }))
    }
    readContents(chosen.read(closed.signal), (readCount) => set({ readCount })).then(
      (contents) => set({ contents }),
      (error: unknown) => set({ error }),
    )
    return () => closed.abort()
  }, [chosen])
  return state
}
