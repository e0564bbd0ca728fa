/** The import jobs of a data store, newest first. */
import { type DICOMImportJobSummary, ListDICOMImportJobsCommand } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useApi } from '../../api.ts'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { JobStatus } from '../../components/JobStatus.tsx'
import { formatNumber } from '../../format/size.ts'
import { formatDuration, formatMinute } from '../../format/time.ts'
import { hrefTo } from '../../location.ts'
import { refetchIntervalOf } from '../../refetch-interval.ts'
import { CopyIds } from '../../tables/CopyIds.tsx'
import { DataTable } from '../../tables/DataTable.tsx'
import { type TableDefaults, useTableSettings } from '../../tables/table-settings.ts'
import { useSelection } from '../../tables/use-selection.ts'
import { type ImportCounts, importCountsOf } from '../../uploads/import-counts.ts'

interface Job extends DICOMImportJobSummary {
  /** Of the files that were read so far. Undefined if the server doesn't say. */
  readonly counts: ImportCounts | undefined
}

const filesOf = ({ imported, failed, skipped }: ImportCounts): number => imported + failed + skipped
const countText = (count: number | undefined): string => (count === undefined ? '–' : formatNumber(count))

const NO_ROWS: readonly Job[] = []
const idOf = ({ jobId }: Job): string => jobId!

const RUNNING_STATUSES: readonly (string | undefined)[] = ['SUBMITTED', 'IN_PROGRESS']
const RUNNING_REFETCH_MS = 1_000

const columnsFor = (datastoreId: string): readonly TableProps.ColumnDefinition<Job>[] => [
  {
    id: 'name',
    header: 'Import job',
    width: 300,
    cell: ({ jobId, jobName }) => (
      <Link href={hrefTo(`datastores/${datastoreId}/imports/${jobId}`)}>{jobName ?? jobId}</Link>
    ),
    isRowHeader: true,
  },
  {
    id: 'status',
    header: 'Status',
    width: 185,
    cell: ({ jobStatus, counts }) => <JobStatus status={jobStatus} failedFiles={counts?.failed} />,
  },
  { id: 'submitted', header: 'Submitted at', width: 247, cell: ({ submittedAt }) => formatMinute(submittedAt) },
  {
    id: 'duration',
    header: 'Duration',
    width: 120,
    cell: ({ submittedAt, endedAt }) =>
      submittedAt && endedAt ? formatDuration(endedAt.getTime() - submittedAt.getTime()) : '–',
  },
  { id: 'files', header: 'Files', width: 80, cell: ({ counts }) => countText(counts && filesOf(counts)) },
  { id: 'imported', header: 'Imported', width: 118, cell: ({ counts }) => countText(counts?.imported) },
  { id: 'failed', header: 'Failed', width: 90, cell: ({ counts }) => countText(counts?.failed) },
  { id: 'message', header: 'Message', width: 200, cell: ({ message }) => message ?? '–' },
]

/** A page of ListDICOMImportJobs has at most 50. */
const TABLE: TableDefaults = {
  table: 'import-jobs',
  columns: columnsFor('').map(({ id }) => ({ id: id!, visible: true })),
  pageSizes: [10, 20, 50],
  pageSize: 50,
}

/** Tokens of the second page to the current page. They belong to a page size. */
interface Place {
  readonly pageSize: number
  readonly tokens: readonly string[]
}

export function ImportsTab({ datastoreId }: { datastoreId: string }) {
  const { client } = useApi()
  const table = useTableSettings(TABLE)
  const { pageSize } = table.settings
  const [place, setPlace] = useState<Place>({ pageSize, tokens: [] })
  const tokens = place.pageSize === pageSize ? place.tokens : []
  const token = tokens.at(-1)
  const jobs = useQuery({
    queryKey: ['jobs', datastoreId, pageSize, token],
    queryFn: async () => {
      const output = await client.send(
        new ListDICOMImportJobsCommand({ datastoreId, maxResults: pageSize, ...(token && { nextToken: token }) }),
      )
      const counts = importCountsOf(output)
      const rows: readonly Job[] = (output.jobSummaries ?? []).map((job, at) => ({ ...job, counts: counts[at] }))
      return { page: tokens.length + 1, rows, nextToken: output.nextToken }
    },
    placeholderData: (shown, before) => (before?.queryKey[2] === pageSize ? shown : undefined),
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, isAnyRunning(state.data?.rows) ? RUNNING_REFETCH_MS : undefined),
  })
  const { data } = jobs
  const rows = data?.rows ?? NO_ROWS
  const { selected, select } = useSelection(rows, idOf)
  const page = data?.page ?? tokens.length + 1
  const hasNext = data?.nextToken !== undefined
  function toPage(wanted: number): void {
    const next = wanted > tokens.length + 1 && data?.nextToken !== undefined ? [...tokens, data.nextToken] : tokens
    setPlace({ pageSize, tokens: next.slice(0, wanted - 1) })
  }
  const importAction = (
    <Button variant="primary" href={hrefTo(`datastores/${datastoreId}/import`)}>
      Import DICOM data
    </Button>
  )
  return (
    <SpaceBetween size="m">
      {jobs.error && <ErrorAlert error={jobs.error} action="load import jobs" onRetry={() => jobs.refetch()} />}
      <DataTable
        state={table}
        columns={columnsFor(datastoreId)}
        rows={rows}
        idOf={idOf}
        labelOf={({ jobName, jobId }) => `import job ${jobName ?? jobId}`}
        what="import jobs"
        isLoading={jobs.isPending && jobs.error === null}
        selected={selected}
        onSelect={select}
        pages={{
          page,
          count: hasNext ? page + 1 : page,
          isOpenEnd: hasNext,
          isLoading: jobs.isPlaceholderData,
          toPage,
        }}
        header={
          <Header
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh" onClick={() => jobs.refetch()} />
                <CopyIds ids={selected.map(({ jobId }) => jobId!)} name="import job IDs" />
                {importAction}
              </SpaceBetween>
            }
          >
            Import jobs
          </Header>
        }
        empty={<EmptyState title="No import jobs" description="Import DICOM data to start an import job." />}
      />
    </SpaceBetween>
  )
}

const isAnyRunning = (jobs: readonly DICOMImportJobSummary[] = []): boolean =>
  jobs.some(({ jobStatus }) => RUNNING_STATUSES.includes(jobStatus))
