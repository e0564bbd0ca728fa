/** The last backup and the last verification of the server. Nothing is shown to a principal that may not read them. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import type { MaintenanceRunSummary, MaintenanceRuns } from '../../../../src/contract/maintenance.ts'
import { useApi } from '../../api.ts'
import { formatNumber } from '../../format/size.ts'
import { formatTime } from '../../format/time.ts'
import { hrefTo } from '../../location.ts'

export function Maintenance() {
  const api = useApi()
  const { data } = useQuery({
    queryKey: ['maintenance'],
    queryFn: async () =>
      (await (await api.request({ method: 'GET', path: ['maintenance'] })).json()) as MaintenanceRuns,
  })
  if (data === undefined) return null
  return (
    <Container
      header={
        <Header
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button href={hrefTo('backup')}>View backups</Button>
              <Button href={hrefTo('verification')}>View verifications</Button>
            </SpaceBetween>
          }
        >
          Backup and verification of the server
        </Header>
      }
    >
      <KeyValuePairs
        columns={2}
        items={[
          {
            label: 'Last backup',
            value: <LastRun runs={data.backups} faults="faultCount" what="missing or damaged blobs" />,
          },
          {
            label: 'Last verification',
            value: <LastRun runs={data.verifications} faults="differenceCount" what="differences" />,
          },
        ]}
      />
    </Container>
  )
}

interface LastRunProps {
  readonly runs: readonly MaintenanceRunSummary[]
  /** The member of the report with the number of faults. */
  readonly faults: string
  readonly what: string
}

function LastRun({ runs, faults, what }: LastRunProps) {
  const last = runs.find(({ outcome }) => outcome !== 'running')
  const isRunning = runs[0]?.outcome === 'running'
  if (last === undefined)
    return isRunning ? <StatusIndicator type="in-progress">Running</StatusIndicator> : <>None yet</>
  const count = Number(last.report[faults] ?? 0)
  return (
    <>
      <StatusIndicator type={last.outcome !== 'succeeded' || count > 0 ? 'error' : 'success'}>
        {formatTime(new Date(last.startedAt * 1000))}: {sentenceOf(last, count, what)}
      </StatusIndicator>
      {isRunning && <Box color="text-body-secondary">Another one is running.</Box>}
    </>
  )
}

function sentenceOf({ outcome, report }: MaintenanceRunSummary, count: number, what: string): string {
  if (outcome === 'failed') return `failed (${report.reason})`
  if (outcome === 'lost') return 'interrupted'
  return `${count === 0 ? 'no' : formatNumber(count)} ${what}`
}
