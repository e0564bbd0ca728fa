/** The buttons that empty and delete a data store, with their dialogs. One that is not empty cannot be deleted. */
import { DeleteDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { useNotify } from '../components/Notifications.tsx'
import { formatCount } from '../format/size.ts'
import { hrefTo, navigate } from '../location.ts'
import { EmptyDialog } from './EmptyDialog.tsx'
import { countImageSets } from './empty-datastore.ts'
import { isRunning, useTasks } from './tasks.ts'

interface DatastoreDeletionProps {
  readonly datastoreId: string
  readonly name: string
  /** Why it is not deleted: `under legal hold`. */
  readonly lock: string | undefined
}

export function DatastoreDeletion({ datastoreId, name, lock }: DatastoreDeletionProps) {
  const [dialog, setDialog] = useState<'empty' | 'delete'>()
  const isEmptying = useTasks().some(
    (task) => task.kind === 'empty' && task.datastoreId === datastoreId && isRunning(task),
  )
  const reason =
    lock === undefined ? (isEmptying ? 'The data store is being emptied.' : undefined) : `The data store is ${lock}.`
  const disabled = reason !== undefined && { disabled: true, disabledReason: reason }
  const close = () => setDialog(undefined)
  const named = { datastoreId, name, onClose: close }
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <Button onClick={() => setDialog('empty')} {...disabled}>
        Empty data store
      </Button>
      <Button onClick={() => setDialog('delete')} {...disabled}>
        Delete data store
      </Button>
      {dialog === 'empty' && <EmptyDialog {...named} />}
      {dialog === 'delete' && <DeleteDialog {...named} onEmpty={() => setDialog('empty')} />}
    </SpaceBetween>
  )
}

interface DeleteDialogProps {
  readonly datastoreId: string
  readonly name: string
  onEmpty(): void
  onClose(): void
}

function DeleteDialog({ datastoreId, name, onEmpty, onClose }: DeleteDialogProps) {
  const { client } = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  // Without the permission to search, DeleteDatastore decides.
  const { data: count, isPending } = useQuery({
    queryKey: ['datastore-count', datastoreId],
    gcTime: 0,
    queryFn: ({ signal }) => countImageSets({ client }, { datastoreId, abortSignal: signal }),
  })

  async function remove() {
    await client.send(new DeleteDatastoreCommand({ datastoreId }))
    await queries.invalidateQueries({ queryKey: ['datastores'] })
    notify({ type: 'success', text: `Deleting data store ${name}.` })
    navigate(hrefTo(''))
  }

  if (isPending) return null
  if (count !== undefined && count > 0) {
    return (
      <Modal
        visible
        onDismiss={onClose}
        closeAriaLabel="Close"
        header="Delete data store"
        footer={
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button onClick={onClose}>Cancel</Button>
              <Button variant="primary" onClick={onEmpty}>
                Empty data store
              </Button>
            </SpaceBetween>
          </Box>
        }
      >
        <Alert type="warning" header="The data store is not empty">
          {name} has {formatCount(count, 'image set')}. Only an empty data store can be deleted. Empty it first.
        </Alert>
      </Modal>
    )
  }
  return (
    <DeleteConfirmation
      resourceType="data store"
      confirmationText={name}
      consequence="The data store is deleted with its tags and its list of import jobs. You can't undo this action."
      onDelete={remove}
      onClose={onClose}
    />
  )
}
