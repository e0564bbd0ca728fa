/** The report of a completed import job: counts, and the files that failed or have warnings. */
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { HilumError, useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { formatCount, formatNumber } from '../format/size.ts'

interface ReportData {
  readonly scanned: number
  readonly imported: number
  readonly failed: number
  readonly skipped: number
  readonly imageSets: number
  readonly failures: readonly { readonly file: string; readonly exceptionType: string; readonly message: string }[]
  readonly warnings: readonly { readonly file: string; readonly messages: readonly string[] }[]
  readonly hasMore: boolean
}

export function ImportReport({ datastoreId, jobId }: { datastoreId: string; jobId: string }) {
  const api = useApi()
  const { data, error, refetch } = useQuery({
    queryKey: ['report', datastoreId, jobId],
    queryFn: async () =>
      (await (await api.request({ method: 'GET', path: ['reports', datastoreId, jobId] })).json()) as ReportData,
  })
  if (error instanceof HilumError && error.status === 404) {
    return <Alert type="info">No report found for this import job.</Alert>
  }
  if (error) return <ErrorAlert error={error} action="load the report" onRetry={() => refetch()} />
  if (data === undefined) return <Loading what="report" />
  const { scanned, imported, failed, skipped, imageSets, failures, warnings, hasMore } = data
  return (
    <SpaceBetween size="m">
      <Container header={<Header variant="h2">Report</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Files found', value: formatNumber(scanned) },
            { label: 'Imported', value: <StatusIndicator>{formatCount(imported, 'file')}</StatusIndicator> },
            {
              label: 'Failed',
              value:
                failed > 0 ? <StatusIndicator type="error">{formatCount(failed, 'file')}</StatusIndicator> : 'None',
            },
            ...(skipped > 0 ? [{ label: 'Skipped, such as DICOMDIR', value: formatCount(skipped, 'file') }] : []),
            { label: 'Image sets created or updated', value: formatNumber(imageSets) },
          ]}
        />
      </Container>
      {hasMore && (
        <Alert type="info">
          This page lists part of the files. The report in the output destination lists all of them.
        </Alert>
      )}
      {failures.length > 0 && (
        <Table
          header={<Header counter={`(${formatNumber(failed)})`}>Failed files</Header>}
          columnDefinitions={[
            { id: 'file', header: 'File', cell: ({ file }) => file, isRowHeader: true },
            { id: 'reason', header: 'Reason', cell: ({ message }) => message },
            { id: 'type', header: 'Error', cell: ({ exceptionType }) => exceptionType },
          ]}
          items={failures}
          trackBy="file"
          wrapLines
        />
      )}
      {warnings.length > 0 && (
        <Table
          header={<Header>Files with warnings</Header>}
          columnDefinitions={[
            { id: 'file', header: 'File', cell: ({ file }) => file, isRowHeader: true },
            { id: 'warning', header: 'Warning', cell: ({ messages }) => messages.join(' ') },
          ]}
          items={warnings}
          trackBy="file"
          wrapLines
        />
      )}
    </SpaceBetween>
  )
}
