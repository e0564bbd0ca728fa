/** The import jobs of a data store, newest first. */
import { type DICOMImportJobSummary, ListDICOMImportJobsCommand } from '@aws-sdk/client-medical-imaging'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Link from '@cloudscape-design/components/link'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useApi } from '../../api.ts'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorAlert } from '../../components/ErrorAlert.tsx'
import { Status } from '../../components/Status.tsx'
import { formatDuration, formatTime } from '../../format/time.ts'
import { hrefTo } from '../../location.ts'
import { refetchIntervalOf } from '../../refetch-interval.ts'

const RUNNING_STATUSES: readonly (string | undefined)[] = ['SUBMITTED', 'IN_PROGRESS']
const RUNNING_REFETCH_MS = 1_000

const columnsFor = (datastoreId: string): readonly TableProps.ColumnDefinition<DICOMImportJobSummary>[] => [
  {
    id: 'name',
    header: 'Import job',
    cell: ({ jobId, jobName }) => (
      <Link href={hrefTo(`datastores/${datastoreId}/imports/${jobId}`)}>{jobName ?? jobId}</Link>
    ),
    isRowHeader: true,
  },
  { id: 'status', header: 'Status', cell: ({ jobStatus }) => <Status status={jobStatus} /> },
  { id: 'submitted', header: 'Submitted at', cell: ({ submittedAt }) => formatTime(submittedAt) },
  {
    id: 'duration',
    header: 'Duration',
    cell: ({ submittedAt, endedAt }) =>
      submittedAt && endedAt ? formatDuration(endedAt.getTime() - submittedAt.getTime()) : '–',
  },
  { id: 'message', header: 'Message', cell: ({ message }) => message ?? '–' },
]

export function ImportsTab({ datastoreId }: { datastoreId: string }) {
  const { client } = useApi()
  const jobs = useInfiniteQuery({
    queryKey: ['jobs', datastoreId],
    queryFn: ({ pageParam }) =>
      client.send(new ListDICOMImportJobsCommand({ datastoreId, maxResults: 50, nextToken: pageParam })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextToken }) => nextToken,
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, isAnyRunning(state.data?.pages) ? RUNNING_REFETCH_MS : undefined),
  })
  const rows = jobs.data?.pages.flatMap(({ jobSummaries = [] }) => jobSummaries) ?? []
  const importAction = (
    <Button variant="primary" href={hrefTo(`datastores/${datastoreId}/import`)}>
      Import DICOM data
    </Button>
  )
  return (
    <SpaceBetween size="m">
      {jobs.error && <ErrorAlert error={jobs.error} action="load import jobs" onRetry={() => jobs.refetch()} />}
      <Table
        columnDefinitions={columnsFor(datastoreId)}
        items={rows}
        trackBy="jobId"
        loading={jobs.isPending && jobs.error === null}
        loadingText="Loading import jobs"
        header={<Header actions={importAction}>Import jobs</Header>}
        empty={<EmptyState title="No import jobs" description="Import DICOM data to start an import job." />}
        footer={
          jobs.hasNextPage && (
            <Box textAlign="center">
              <Button onClick={() => jobs.fetchNextPage()} loading={jobs.isFetchingNextPage}>
                Load more
              </Button>
            </Box>
          )
        }
      />
    </SpaceBetween>
  )
}

const isAnyRunning = (
  pages: readonly { jobSummaries?: readonly DICOMImportJobSummary[] | undefined }[] = [],
): boolean =>
  pages.some(({ jobSummaries }) => jobSummaries?.some(({ jobStatus }) => RUNNING_STATUSES.includes(jobStatus)))
