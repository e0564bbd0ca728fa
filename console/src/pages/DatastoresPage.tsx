/** The data stores of the server, newest first. */
import { type DatastoreSummary, paginateListDatastores } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { type Api, useApi } from '../api.ts'
import { CopyableText } from '../components/CopyableText.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { Status } from '../components/Status.tsx'
import { formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'
import { CopyIds } from '../tables/CopyIds.tsx'
import { counterText } from '../tables/counter-text.ts'
import { DataTable } from '../tables/DataTable.tsx'
import { type TableDefaults, useTableSettings } from '../tables/table-settings.ts'
import { useSelection } from '../tables/use-selection.ts'

const CHANGING_REFETCH_MS = 1_000
const CHANGING_STATUSES: readonly (string | undefined)[] = ['CREATING', 'DELETING']

const idOf = ({ datastoreId }: DatastoreSummary): string => datastoreId!

const COLUMNS: readonly TableProps.ColumnDefinition<DatastoreSummary>[] = [
  {
    id: 'name',
    header: 'Name',
    sortingField: 'name',
    width: 300,
    cell: ({ datastoreId, datastoreName }) => (
      <Link href={hrefTo(`datastores/${datastoreId}`)}>{datastoreName ?? 'Unnamed'}</Link>
    ),
    isRowHeader: true,
  },
  {
    id: 'status',
    header: 'Status',
    sortingField: 'status',
    width: 160,
    cell: ({ datastoreStatus }) => <Status status={datastoreStatus} />,
  },
  {
    id: 'id',
    header: 'Data store ID',
    width: 340,
    cell: ({ datastoreId }) => <CopyableText text={datastoreId} name="data store ID" />,
  },
  {
    id: 'created',
    header: 'Created at',
    sortingField: 'created',
    width: 280,
    cell: ({ createdAt }) => formatTime(createdAt),
  },
]

const TABLE: TableDefaults = {
  table: 'data-stores',
  columns: COLUMNS.map(({ id }) => ({ id: id!, visible: true })),
  pageSizes: [20, 50, 100],
  pageSize: 50,
}

/** What a column is sorted by. */
const SORTED: Readonly<Record<string, (datastore: DatastoreSummary) => string | number>> = {
  name: ({ datastoreName }) => datastoreName?.toLowerCase() ?? '',
  status: ({ datastoreStatus }) => datastoreStatus ?? '',
  created: ({ createdAt }) => createdAt?.getTime() ?? 0,
}

interface Order {
  readonly field: string
  readonly isDescending: boolean
}

function inOrder(datastores: readonly DatastoreSummary[], { field, isDescending }: Order): DatastoreSummary[] {
  const sorted = SORTED[field]!
  const sign = isDescending ? -1 : 1
  return datastores.toSorted((one, other) => {
    const [first, second] = [sorted(one), sorted(other)]
    return first === second ? 0 : first < second ? -sign : sign
  })
}

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
  const table = useTableSettings(TABLE)
  const { pageSize } = table.settings
  const [order, setOrder] = useState<Order>({ field: 'created', isDescending: true })
  const [wantedPage, setPage] = useState(1)
  const pageCount = Math.max(1, Math.ceil((data?.length ?? 0) / pageSize))
  const page = Math.min(wantedPage, pageCount)
  const rows = useMemo(
    () => inOrder(data ?? [], order).slice((page - 1) * pageSize, page * pageSize),
    [data, order, page, pageSize],
  )
  const { selected, select } = useSelection(rows, idOf)
  const create = (
    <Button variant="primary" href={hrefTo('create')}>
      Create data store
    </Button>
  )
  return (
    <PageLayout title="Data stores" contentType="table">
      <SpaceBetween size="m">
        {error && <ErrorAlert error={error} action="load data stores" onRetry={() => refetch()} />}
        <DataTable
          variant="full-page"
          state={table}
          columns={COLUMNS}
          rows={rows}
          idOf={idOf}
          labelOf={({ datastoreName, datastoreId }) => `data store ${datastoreName ?? datastoreId}`}
          what="data stores"
          isLoading={isPending && error === null}
          selected={selected}
          onSelect={select}
          pages={{ page, count: pageCount, isOpenEnd: false, isLoading: false, toPage: setPage }}
          sorting={{ ...order, onSort: (field, isDescending) => setOrder({ field, isDescending }) }}
          header={
            <Header
              variant="h1"
              counter={counterText(data?.length, selected.length)}
              description="Choose a data store to view and search its image sets."
              actions={
                <SpaceBetween direction="horizontal" size="xs">
                  <Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />
                  <CopyIds ids={selected.map(({ datastoreId }) => datastoreId!)} name="data store IDs" />
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
