/** Where files are dropped: the whole page takes them, and two buttons do the same for who does not drag. */
import './drop-zone.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import { useEffect, useRef, useState } from 'react'
import { plural, sizeText } from '../components/sizes.ts'
import { type ChosenFile, filesOfDrop, filesOfInput, isLitter } from './chosen-files.ts'

export interface DropZoneProps {
  readonly files: readonly ChosenFile[]
  readonly isDisabled: boolean
  onChange(files: readonly ChosenFile[]): void
}

export function DropZone({ files, isDisabled, onChange }: DropZoneProps) {
  const [isOver, setOver] = useState(false)
  const [left, setLeft] = useState(0)
  const filesInput = useRef<HTMLInputElement>(null)
  const folderInput = useRef<HTMLInputElement>(null)

  function add(chosen: readonly ChosenFile[]) {
    const wanted = chosen.filter(({ name }) => !isLitter(name))
    setLeft(chosen.length - wanted.length)
    // What is chosen once more is there once.
    onChange([...new Map([...files, ...wanted].map((one) => [one.name, one])).values()])
  }
  const latest = useRef(add)
  latest.current = add

  useEffect(() => {
    if (isDisabled) return
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
      void filesOfDrop(event.dataTransfer).then((chosen) => latest.current(chosen))
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

  const taken = (input: HTMLInputElement) => {
    if (input.files !== null) add(filesOfInput(input.files))
    // The same file may be chosen once more.
    input.value = ''
  }
  const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0)

  return (
    <div className={isOver ? 'drop-zone is-over' : 'drop-zone'}>
      <Box variant={files.length > 0 ? 'strong' : 'p'} color="inherit">
        {files.length > 0
          ? `${plural(files.length, 'file')}, ${sizeText(totalBytes)}`
          : 'Drop DICOM files or a folder of them anywhere on this page'}
      </Box>
      {left > 0 && <Box color="text-body-secondary">{plural(left, 'hidden file')} of the system left out.</Box>}
      <div className="choices">
        <Button formAction="none" disabled={isDisabled} onClick={() => filesInput.current?.click()}>
          Choose files
        </Button>
        <Button formAction="none" disabled={isDisabled} onClick={() => folderInput.current?.click()}>
          Choose a folder
        </Button>
        {files.length > 0 && (
          <Button formAction="none" variant="link" disabled={isDisabled} onClick={() => onChange([])}>
            Remove all
          </Button>
        )}
      </div>
      <input ref={filesInput} type="file" multiple aria-label="Files" onChange={({ target }) => taken(target)} />
      <input
        ref={folderInput}
        type="file"
        aria-label="Folder"
        {...{ webkitdirectory: '' }}
        onChange={({ target }) => taken(target)}
      />
    </div>
  )
}
