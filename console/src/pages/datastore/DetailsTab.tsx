/** The properties and tags of a data store, and its deletion. */
import { type DatastoreProperties, DeleteDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../../api.ts'
import { CopyableText } from '../../components/CopyableText.tsx'
import { DeleteConfirmation } from '../../components/DeleteConfirmation.tsx'
import { LockBadge } from '../../components/LockBadge.tsx'
import { useNotify } from '../../components/Notifications.tsx'
import { Status } from '../../components/Status.tsx'
import { Tags } from '../../components/Tags.tsx'
import { useObjectLock } from '../../components/use-object-lock.ts'
import { formatTime } from '../../format/time.ts'
import { hrefTo, navigate } from '../../location.ts'
import { Maintenance } from './Maintenance.tsx'

const FORMATS: Readonly<Record<string, string>> = { HTJ2K: 'HTJ2K', JPEG_2000_LOSSLESS: 'JPEG 2000 Lossless' }

export function DetailsTab({ datastore }: { datastore: DatastoreProperties }) {
  const { datastoreId, datastoreName, datastoreArn, datastoreStatus, losslessStorageFormat } = datastore
  const { client } = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  const [isDialogOpen, setDialogOpen] = useState(false)
  const name = datastoreName ?? datastoreId!
  const lock = useObjectLock(datastoreArn)

  async function remove() {
    await client.send(new DeleteDatastoreCommand({ datastoreId }))
    await queries.invalidateQueries({ queryKey: ['datastores'] })
    notify({ type: 'success', text: `Deleting data store ${name}.` })
    navigate(hrefTo(''))
  }

  return (
    <SpaceBetween size="m">
      <Container
        header={
          <Header
            actions={
              <Button
                onClick={() => setDialogOpen(true)}
                disabled={lock !== undefined}
                {...(lock !== undefined && { disabledReason: `The data store is ${lock}.` })}
              >
                Delete data store
              </Button>
            }
            info={<LockBadge lock={lock} />}
          >
            Details
          </Header>
        }
      >
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Name', value: datastoreName ?? '–' },
            { label: 'Status', value: <Status status={datastoreStatus} /> },
            {
              label: 'Image frame format',
              value: FORMATS[losslessStorageFormat ?? ''] ?? losslessStorageFormat ?? '–',
            },
            { label: 'Data store ID', value: <CopyableText text={datastoreId} name="data store ID" /> },
            { label: 'ARN', value: <CopyableText text={datastoreArn} name="ARN" /> },
            { label: 'Created at', value: formatTime(datastore.createdAt) },
          ]}
        />
      </Container>
      {datastoreArn && <Tags arn={datastoreArn} />}
      <Maintenance />
      {isDialogOpen && (
        <DeleteConfirmation
          resourceType="data store"
          confirmationText={name}
          consequence={<>Delete all image sets of the data store first. You can't undo this action.</>}
          onDelete={remove}
          onClose={() => setDialogOpen(false)}
        />
      )}
    </SpaceBetween>
  )
}
