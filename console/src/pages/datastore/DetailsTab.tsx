/** What is said of a data store, its tags, and its end. */
import { type DatastoreProperties, DeleteDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../../api.ts'
import { CopyText } from '../../components/CopyText.tsx'
import { useTell } from '../../components/Notices.tsx'
import { Status } from '../../components/Status.tsx'
import { Tags } from '../../components/Tags.tsx'
import { TypedDelete } from '../../components/TypedDelete.tsx'
import { timeText } from '../../components/times.ts'
import { addressOf, go } from '../../place.ts'

const FORMATS: Readonly<Record<string, string>> = { HTJ2K: 'HTJ2K', JPEG_2000_LOSSLESS: 'JPEG 2000, lossless' }

export function DetailsTab({ datastore }: { datastore: DatastoreProperties }) {
  const { datastoreId, datastoreName, datastoreArn, datastoreStatus, losslessStorageFormat } = datastore
  const { client } = useApi()
  const queries = useQueryClient()
  const tell = useTell()
  const [isDeleting, setDeleting] = useState(false)
  const name = datastoreName ?? datastoreId!

  async function remove() {
    await client.send(new DeleteDatastoreCommand({ datastoreId }))
    await queries.invalidateQueries({ queryKey: ['datastores'] })
    tell({ type: 'success', text: `The data store ${name} is being deleted.` })
    go(addressOf(''))
  }

  return (
    <SpaceBetween size="m">
      <Container
        header={<Header actions={<Button onClick={() => setDeleting(true)}>Delete data store</Button>}>Details</Header>}
      >
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Name', value: datastoreName ?? '–' },
            { label: 'Status', value: <Status of={datastoreStatus} /> },
            {
              label: 'Frames are stored as',
              value: FORMATS[losslessStorageFormat ?? ''] ?? losslessStorageFormat ?? '–',
            },
            { label: 'ID', value: <CopyText text={datastoreId} what="the id" /> },
            { label: 'ARN', value: <CopyText text={datastoreArn} what="the ARN" /> },
            { label: 'Created', value: timeText(datastore.createdAt) },
          ]}
        />
      </Container>
      {datastoreArn && <Tags arn={datastoreArn} />}
      {isDeleting && (
        <TypedDelete
          what="data store"
          word={name}
          consequence="It must be empty: all its image sets deleted before. Nothing brings it back."
          onDelete={remove}
          onClose={() => setDeleting(false)}
        />
      )}
    </SpaceBetween>
  )
}
