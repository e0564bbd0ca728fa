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
import { Nothing } from '../../components/Nothing.tsx'
import { Problem } from '../../components/Problem.tsx'
import { Status } from '../../components/Status.tsx'
import { durationText, timeText } from '../../components/times.ts'
import { lookAgain } from '../../look-again.ts'
import { addressOf } from '../../place.ts'

const RUNNING: readonly (string | undefined)[] = ['SUBMITTED', 'IN_PROGRESS']
const RUNNING_AGAIN_MS = 1_000

const columnsFor = (datastoreId: string): readonly TableProps.ColumnDefinition<DICOMImportJobSummary>[] => [
  {
    id: 'name',
    header: 'Job',
    cell: ({ jobId, jobName }) => (
      <Link href={addressOf(`datastores/${datastoreId}/imports/${jobId}`)}>{jobName ?? jobId}</Link>
    ),
    isRowHeader: true,
  },
  { id: 'status', header: 'Status', cell: ({ jobStatus }) => <Status of={jobStatus} /> },
  { id: 'submitted', header: 'Submitted', cell: ({ submittedAt }) => timeText(submittedAt) },
  {
    id: 'took',
    header: 'Took',
    cell: ({ submittedAt, endedAt }) =>
      submittedAt && endedAt ? durationText(endedAt.getTime() - submittedAt.getTime()) : '–',
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
    refetchInterval: ({ state }) => lookAgain(state, isAnyRunning(state.data?.pages) ? RUNNING_AGAIN_MS : undefined),
  })
  const rows = jobs.data?.pages.flatMap(({ jobSummaries = [] }) => jobSummaries) ?? []
  const importAction = (
    <Button variant="primary" href={addressOf(`datastores/${datastoreId}/import`)}>
      Import DICOM data
    </Button>
  )
  return (
    <SpaceBetween size="m">
      {jobs.error && <Problem error={jobs.error} again={() => jobs.refetch()} />}
      <Table
        columnDefinitions={columnsFor(datastoreId)}
        items={rows}
        trackBy="jobId"
        loading={jobs.isPending && jobs.error === null}
        loadingText="Loading import jobs"
        header={<Header actions={importAction}>Import jobs</Header>}
        empty={<Nothing title="No import jobs" advice="Each import of files is one, and its report stays here." />}
        footer={
          jobs.hasNextPage && (
            <Box textAlign="center">
              <Button onClick={() => jobs.fetchNextPage()} loading={jobs.isFetchingNextPage}>
                Show older jobs
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
): boolean => pages.some(({ jobSummaries }) => jobSummaries?.some(({ jobStatus }) => RUNNING.includes(jobStatus)))
