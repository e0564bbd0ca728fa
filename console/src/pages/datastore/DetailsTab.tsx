/** The properties and tags of a data store, the state of its key, and its deletion. */
import type { DatastoreProperties } from '@aws-sdk/client-medical-imaging'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { DatastoreDeletion } from '../../bulk/DatastoreDeletion.tsx'
import { CopyableText, ID_PIXELS } from '../../components/CopyableText.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { LockBadge } from '../../components/LockBadge.tsx'
import { Status } from '../../components/Status.tsx'
import { Tags } from '../../components/Tags.tsx'
import { useObjectLock } from '../../components/use-object-lock.ts'
import { formatTime } from '../../format/time.ts'
import { KeyState } from './KeyState.tsx'
import { Maintenance } from './Maintenance.tsx'
import { useKeyState } from './use-key-state.ts'

const FORMATS: Readonly<Record<string, string>> = { HTJ2K: 'HTJ2K', JPEG_2000_LOSSLESS: 'JPEG 2000 Lossless' }

export function DetailsTab({ datastore }: { datastore: DatastoreProperties }) {
  const { datastoreId, datastoreName, datastoreArn, datastoreStatus, losslessStorageFormat, kmsKeyArn } = datastore
  const name = datastoreName ?? datastoreId!
  const lock = useObjectLock(datastoreArn)
  const key = useKeyState(datastoreId!)

  return (
    <SpaceBetween size="m">
      {key.state === 'refused' && <ErrorAlert error={key.error} onRetry={key.check} />}
      <Container
        header={
          <Header
            actions={<DatastoreDeletion datastoreId={datastoreId!} name={name} lock={lock} />}
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
    </SpaceBetween>
  )
}
