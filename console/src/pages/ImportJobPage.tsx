/** Import job details: the progress while it runs, and the report once it has completed. */
import { type DICOMImportJobProperties, GetDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type Api, responseHeader, useApi } from '../api.ts'
import { CopyableText, ID_PIXELS } from '../components/CopyableText.tsx'
import { ErrorAlert } from '../components/ErrorAlert.tsx'
import { JobStatus } from '../components/JobStatus.tsx'
import { Loading } from '../components/Loading.tsx'
import { PageLayout } from '../components/PageLayout.tsx'
import { formatCount, formatNumber } from '../format/size.ts'
import { asSentence } from '../format/text.ts'
import { formatDuration, formatTime } from '../format/time.ts'
import { ImportReport } from '../import/ImportReport.tsx'
import { hrefTo } from '../location.ts'
import { refetchIntervalOf } from '../refetch-interval.ts'
import { importCountsOf } from '../uploads/import-counts.ts'
import { removeUpload } from '../uploads/send-files.ts'
import { useDatastoreName } from './use-datastore.ts'

const RUNNING_REFETCH_MS = 500
/** The input location of files uploaded by the console, which are removed once the job has ended. */
const UPLOAD_URI = /^s3:\/\/hilum-import\/uploads\/([^/]+)\/$/

interface JobProgress {
  readonly job: DICOMImportJobProperties
  readonly filesDone: number
  readonly failedFiles: number | undefined
  /** Undefined while the server lists the files. */
  readonly filesFound: number | undefined
}

export function ImportJobPage({ datastoreId, jobId }: { datastoreId: string; jobId: string }) {
  const api = useApi()
  const name = useDatastoreName(datastoreId)
  const { data, error, refetch } = useQuery({
    queryKey: ['job', datastoreId, jobId],
    queryFn: () => getJob(api.client, { datastoreId, jobId }),
    refetchInterval: ({ state }) =>
      refetchIntervalOf(state, hasEnded(state.data?.job) ? undefined : RUNNING_REFETCH_MS),
  })
  const job = data?.job
  const isEnded = hasEnded(job)
  useUploadRemoval(isEnded ? job?.inputS3Uri : undefined)
  const title = job?.jobName ?? `Import job ${jobId}`
  return (
    <PageLayout
      title={title}
      breadcrumbs={[
        { text: name, href: hrefTo(`datastores/${datastoreId}`) },
        { text: 'Imports', href: hrefTo(`datastores/${datastoreId}/imports`) },
        { text: title, href: hrefTo(`datastores/${datastoreId}/imports/${jobId}`) },
      ]}
    >
      <SpaceBetween size="m">
        <Header variant="h1" actions={job && isEnded && <Button href={imageSetsHref(job)}>View image sets</Button>}>
          {title}
        </Header>
        {error && <ErrorAlert error={error} resource={{ type: 'import job', id: jobId }} onRetry={() => refetch()} />}
        {data === undefined && error === null && <Loading what="import job" />}
        {job?.jobStatus === 'FAILED' && (
          <Alert type="error" header="Import job failed">
            {asSentence(job.message ?? 'The server returned no message')} Correct the error, and then import the files
            again. Files that were already imported aren't duplicated.
          </Alert>
        )}
        {data && !isEnded && <Progress {...data} />}
        {job && (
          <Container header={<Header variant="h2">Details</Header>}>
            <KeyValuePairs
              columns={3}
              minColumnWidth={ID_PIXELS}
              items={[
                { label: 'Status', value: <JobStatus status={job.jobStatus} failedFiles={data?.failedFiles} /> },
                { label: 'Submitted at', value: formatTime(job.submittedAt) },
                {
                  label: 'Duration',
                  value: job.endedAt ? formatDuration(job.endedAt.getTime() - job.submittedAt!.getTime()) : '–',
                },
                { label: 'Job ID', value: <CopyableText text={job.jobId} name="job ID" /> },
                { label: 'Source location', value: <CopyableText text={job.inputS3Uri} name="source location" /> },
                {
                  label: 'Output destination',
                  value: <CopyableText text={job.outputS3Uri} name="output destination" />,
                },
              ]}
            />
          </Container>
        )}
        {job?.jobStatus === 'COMPLETED' && (
          <ImportReport datastoreId={datastoreId} jobId={jobId} inputS3Uri={job.inputS3Uri!} />
        )}
      </SpaceBetween>
    </PageLayout>
  )
}

function Progress({ filesDone, filesFound }: JobProgress) {
  return (
    <Container>
      <ProgressBar
        label="Importing"
        value={filesFound ? (filesDone / filesFound) * 100 : 0}
        additionalInfo={
          filesFound === undefined
            ? 'Listing files'
            : `${formatNumber(filesDone)} of ${formatCount(filesFound, 'file')}`
        }
      />
    </Container>
  )
}

const hasEnded = (job: DICOMImportJobProperties | undefined): boolean =>
  job?.jobStatus === 'COMPLETED' || job?.jobStatus === 'FAILED'

async function getJob(client: Api['client'], ids: { datastoreId: string; jobId: string }): Promise<JobProgress> {
  const output = await client.send(new GetDICOMImportJobCommand(ids))
  const [, done, found] = /^(\d+)\/(\d+|\?)$/.exec(responseHeader(output, 'x-hilum-progress') ?? '') ?? []
  return {
    job: output.jobProperties!,
    filesDone: Number(done ?? 0),
    failedFiles: importCountsOf(output)[0]?.failed,
    filesFound: found === '?' || !found ? undefined : Number(found),
  }
}

/** A search for the image sets that were updated while the job ran. */
function imageSetsHref({ datastoreId, submittedAt, endedAt }: DICOMImportJobProperties): string {
  const toSeconds = (time: Date) => `${time.toISOString().slice(0, 19)}Z`
  const range = `${toSeconds(submittedAt!)}..${toSeconds(endedAt!)}`
  return hrefTo(`datastores/${datastoreId}`, new URLSearchParams({ updated: range }).toString())
}

function useUploadRemoval(inputS3Uri: string | undefined): void {
  const api = useApi()
  const [, uploadId] = UPLOAD_URI.exec(inputS3Uri ?? '') ?? []
  useEffect(() => {
    if (uploadId !== undefined) removeUpload(api, uploadId)
  }, [api, uploadId])
}
