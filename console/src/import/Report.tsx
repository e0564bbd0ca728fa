/** The report of an import job: how many files came in, and each that did not, with the reason. */
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import Table from '@cloudscape-design/components/table'
import { useQuery } from '@tanstack/react-query'
import { HilumError, useApi } from '../api.ts'
import { Problem } from '../components/Problem.tsx'
import { plural } from '../components/sizes.ts'
import { Waiting } from '../components/Waiting.tsx'

interface ImportReport {
  readonly scanned: number
  readonly imported: number
  readonly failed: number
  readonly skipped: number
  readonly imageSets: number
  readonly failures: readonly { readonly file: string; readonly exceptionType: string; readonly message: string }[]
  readonly warnings: readonly { readonly file: string; readonly messages: readonly string[] }[]
  readonly hasMore: boolean
}

export function Report({ datastoreId, jobId }: { datastoreId: string; jobId: string }) {
  const api = useApi()
  const { data, error, refetch } = useQuery({
    queryKey: ['report', datastoreId, jobId],
    queryFn: async () =>
      (await (await api.ask({ method: 'GET', path: ['reports', datastoreId, jobId] })).json()) as ImportReport,
  })
  if (error instanceof HilumError && error.status === 404) {
    return <Alert type="info">This job wrote no report.</Alert>
  }
  if (error) return <Problem error={error} again={() => refetch()} />
  if (data === undefined) return <Waiting what="the report" />
  const { scanned, imported, failed, skipped, imageSets, failures, warnings, hasMore } = data
  return (
    <SpaceBetween size="m">
      <Container header={<Header variant="h2">Report</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Files found', value: scanned.toLocaleString('en-US') },
            { label: 'Imported', value: <StatusIndicator>{plural(imported, 'file')}</StatusIndicator> },
            {
              label: 'Failed',
              value: failed > 0 ? <StatusIndicator type="error">{plural(failed, 'file')}</StatusIndicator> : 'None',
            },
            ...(skipped > 0 ? [{ label: 'Skipped (DICOMDIR and the like)', value: plural(skipped, 'file') }] : []),
            { label: 'Image sets made or extended', value: imageSets.toLocaleString('en-US') },
          ]}
        />
      </Container>
      {hasMore && <Alert type="info">There are more than are shown here; the report in its place has all.</Alert>}
      {failures.length > 0 && (
        <Table
          header={<Header counter={`(${failed.toLocaleString('en-US')})`}>Files that failed</Header>}
          columnDefinitions={[
            { id: 'file', header: 'File', cell: ({ file }) => file, isRowHeader: true },
            { id: 'why', header: 'Why', cell: ({ message }) => message },
            { id: 'type', header: 'Error', cell: ({ exceptionType }) => exceptionType },
          ]}
          items={failures}
          trackBy="file"
          wrapLines
        />
      )}
      {warnings.length > 0 && (
        <Table
          header={<Header>Imported with a warning</Header>}
          columnDefinitions={[
            { id: 'file', header: 'File', cell: ({ file }) => file, isRowHeader: true },
            { id: 'what', header: 'What', cell: ({ messages }) => messages.join(' ') },
          ]}
          items={warnings}
          trackBy="file"
          wrapLines
        />
      )}
    </SpaceBetween>
  )
}
