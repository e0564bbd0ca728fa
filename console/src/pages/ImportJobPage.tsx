/** An import job: how far it is, and when it has ended what became of every file. */
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
import { type Api, headerOf, useApi } from '../api.ts'
import { CopyText } from '../components/CopyText.tsx'
import { Frame } from '../components/Frame.tsx'
import { Problem } from '../components/Problem.tsx'
import { Status } from '../components/Status.tsx'
import { durationText, timeText } from '../components/times.ts'
import { Waiting } from '../components/Waiting.tsx'
import { Report } from '../import/Report.tsx'
import { lookAgain } from '../look-again.ts'
import { addressOf } from '../place.ts'
import { useDatastoreName } from './DatastorePage.tsx'

const RUNNING_AGAIN_MS = 500
/** Where the files of a browser lie: nobody needs them once the job has ended. */
const OF_UPLOAD = /^s3:\/\/hilum-import\/uploads\/([^/]+)\/$/

interface JobNow {
  readonly job: DICOMImportJobProperties
  readonly done: number
  /** Undefined while the server still looks for files. */
  readonly found: number | undefined
}

export function ImportJobPage({ datastoreId, jobId }: { datastoreId: string; jobId: string }) {
  const api = useApi()
  const name = useDatastoreName(datastoreId)
  const { data, error, refetch } = useQuery({
    queryKey: ['job', datastoreId, jobId],
    queryFn: () => getJob(api.client, { datastoreId, jobId }),
    refetchInterval: ({ state }) => lookAgain(state, hasEnded(state.data?.job) ? undefined : RUNNING_AGAIN_MS),
  })
  const job = data?.job
  const isOver = hasEnded(job)
  useRemovedUpload(isOver ? job?.inputS3Uri : undefined)
  const title = job?.jobName ?? `Import job ${jobId}`
  return (
    <Frame
      title={title}
      way={[
        { text: name, href: addressOf(`datastores/${datastoreId}`) },
        { text: 'Imports', href: addressOf(`datastores/${datastoreId}/imports`) },
        { text: title, href: addressOf(`datastores/${datastoreId}/imports/${jobId}`) },
      ]}
    >
      <SpaceBetween size="m">
        <Header variant="h1" actions={job && isOver && <Button href={foundBy(job)}>See its image sets</Button>}>
          {title}
        </Header>
        {error && <Problem error={error} again={() => refetch()} />}
        {data === undefined && error === null && <Waiting what="the job" />}
        {job?.jobStatus === 'FAILED' && (
          <Alert type="error" header="The import failed as a whole">
            {job.message ?? 'The server gave no reason.'} Mend that and import again: what is in already is not doubled.
          </Alert>
        )}
        {data && !isOver && <Progress {...data} />}
        {job && (
          <Container header={<Header variant="h2">Details</Header>}>
            <KeyValuePairs
              columns={3}
              items={[
                { label: 'Status', value: <Status of={job.jobStatus} /> },
                { label: 'Submitted', value: timeText(job.submittedAt) },
                {
                  label: 'Took',
                  value: job.endedAt ? durationText(job.endedAt.getTime() - job.submittedAt!.getTime()) : '–',
                },
                { label: 'Job ID', value: <CopyText text={job.jobId} what="the job ID" /> },
                { label: 'Source', value: <CopyText text={job.inputS3Uri} what="the source" /> },
                { label: 'Report', value: <CopyText text={job.outputS3Uri} what="the place of the report" /> },
              ]}
            />
          </Container>
        )}
        {job?.jobStatus === 'COMPLETED' && <Report datastoreId={datastoreId} jobId={jobId} />}
      </SpaceBetween>
    </Frame>
  )
}

function Progress({ done, found }: JobNow) {
  return (
    <Container>
      <ProgressBar
        label="Importing"
        value={found ? (done / found) * 100 : 0}
        additionalInfo={
          found === undefined
            ? 'Looking for files'
            : `${done.toLocaleString('en-US')} of ${found.toLocaleString('en-US')} files`
        }
      />
    </Container>
  )
}

const hasEnded = (job: DICOMImportJobProperties | undefined): boolean =>
  job?.jobStatus === 'COMPLETED' || job?.jobStatus === 'FAILED'

async function getJob(client: Api['client'], ids: { datastoreId: string; jobId: string }): Promise<JobNow> {
  const answer = await client.send(new GetDICOMImportJobCommand(ids))
  const [, done, found] = /^(\d+)\/(\d+|\?)$/.exec(headerOf(answer, 'x-hilum-progress') ?? '') ?? []
  return {
    job: answer.jobProperties!,
    done: Number(done ?? 0),
    found: found === '?' || !found ? undefined : Number(found),
  }
}

/** The image sets that were changed while it ran. */
function foundBy({ datastoreId, submittedAt, endedAt }: DICOMImportJobProperties): string {
  const second = (moment: Date) => `${moment.toISOString().slice(0, 19)}Z`
  const range = `${second(submittedAt!)}..${second(endedAt!)}`
  return addressOf(`datastores/${datastoreId}`, new URLSearchParams({ updated: range }).toString())
}

function useRemovedUpload(inputS3Uri: string | undefined): void {
  const api = useApi()
  const [, uploadId] = OF_UPLOAD.exec(inputS3Uri ?? '') ?? []
  useEffect(() => {
    if (uploadId === undefined) return
    api.ask({ method: 'DELETE', path: ['uploads', uploadId] }).catch(() => {
      // The server sweeps what is left behind.
    })
  }, [api, uploadId])
}
