/** Where files are dropped: the whole page takes them, and two buttons do the same for who does not drag. */
import './drop-zone.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useRef, useState } from 'react'
import { plural, sizeText } from '../components/sizes.ts'
import { type ChosenFile, filesOfInput, isLitter } from './chosen-files.ts'
import { useDrop } from './use-drop.ts'

interface DropZoneProps {
  readonly files: readonly ChosenFile[]
  readonly isDisabled: boolean
  onChange(files: readonly ChosenFile[]): void
}

export function DropZone({ files, isDisabled, onChange }: DropZoneProps) {
  const [failure, setFailure] = useState<unknown>()
  const [left, setLeft] = useState(0)
  const filesInput = useRef<HTMLInputElement>(null)
  const folderInput = useRef<HTMLInputElement>(null)

  function add(chosen: readonly ChosenFile[]) {
    setFailure(undefined)
    const wanted = chosen.filter(({ name }) => !isLitter(name))
    setLeft(chosen.length - wanted.length)
    // What is chosen once more is there once.
    onChange([...new Map([...files, ...wanted].map((one) => [one.name, one])).values()])
  }
  const isOver = useDrop({ isOff: isDisabled, onFiles: add, onFailure: setFailure })

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
      {failure !== undefined && (
        <StatusIndicator type="error">
          What was dropped cannot be read: it was moved, or this browser may not see it. Choose it with a button.
        </StatusIndicator>
      )}
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
