/** The data stores of the server, newest first. Choosing one opens its image sets. */
import { type DatastoreSummary, paginateListDatastores } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { type Api, useApi } from '../api.ts'
import { CopyText } from '../components/CopyText.tsx'
import { Frame } from '../components/Frame.tsx'
import { Nothing } from '../components/Nothing.tsx'
import { Problem } from '../components/Problem.tsx'
import { Status } from '../components/Status.tsx'
import { timeText } from '../components/times.ts'
import { lookAgain } from '../look-again.ts'
import { addressOf } from '../place.ts'

/** While one is being made or deleted, the list is looked at again. */
const CHANGING_AGAIN_MS = 1_000
const CHANGING: readonly (string | undefined)[] = ['CREATING', 'DELETING']

const COLUMNS: readonly TableProps.ColumnDefinition<DatastoreSummary>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: ({ datastoreId, datastoreName }) => (
      <Link href={addressOf(`datastores/${datastoreId}`)}>{datastoreName ?? 'Without a name'}</Link>
    ),
    isRowHeader: true,
  },
  { id: 'status', header: 'Status', cell: ({ datastoreStatus }) => <Status of={datastoreStatus} /> },
  { id: 'id', header: 'ID', cell: ({ datastoreId }) => <CopyText text={datastoreId} what="the id" /> },
  { id: 'created', header: 'Created', cell: ({ createdAt }) => timeText(createdAt) },
]

export function DatastoresPage() {
  const { client } = useApi()
  const { data, error, isPending, refetch, isFetching } = useQuery({
    queryKey: ['datastores'],
    queryFn: () => listDatastores(client),
    refetchInterval: ({ state }) =>
      lookAgain(
        state,
        state.data?.some(({ datastoreStatus }) => CHANGING.includes(datastoreStatus)) ? CHANGING_AGAIN_MS : undefined,
      ),
  })
  const create = (
    <Button variant="primary" href={addressOf('create')}>
      Create data store
    </Button>
  )
  return (
    <Frame title="Data stores" contentType="table">
      <SpaceBetween size="m">
        {error && <Problem error={error} again={() => refetch()} />}
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
              description="Each holds image sets of its own. Choose one to search in it."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel="Look again" loading={isFetching} onClick={() => refetch()} />
                  {create}
                </SpaceBetween>
              }
            >
              Data stores
            </Header>
          }
          empty={
            <Nothing title="No data stores" advice="Create one, then import DICOM files into it." action={create} />
          }
        />
      </SpaceBetween>
    </Frame>
  )
}

export async function listDatastores(client: Api['client']): Promise<DatastoreSummary[]> {
  const all: DatastoreSummary[] = []
  for await (const page of paginateListDatastores({ client, pageSize: 50 }, {}))
    all.push(...(page.datastoreSummaries ?? []))
  return all
}
