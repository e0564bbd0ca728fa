/** The report of a completed import job: counts, and the files that failed or have warnings. */
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { HilumError, useApi } from '../api.ts'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { Loading } from '../components/Loading.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import { ReportFiles } from './ReportFiles.tsx'
import { fetchSummary, type ReportOf } from './report-api.ts'
import { saveFailures } from './save-failures.ts'

export function ImportReport({ datastoreId, jobId, inputS3Uri }: ReportOf & { readonly inputS3Uri: string }) {
  const api = useApi()
  const { data, error, refetch } = useQuery({
    queryKey: ['report', datastoreId, jobId],
    queryFn: () => fetchSummary(api, { datastoreId, jobId }),
  })
  if (error instanceof HilumError && error.status === 404) {
    return <Alert type="info">No report found for this import job.</Alert>
  }
  if (error) return <ErrorAlert error={error} action="load the report" onRetry={() => refetch()} />
  if (data === undefined) return <Loading what="report" />
  const { scanned, imported, failed, skipped, imageSets, failureReasons, warningReasons, hasMoreReasons } = data
  const ids = { datastoreId, jobId, hasMoreReasons }
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
                failed > 0 ? <StatusIndicator type="warning">{formatCount(failed, 'file')}</StatusIndicator> : 'None',
            },
            ...(skipped > 0 ? [{ label: 'Skipped, such as DICOMDIR', value: formatCount(skipped, 'file') }] : []),
            { label: 'Image sets created or updated', value: formatNumber(imageSets) },
          ]}
        />
      </Container>
      {failed > 0 && (
        <ReportFiles
          {...ids}
          kind="failure"
          title="Failed files"
          total={failed}
          reasons={failureReasons}
          actions={<CsvButton datastoreId={datastoreId} jobId={jobId} inputS3Uri={inputS3Uri} />}
        />
      )}
      {warningReasons.length > 0 && (
        <ReportFiles {...ids} kind="warning" title="Files with warnings" total={undefined} reasons={warningReasons} />
      )}
    </SpaceBetween>
  )
}

function CsvButton(ids: ReportOf & { readonly inputS3Uri: string }) {
  const api = useApi()
  const [isSaving, setSaving] = useState(false)
  const [error, setError] = useState<unknown>()
  async function save(): Promise<void> {
    setSaving(true)
    setError(undefined)
    try {
      await saveFailures(api, ids)
    } catch (thrown) {
      setError(thrown)
    } finally {
      setSaving(false)
    }
  }
  return (
    <SpaceBetween size="xs">
      <Button iconName="download" loading={isSaving} onClick={save}>
        Download CSV
      </Button>
      {error !== undefined && <ErrorAlert error={error} action="download the failures" />}
    </SpaceBetween>
  )
}
