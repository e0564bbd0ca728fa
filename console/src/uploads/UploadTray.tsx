/** The uploads of this tab at the bottom of every page: progress, pause, failures, and the import jobs that they start. */
import './upload-tray.css'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { QueryClient } from '@tanstack/react-query'
import { useEffect, useState, useSyncExternalStore } from 'react'
import type { Api } from '../api.ts'
import { formatNumber } from '../format/size.ts'
import { UploadItem } from './UploadItem.tsx'
import type { Upload } from './upload.ts'
import { allUploads, onUploadsChange, removeEnded, setUploadsApi, uploadsVersion } from './upload-queue.ts'

interface UploadTrayProps {
  readonly api: Api | undefined
  readonly queries: QueryClient | undefined
}

export function UploadTray({ api, queries }: UploadTrayProps) {
  const [isExpanded, setExpanded] = useState(true)
  useSyncExternalStore(onUploadsChange, uploadsVersion)
  useEffect(() => setUploadsApi(api), [api])
  const uploads = allUploads()
  useJobLists(uploads, queries)
  if (uploads.length === 0) return null
  const title = titleOf(uploads)
  const hasEnded = uploads.every(({ isUnfinished, state }) => !isUnfinished && state !== 'importing')
  return (
    <section className="upload-tray" aria-label="Uploads">
      <div role="status" className="announced">
        {title}
      </div>
      <Container
        header={
          <Header
            variant="h2"
            actions={
              <SpaceBetween direction="horizontal" size="xxs">
                <Button
                  variant="icon"
                  iconName={isExpanded ? 'angle-down' : 'angle-up'}
                  ariaLabel={isExpanded ? 'Collapse uploads' : 'Expand uploads'}
                  ariaExpanded={isExpanded}
                  onClick={() => setExpanded(!isExpanded)}
                />
                {hasEnded && <Button variant="icon" iconName="close" ariaLabel="Close uploads" onClick={removeEnded} />}
              </SpaceBetween>
            }
          >
            {title}
            {!isExpanded && shareOf(uploads)}
          </Header>
        }
        disableContentPaddings={!isExpanded}
      >
        {isExpanded && (
          <ul className="uploads">
            {uploads.map((upload) => (
              <li key={upload.id}>
                <UploadItem upload={upload} />
              </li>
            ))}
          </ul>
        )}
      </Container>
    </section>
  )
}

/** Without numbers that change all the time: it is read out. */
function titleOf(uploads: readonly Upload[]): string {
  const count = (...states: readonly Upload['state'][]) => uploads.filter(({ state }) => states.includes(state)).length
  const needing = count('stopped', 'files failed', 'import failed')
  if (count('uploading', 'starting') > 0) {
    const waiting = count('waiting')
    return waiting > 0 ? `Uploading, ${formatNumber(waiting)} waiting` : 'Uploading'
  }
  if (needing > 0) return needing === 1 ? '1 upload needs attention' : `${formatNumber(needing)} uploads need attention`
  if (count('paused') > 0) return 'Upload paused'
  if (count('importing') > 0) return 'Importing'
  return 'Uploads finished'
}

function shareOf(uploads: readonly Upload[]): string {
  const open = uploads.filter(({ isUnfinished }) => isUnfinished)
  const sum = (of: (upload: Upload) => number) => open.reduce((total, upload) => total + of(upload), 0)
  const total = sum(({ bytesTotal }) => bytesTotal)
  return total === 0 ? '' : ` ${Math.floor((100 * sum(({ bytesDone }) => bytesDone)) / total)} %`
}

/** Lists of import jobs show a job as soon as it has started. */
function useJobLists(uploads: readonly Upload[], queries: QueryClient | undefined): void {
  const states = uploads.map(({ state, job }) => job && state).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: when a job starts or ends.
  useEffect(() => {
    void queries?.invalidateQueries({ queryKey: ['jobs'] })
  }, [states, queries])
}
