/** Names what a data store holds, asks for its name, and starts to delete all of it. */
import Box from '@cloudscape-design/components/box'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../api.ts'
import { DeleteConfirmation } from '../components/DeleteConfirmation.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import { countImageSets, emptyDatastore } from './empty-datastore.ts'
import { startTask } from './tasks.ts'

interface EmptyDialogProps {
  readonly datastoreId: string
  /** Its name, or its ID without one. */
  readonly name: string
  onClose(): void
}

export function EmptyDialog({ datastoreId, name, onClose }: EmptyDialogProps) {
  const api = useApi()
  const { data, error, refetch } = useQuery({
    queryKey: ['datastore-counts', datastoreId],
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const [imageSets, primary, studies] = await Promise.all([
        countImageSets(api, { datastoreId, abortSignal: signal }),
        countImageSets(api, { datastoreId, abortSignal: signal, isPrimary: true }),
        api.dicomweb(datastoreId, { method: 'GET', path: ['studies'], query: { limit: '1' }, signal }),
      ])
      return { imageSets, primary, studies: Number(studies.headers.get('x-total-count')) }
    },
  })
  const count = data?.imageSets ?? 0
  return (
    <DeleteConfirmation
      resourceType="image sets"
      title="Empty data store"
      submitText="Empty data store"
      confirmationText={name}
      isReady={count > 0}
      summary={
        error ? (
          <ErrorAlert error={error} action="count the image sets" onRetry={() => refetch()} />
        ) : data === undefined ? (
          <Loading what="counts" />
        ) : count === 0 ? (
          <Box>The data store {name} is empty.</Box>
        ) : (
          <KeyValuePairs
            columns={3}
            items={[
              { label: 'Data store', value: name },
              { label: 'Studies', value: formatNumber(data.studies) },
              {
                label: 'Image sets',
                value: `${formatNumber(count)}${count > data.primary ? `, ${formatNumber(count - data.primary)} of them not primary` : ''}`,
              },
            ]}
          />
        )
      }
      consequence={
        <>
          {count === 1 ? 'The image set is' : `All ${formatCount(count, 'image set')} are`} deleted with all versions,
          metadata and image frames. You can't undo this action. Image sets with a legal hold or a retention of their
          own stay, and are listed at the end. If it is interrupted, start it again to continue.
        </>
      }
      onDelete={async () =>
        startTask({ kind: 'empty', datastoreId, total: count }, (running) => emptyDatastore(api, datastoreId, running))
      }
      onClose={onClose}
    />
  )
}
