/** The scheduled verifications of the server: what the last one found, how far a running one is, and those before it. */
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table, { type TableProps } from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import type { MaintenanceRunSummary } from '../../../src/contract/maintenance.ts'
import { durationOf, RUNNING_REFETCH_MS, runsQuery, timeOf } from '../administration/fetch-runs.ts'
import { isNotAllowed, NotAllowed } from '../administration/NotAllowed.tsx'
import { RunOutcome } from '../administration/RunOutcome.tsx'
import {
  type CheckedPart,
  checkedText,
  differencesOf,
  differencesText,
  partsOf,
  percentOf,
  progressOf,
} from '../administration/verification-report.ts'
import { useApi } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { capitalized } from '../format/text.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'

const RUN_COLUMNS: readonly TableProps.ColumnDefinition<MaintenanceRunSummary>[] = [
  { id: 'started', header: 'Started at', isRowHeader: true, cell: ({ startedAt }) => formatTime(timeOf(startedAt)) },
  {
    id: 'outcome',
    header: 'Outcome',
    cell: (run) => <RunOutcome run={run} faults={differencesText(differencesOf(run))} success="No differences" />,
  },
  {
    id: 'duration',
    header: 'Duration',
    cell: (run) => {
      const ms = durationOf(run)
      return ms === undefined ? '–' : formatDuration(ms)
    },
  },
]

const PART_COLUMNS: readonly TableProps.ColumnDefinition<CheckedPart>[] = [
  { id: 'part', header: 'Part', isRowHeader: true, cell: ({ part }) => capitalized(part) },
  { id: 'checked', header: 'Checked', cell: ({ checked }) => checkedText(checked) },
  {
    id: 'differences',
    header: 'Differences',
    cell: ({ differences }) => checkedText(differences) || 'None',
  },
  { id: 'notChecked', header: 'Not checked', cell: ({ notChecked }) => notChecked ?? '–' },
]

export function VerificationPage() {
  const api = useApi()
  const { data, error, isPending, isFetching, refetch } = useQuery({
    ...runsQuery(api),
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, state.data?.verifications[0]?.outcome === 'running' ? RUNNING_REFETCH_MS : undefined),
  })
  const last = data?.lastSuccess.verification
  const newest = data?.verifications[0]
  return (
    <PageLayout
      title="Verification"
      contentType="table"
      breadcrumbs={[{ text: 'Verification', href: hrefTo('verification') }]}
    >
      <SpaceBetween size="m">
        <Header
          variant="h1"
          description="The server reads everything that it stores and compares it with its checksums, on a schedule (--verify-every)."
          actions={<Button iconName="refresh" ariaLabel="Refresh" loading={isFetching} onClick={() => refetch()} />}
        >
          Verification
        </Header>
        {isNotAllowed(error) ? (
          <NotAllowed what="verifications" action="hilum:ListMaintenanceRuns" />
        ) : (
          error && <ErrorAlert error={error} action="load verifications" onRetry={() => refetch()} />
        )}
        {isPending && error === null && <Loading what="verifications" />}
        {newest?.outcome === 'running' && <Running run={newest} />}
        {last && <LastVerification run={last} />}
        {data && (
          <Table
            columnDefinitions={RUN_COLUMNS}
            items={data.verifications}
            trackBy="startedAt"
            wrapLines
            header={<Header counter={`(${data.verifications.length})`}>Last verifications</Header>}
            empty={
              <EmptyState
                title="No verifications"
                description={
                  <>
                    The server makes one by itself, if it was started with <Box variant="code">--verify-every</Box>. Run{' '}
                    <Box variant="code">hilum verify</Box> for one at once.
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

function Running({ run }: { run: MaintenanceRunSummary }) {
  const progress = progressOf(run)
  const { part, partsDone, partsTotal, checked } = progress
  return (
    <Container header={<Header>A verification is running</Header>}>
      <ProgressBar
        label={`Since ${formatTime(timeOf(run.startedAt))}`}
        value={percentOf(progress)}
        additionalInfo={
          part === undefined
            ? 'It has just begun.'
            : `Part ${(partsDone ?? 0) + 1} of ${partsTotal}: ${part}. ${capitalized(checkedText(checked ?? {}))} so far.`
        }
      />
    </Container>
  )
}

function LastVerification({ run }: { run: MaintenanceRunSummary }) {
  const found = differencesText(differencesOf(run))
  return (
    <Container header={<Header>Last complete verification</Header>}>
      <SpaceBetween size="m">
        {found !== undefined && (
          <Alert type="error" header={capitalized(found)}>
            Run <Box variant="code">hilum verify</Box> on the server: it names each of them.
          </Alert>
        )}
        <KeyValuePairs
          columns={3}
          items={[
            { label: 'Started at', value: formatTime(timeOf(run.startedAt)) },
            { label: 'Ended at', value: formatTime(timeOf(run.endedAt)) },
            { label: 'Findings', value: <RunOutcome run={run} faults={found} success="No differences" /> },
          ]}
        />
        <Table variant="embedded" columnDefinitions={PART_COLUMNS} items={partsOf(run)} trackBy="part" wrapLines />
      </SpaceBetween>
    </Container>
  )
}
