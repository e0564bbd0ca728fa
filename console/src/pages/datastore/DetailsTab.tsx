/** The properties and tags of a data store, the state of its key, and its deletion. */
import { type DatastoreProperties, DeleteDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../../api.ts'
import { CopyableText, ID_PIXELS } from '../../components/CopyableText.tsx'
import { DeleteConfirmation } from '../../components/DeleteConfirmation.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { LockBadge } from '../../components/LockBadge.tsx'
import { useNotify } from '../../components/Notifications.tsx'
import { Status } from '../../components/Status.tsx'
import { Tags } from '../../components/Tags.tsx'
import { useObjectLock } from '../../components/use-object-lock.ts'
import { formatTime } from '../../format/time.ts'
import { hrefTo, navigate } from '../../location.ts'
import { KeyState } from './KeyState.tsx'
import { Maintenance } from './Maintenance.tsx'
import { useKeyState } from './use-key-state.ts'

const FORMATS: Readonly<Record<string, string>> = { HTJ2K: 'HTJ2K', JPEG_2000_LOSSLESS: 'JPEG 2000 Lossless' }

export function DetailsTab({ datastore }: { datastore: DatastoreProperties }) {
  const { datastoreId, datastoreName, datastoreArn, datastoreStatus, losslessStorageFormat, kmsKeyArn } = datastore
  const { client } = useApi()
  const queries = useQueryClient()
  const notify = useNotify()
  const [isDialogOpen, setDialogOpen] = useState(false)
  const name = datastoreName ?? datastoreId!
  const lock = useObjectLock(datastoreArn)
  const key = useKeyState(datastoreId!)

  async function remove() {
    await client.send(new DeleteDatastoreCommand({ datastoreId }))
    await queries.invalidateQueries({ queryKey: ['datastores'] })
    notify({ type: 'success', text: `Deleting data store ${name}.` })
    navigate(hrefTo(''))
  }

  return (
    <SpaceBetween size="m">
      {key.state === 'refused' && <ErrorAlert error={key.error} onRetry={key.check} />}
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
          minColumnWidth={ID_PIXELS}
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
            {
              label: 'KMS key',
              value: kmsKeyArn ? (
                <CopyableText text={kmsKeyArn} name="key ARN" />
              ) : (
                'None given: the server encrypts with a key of its own, unless encryption is off'
              ),
            },
            ...(kmsKeyArn !== undefined || key.state === 'refused'
              ? [{ label: 'Key state', value: <KeyState state={key.state} /> }]
              : []),
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
