/** Accepts files that are dropped anywhere on the page. */
import { useEffect, useRef, useState } from 'react'
import { type ChosenFile, filesOfDrop } from './chosen-files.ts'

interface FileDrop {
  readonly isDisabled?: boolean
  onFiles(files: readonly ChosenFile[]): void
  /** The browser can't read what was dropped. */
  onError(error: unknown): void
}

/** @returns whether files are being dragged over the page */
export function useFileDrop({ isDisabled = false, onFiles, onError }: FileDrop): boolean {
  const [isDraggedOver, setDraggedOver] = useState(false)
  const latest = useRef({ onFiles, onError })
  latest.current = { onFiles, onError }
  useEffect(() => {
    if (isDisabled) return
    const over = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      setDraggedOver(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setDraggedOver(false)
    const drop = (event: DragEvent) => {
      if (event.dataTransfer === null) return
      event.preventDefault()
      setDraggedOver(false)
      filesOfDrop(event.dataTransfer).then(
        (files) => latest.current.onFiles(files),
        (error: unknown) => latest.current.onError(error),
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
  }, [isDisabled])
  return isDraggedOver
}
