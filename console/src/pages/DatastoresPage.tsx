/** The data stores of the server, newest first. */
import { type DatastoreSummary, paginateListDatastores } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { type Api, useApi } from '../api.ts'
import { CopyableText } from '../components/CopyableText.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { Status } from '../components/Status.tsx'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'

const CHANGING_REFETCH_MS = 1_000
const CHANGING_STATUSES: readonly (string | undefined)[] = ['CREATING', 'DELETING']

const COLUMNS: readonly TableProps.ColumnDefinition<DatastoreSummary>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: ({ datastoreId, datastoreName }) => (
      <Link href={hrefTo(`datastores/${datastoreId}`)}>{datastoreName ?? 'Unnamed'}</Link>
    ),
    isRowHeader: true,
  },
  { id: 'status', header: 'Status', cell: ({ datastoreStatus }) => <Status status={datastoreStatus} /> },
  {
    id: 'id',
    header: 'Data store ID',
    cell: ({ datastoreId }) => <CopyableText text={datastoreId} name="data store ID" />,
  },
  { id: 'created', header: 'Created at', cell: ({ createdAt }) => formatTime(createdAt) },
]

export function DatastoresPage() {
  const { client } = useApi()
  const { data, error, isPending, refetch, isFetching } = useQuery({
    queryKey: ['datastores'],
    queryFn: () => listDatastores(client),
    refetchInterval: ({ state }) =>
      refetchIntervalOf(
        state,
        state.data?.some(({ datastoreStatus }) => CHANGING_STATUSES.includes(datastoreStatus))
          ? CHANGING_REFETCH_MS
          : undefined,
      ),
  })
  const create = (
    <Button variant="primary" href={hrefTo('create')}>
      Create data store
    </Button>
  )
  return (
    <PageLayout title="Data stores" contentType="table">
      <SpaceBetween size="m">
        {error && <ErrorAlert error={error} action="load data stores" onRetry={() => refetch()} />}
        <Table
          variant="full-page"
          columnDefinitions={COLUMNS}
          items={data ?? []}
          trackBy="datastoreId"
          loading={isPending && error === null}
          loadingText="Loading data stores"
          header={
            <Header
              variant="h1"
              counter={data && `(${data.length})`}
              description="Choose a data store to view and search its image sets."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />
                  {create}
                </SpaceBetween>
              }
            >
              Data stores
            </Header>
          }
          empty={
            <EmptyState
              title="No data stores"
              description="Create a data store, and then import DICOM data into it."
              action={create}
            />
          }
        />
      </SpaceBetween>
    </PageLayout>
  )
}

export async function listDatastores(client: Api['client']): Promise<DatastoreSummary[]> {
  const all: DatastoreSummary[] = []
  for await (const page of paginateListDatastores({ client, pageSize: 50 }, {}))
    all.push(...(page.datastoreSummaries ?? []))
  return all
}
