/** One upload in the tray. */
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import Link from '@cloudscape-design/components/link'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { ReactNode } from 'react'
import { errorMessageOf } from '../error-messages.ts'
import { formatBytes, formatCount, formatNumber } from '../format/size.ts'
import { formatTimeLeft } from '../format/time.ts'
import { hrefTo } from '../location.ts'
import type { Upload } from './upload.ts'
import { cancelUpload, pauseUpload, resumeUpload } from './upload-queue.ts'

export function UploadItem({ upload }: { upload: Upload }) {
  const { title, datastoreId, datastoreName } = upload
  return (
    <SpaceBetween size="xs">
      <div className="upload-heading">
        <Box variant="strong">{title}</Box>
        <Box color="text-body-secondary" fontSize="body-s">
          to <Link href={hrefTo(`datastores/${datastoreId}`)}>{datastoreName}</Link>
        </Box>
      </div>
      {upload.isUnfinished ? <Transfer upload={upload} /> : <Job upload={upload} />}
    </SpaceBetween>
  )
}

function Transfer({ upload }: { upload: Upload }) {
  const { title, state, filesDone, filesTotal, bytesDone, bytesTotal } = upload
  const files = `${formatNumber(filesDone)} of ${formatCount(filesTotal, 'file')}`
  const isRunning = state === 'uploading' || state === 'waiting'
  return (
    <SpaceBetween size="xs">
      {state !== 'starting' && (
        <ProgressBar
          ariaLabel={`Progress of ${title}`}
          value={bytesTotal === 0 ? (100 * filesDone) / filesTotal : (100 * bytesDone) / bytesTotal}
          additionalInfo={`${files}, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`}
        />
      )}
      <Notice upload={upload} />
      <FailedFiles upload={upload} />
      {state !== 'starting' && (
        <SpaceBetween direction="horizontal" size="xs">
          {isRunning && (
            <Button ariaLabel={`Pause upload of ${title}`} onClick={() => pauseUpload(upload)}>
              Pause
            </Button>
          )}
          {state === 'paused' && (
            <Button ariaLabel={`Resume upload of ${title}`} onClick={() => resumeUpload(upload)}>
              Resume
            </Button>
          )}
          {(state === 'stopped' || state === 'files failed') && (
            <Button ariaLabel={`Retry upload of ${title}`} onClick={() => resumeUpload(upload)}>
              Retry
            </Button>
          )}
          {state === 'files failed' && filesDone > 0 && (
            <Button onClick={() => resumeUpload(upload, 'others')}>
              {`Import the other ${formatCount(filesDone, 'file')}`}
            </Button>
          )}
          <Button variant="link" ariaLabel={`Cancel upload of ${title}`} onClick={() => cancelUpload(upload)}>
            Cancel
          </Button>
        </SpaceBetween>
      )}
    </SpaceBetween>
  )
}

function Notice({ upload }: { upload: Upload }) {
  const { state, isRetrying, error, failedCount } = upload
  switch (state) {
    case 'waiting':
      return <StatusIndicator type="pending">Waiting for the uploads before it</StatusIndicator>
    case 'paused':
      return <StatusIndicator type="stopped">Paused</StatusIndicator>
    case 'starting':
      return <StatusIndicator type="in-progress">Starting the import job</StatusIndicator>
    case 'files failed':
      return <StatusIndicator type="warning">{formatCount(failedCount, 'file')} couldn't be uploaded</StatusIndicator>
    case 'stopped': {
      const { title, description, kind } = errorMessageOf(error, { action: 'upload the files' })
      const advice = kind === 'unreachable' ? 'The server might be stopped or restarting.' : description
      return (
        <div className="breaks-anywhere">
          <StatusIndicator type="error">{title}</StatusIndicator>
          <Box color="text-body-secondary">{advice}</Box>
        </div>
      )
    }
    default:
      if (isRetrying)
        return (
          <StatusIndicator type="warning">
            {navigator.onLine ? 'No answer from the server. Retrying.' : 'Offline. Continues when the network is back.'}
          </StatusIndicator>
        )
      return <Box color="text-body-secondary">{speedOf(upload)}</Box>
  }
}

function speedOf({ rate, bytesDone, bytesTotal }: Upload): string {
  const perSecond = rate?.bytesPerSecond(performance.now())
  if (perSecond === undefined || perSecond <= 0) return 'Starting'
  return `${formatBytes(perSecond)}/s, ${formatTimeLeft((bytesTotal - bytesDone) / perSecond)} left`
}

function FailedFiles({ upload: { failedCount, failedFiles } }: { upload: Upload }) {
  if (failedCount === 0) return null
  return (
    <ExpandableSection headerText={`Failed files (${formatNumber(failedCount)})`}>
      <ul className="failed-files">
        {failedFiles.map(({ name, reason }) => (
          <li key={name}>
            <Box variant="strong">{name}</Box>
            <Box color="text-body-secondary">{reason}</Box>
          </li>
        ))}
        {failedCount > failedFiles.length && <li>{formatNumber(failedCount - failedFiles.length)} more</li>}
      </ul>
    </ExpandableSection>
  )
}

function Job({ upload }: { upload: Upload }) {
  const { state, job, title } = upload
  if (job === undefined) return <StatusIndicator type="stopped">Cancelled</StatusIndicator>
  return (
    <div className="upload-heading">
      {jobStatus(upload)}
      <Link
        href={hrefTo(`datastores/${upload.datastoreId}/imports/${job.jobId}`)}
        ariaLabel={`${state === 'importing' ? 'View import job' : 'View report'} of ${title}`}
      >
        {state === 'importing' ? 'View import job' : 'View report'}
      </Link>
    </div>
  )
}

function jobStatus({ state, job, filesTotal }: Upload): ReactNode {
  const { filesDone, filesFound, filesFailed } = job!
  if (state === 'importing') {
    const files = filesFound === undefined ? '' : `: ${formatNumber(filesDone)} of ${formatCount(filesFound, 'file')}`
    return <StatusIndicator type="in-progress">Importing{files}</StatusIndicator>
  }
  if (state === 'import failed') return <StatusIndicator type="error">Import job failed</StatusIndicator>
  if (filesFailed > 0) {
    const files = formatCount(filesFound ?? filesTotal, 'file')
    return (
      <StatusIndicator type="warning">
        Completed with errors: {formatNumber(filesFailed)} of {files} failed
      </StatusIndicator>
    )
  }
  return <StatusIndicator>Imported {formatCount(filesFound ?? filesTotal, 'file')}</StatusIndicator>
}
