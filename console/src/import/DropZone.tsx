/** Chooses files with buttons, or takes those that were dropped on a page. */
import './drop-zone.css'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import { useEffect, useRef, useState } from 'react'
import { formatBytes, formatCount } from '../format/size.ts'
import { type ChosenFile, filesOfInput, isSystemFile, totalBytesOf } from '../uploads/chosen-files.ts'
import { onPendingFiles, takePendingFiles } from './pending-files.ts'

interface DropZoneProps {
  readonly files: readonly ChosenFile[]
  readonly isDisabled: boolean
  onChange(files: readonly ChosenFile[]): void
}

export function DropZone({ files, isDisabled, onChange }: DropZoneProps) {
  const [ignoredCount, setIgnoredCount] = useState(0)
  const filesInput = useRef<HTMLInputElement>(null)
  const folderInput = useRef<HTMLInputElement>(null)

  function add(chosen: readonly ChosenFile[]) {
    const added = chosen.filter(({ name }) => !isSystemFile(name))
    setIgnoredCount(chosen.length - added.length)
    // A file that is chosen again replaces the earlier one.
    onChange([...new Map([...files, ...added].map((file) => [file.name, file])).values()])
  }
  const latest = useRef(add)
  latest.current = add
  useEffect(() => {
    const take = () => {
      const pending = takePendingFiles()
      if (pending.length > 0) latest.current(pending)
    }
    take()
    return onPendingFiles(take)
  }, [])

  const addFromInput = (input: HTMLInputElement) => {
    if (input.files !== null) add(filesOfInput(input.files))
    // So that choosing the same file again fires a change event.
    input.value = ''
  }

  return (
    <div className="drop-zone">
      <Box variant={files.length > 0 ? 'strong' : 'p'} color="inherit">
        {files.length > 0
          ? `${formatCount(files.length, 'file')}, ${formatBytes(totalBytesOf(files))}`
          : 'Drag and drop DICOM files or folders here, or choose them'}
      </Box>
      {ignoredCount > 0 && <Box color="text-body-secondary">{formatCount(ignoredCount, 'hidden file')} ignored</Box>}
      <div className="choices">
        <Button formAction="none" disabled={isDisabled} onClick={() => filesInput.current?.click()}>
          Choose files
        </Button>
        <Button formAction="none" disabled={isDisabled} onClick={() => folderInput.current?.click()}>
          Choose folder
        </Button>
        {files.length > 0 && (
          <Button formAction="none" variant="link" disabled={isDisabled} onClick={() => onChange([])}>
            Remove all
          </Button>
        )}
      </div>
      <input ref={filesInput} type="file" multiple aria-label="Files" onChange={({ target }) => addFromInput(target)} />
      <input
        ref={folderInput}
        type="file"
        aria-label="Folder"
        {...{ webkitdirectory: '' }}
        onChange={({ target }) => addFromInput(target)}
      />
    </div>
  )
}
