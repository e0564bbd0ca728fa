/** Notices files that are dragged over the page from outside, and passes on what is dropped. */
import { useEffect, useRef, useState } from 'react'

/** @returns whether files are being dragged over the page */
export function useFileDrop(onDrop: (data: DataTransfer) => void): boolean {
  const [isDraggedOver, setDraggedOver] = useState(false)
  const latest = useRef(onDrop)
  latest.current = onDrop
  useEffect(() => {
    // A picture of the page that is dragged counts as a file too.
    let isOfPage = false
    const hasFiles = ({ dataTransfer }: DragEvent) => !isOfPage && dataTransfer?.types.includes('Files') === true
    const over = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setDraggedOver(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setDraggedOver(false)
    const drop = (event: DragEvent) => {
      setDraggedOver(false)
      if (!hasFiles(event)) return
      event.preventDefault()
      latest.current(event.dataTransfer!)
    }
    const start = () => {
      isOfPage = true
    }
    const end = () => {
      isOfPage = false
    }
    const handlers = { dragover: over, dragleave: leave, drop, dragstart: start, dragend: end }
    const entries = Object.entries(handlers) as [keyof typeof handlers, (event: DragEvent) => void][]
    for (const [type, handler] of entries) window.addEventListener(type, handler)
    return () => {
      for (const [type, handler] of entries) window.removeEventListener(type, handler)
    }
  }, [])
  return isDraggedOver
}
