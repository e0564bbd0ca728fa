/** The backups of the server: the last one, its age, and those before it. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { BACKUP_WARNING_DAYS, type MaintenanceRunSummary } from '../../../src/contract/maintenance.ts'
import { durationOf, RUNNING_REFETCH_MS, runsQuery, timeOf } from '../administration/fetch-runs.ts'
import { isNotAllowed, NotAllowed } from '../administration/NotAllowed.tsx'
import { RunOutcome } from '../administration/RunOutcome.tsx'
import { useApi } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { formatBytes, formatCount, formatNumber } from '../format/size.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'

const DAY_MS = 86_400_000

const numberOf = ({ report }: MaintenanceRunSummary, name: string): number | undefined =>
  typeof report[name] === 'number' ? report[name] : undefined
const bytesOf = (run: MaintenanceRunSummary, name: string): string => {
  const bytes = numberOf(run, name)
  return bytes === undefined ? '–' : formatBytes(bytes)
}
const placeOf = ({ report }: MaintenanceRunSummary): string => (typeof report.place === 'string' ? report.place : '–')
const faultsOf = (run: MaintenanceRunSummary): string | undefined => {
  const count = numberOf(run, 'faultCount') ?? 0
  return count === 0 ? undefined : `${formatCount(count, 'blob')} missing or damaged`
}

const COLUMNS: readonly TableProps.ColumnDefinition<MaintenanceRunSummary>[] = [
  { id: 'started', header: 'Started at', isRowHeader: true, cell: ({ startedAt }) => formatTime(timeOf(startedAt)) },
  {
    id: 'outcome',
    header: 'Outcome',
    cell: (run) => <RunOutcome run={run} faults={faultsOf(run)} success="Succeeded" />,
  },
  { id: 'duration', header: 'Duration', cell: (run) => durationText(run) },
  { id: 'place', header: 'Place', cell: placeOf },
  { id: 'size', header: 'Size', cell: (run) => bytesOf(run, 'sizeBytes') },
  { id: 'copied', header: 'New in the place', cell: (run) => bytesOf(run, 'copiedBytes') },
]

function durationText(run: MaintenanceRunSummary): string {
  const ms = durationOf(run)
  return ms === undefined ? '–' : formatDuration(ms)
}

export function BackupPage() {
  const api = useApi()
  const { data, error, isPending, isFetching, refetch } = useQuery({
    ...runsQuery(api),
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, state.data?.backups[0]?.outcome === 'running' ? RUNNING_REFETCH_MS : undefined),
  })
  return (
    <PageLayout title="Backup" contentType="table" breadcrumbs={[{ text: 'Backup', href: hrefTo('backup') }]}>
      <SpaceBetween size="m">
        <Header
          variant="h1"
          description="Backups are made with the command hilum backup, on the machine of the server or beside it."
          actions={<Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />}
        >
          Backup
        </Header>
        {isNotAllowed(error) ? (
          <NotAllowed what="backups" action="hilum:ListMaintenanceRuns" />
        ) : (
          error && <ErrorAlert error={error} action="load backups" onRetry={() => refetch()} />
        )}
        {isPending && error === null && <Loading what="backups" />}
        {data && <LastBackup last={data.lastSuccess.backup} newest={data.backups[0]} />}
        {data && (
          <Table
            columnDefinitions={COLUMNS}
            items={data.backups}
            trackBy="startedAt"
            header={<Header counter={`(${formatNumber(data.backups.length)})`}>Last backups</Header>}
            empty={
              <EmptyState
                title="No backups"
                description={
                  <>
                    Run <Box variant="code">hilum backup --to PLACE --every 24h</Box> to make one a day.
                  </>
                }
              />
            }
          />
        )}
      </SpaceBetween>
    </PageLayout>
  )
}

interface LastBackupProps {
  readonly last: MaintenanceRunSummary | undefined
  readonly newest: MaintenanceRunSummary | undefined
}

function LastBackup({ last, newest }: LastBackupProps) {
  if (newest === undefined) return null
  const days = last === undefined ? undefined : Math.floor((Date.now() - last.startedAt * 1_000) / DAY_MS)
  const isOld = days !== undefined && days >= BACKUP_WARNING_DAYS
  return (
    <Container header={<Header>Last backup that succeeded</Header>}>
      <SpaceBetween size="m">
        {last === undefined && (
          <Alert type="error" header="No backup has succeeded">
            Nothing could be restored. The table below has the reason.
          </Alert>
        )}
        {isOld && (
          <Alert type="warning" header={`The last backup is ${formatCount(days, 'day')} old`}>
            A backup is to be made at least every {BACKUP_WARNING_DAYS} days.
          </Alert>
        )}
        {last !== undefined && (
          <KeyValuePairs
            columns={3}
            items={[
              { label: 'Made at', value: formatTime(timeOf(last.startedAt)) },
              { label: 'Age', value: ageText(days!) },
              { label: 'Place', value: <span className="breaks-anywhere">{placeOf(last)}</span> },
              { label: 'Size', value: bytesOf(last, 'sizeBytes') },
              { label: 'Blobs', value: formatNumber(numberOf(last, 'blobs') ?? 0) },
              { label: 'Checked while it was made', value: faultsOf(last) ?? 'No blob missing or damaged' },
            ]}
          />
        )}
        {newest.outcome === 'running' && <Box>{progressText(newest)}</Box>}
      </SpaceBetween>
    </Container>
  )
}

const ageText = (days: number): string => (days === 0 ? 'Less than a day' : formatCount(days, 'day'))

function progressText(run: MaintenanceRunSummary): string {
  const [copied, of] = [numberOf(run, 'copiedBytes'), numberOf(run, 'ofBytes')]
  const far = copied === undefined || of === undefined ? '' : `: ${formatBytes(copied)} of ${formatBytes(of)}`
  return `A backup is running since ${formatTime(timeOf(run.startedAt))}${far}.`
}
