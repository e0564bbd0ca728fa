/** Files dropped anywhere on the page; and until somebody takes them, files that were dropped on another page than that of an import. */
import { useEffect, useRef, useState } from 'react'
import { type ChosenFile, filesOfDrop } from './chosen-files.ts'

export interface Drop {
  readonly isOff?: boolean
  onFiles(files: readonly ChosenFile[]): void
  /** What was dropped cannot be read. */
  onFailure(error: unknown): void
}

/** @returns whether files are over the page just now. */
export function useDrop({ isOff = false, onFiles, onFailure }: Drop): boolean {
  const [isOver, setOver] = useState(false)
  const latest = useRef({ onFiles, onFailure })
  latest.current = { onFiles, onFailure }
  useEffect(() => {
    if (isOff) return
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false)
    const drop = (event: DragEvent) => {
      if (event.dataTransfer === null) return
      event.preventDefault()
      setOver(false)
      filesOfDrop(event.dataTransfer).then(
        (files) => latest.current.onFiles(files),
        (error: unknown) => latest.current.onFailure(error),
      )
    }
    window.addEventListener('dragover', over)
    window.addEventListener('dragleave', leave)
    window.addEventListener('drop', drop)
    return () => {
      window.removeEventListener('dragover', over)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('drop', drop)
    }
  }, [isOff])
  return isOver
}

let kept: readonly ChosenFile[] = []

/** For the page of an import, which comes next. */
export function keepForImport(files: readonly ChosenFile[]): void {
  kept = files
}

export function takeKept(): readonly ChosenFile[] {
  const files = kept
  kept = []
  return files
}
