/** Files that are dragged over any page: says what dropping them does, and opens the import page with them. */
import './drop-target.css'
import Box from '@cloudscape-design/components/box'
import { useState } from 'react'
import { useNotify } from '../components/Notifications.tsx'
import { setPendingFiles } from '../import/pending-files.ts'
import { useFileDrop } from '../import/use-file-drop.ts'
import { hrefTo, navigate, useLocation } from '../location.ts'
import { type ChosenFile, filesOfDrop } from '../uploads/chosen-files.ts'
import { useDatastoreName } from './use-datastore.ts'

const ELSEWHERE = 'Open a data store first. Then drop the files on one of its pages.'

export function DropTarget() {
  const notify = useNotify()
  const { path } = useLocation()
  const [isReading, setReading] = useState(false)
  const datastoreId = /^datastores\/([^/]+)/.exec(path)?.[1]

  async function drop(data: DataTransfer): Promise<void> {
    if (datastoreId === undefined) return notify({ type: 'info', text: ELSEWHERE })
    setReading(true)
    try {
      open(datastoreId, await filesOfDrop(data))
    } catch {
      notify({ type: 'error', text: "Can't read the dropped files. Choose them on the Import DICOM data page." })
    } finally {
      setReading(false)
    }
  }

  function open(datastoreId: string, files: readonly ChosenFile[]): void {
    setPendingFiles(files)
    const importPage = `datastores/${datastoreId}/import`
    if (path !== importPage) navigate(hrefTo(importPage))
  }

  const isDraggedOver = useFileDrop((data) => void drop(data))
  if (!isDraggedOver && !isReading) return null
  return (
    <div className="drop-target" data-accepts={datastoreId !== undefined}>
      <div role="status">
        <Box color="inherit" fontSize="heading-l">
          {isReading && 'Reading the dropped files'}
          {!isReading && (datastoreId === undefined ? ELSEWHERE : <DropText datastoreId={datastoreId} />)}
        </Box>
      </div>
    </div>
  )
}

function DropText({ datastoreId }: { datastoreId: string }) {
  return <>Drop to import into {useDatastoreName(datastoreId)}</>
}
