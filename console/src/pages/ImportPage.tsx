/** Import DICOM data: files or a folder from this computer, or what lies under an S3 prefix already. */
import { StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Form from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import ProgressBar from '@cloudscape-design/components/progress-bar'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Tiles from '@cloudscape-design/components/tiles'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useApi } from '../api.ts'
import { Frame } from '../components/Frame.tsx'
import { Problem } from '../components/Problem.tsx'
import { plural, sizeText } from '../components/sizes.ts'
import { DropZone } from '../import/DropZone.tsx'
import { type From, faultsOf, type ImportTexts, NO_TEXTS } from '../import/import-texts.ts'
import { S3Fields } from '../import/S3Fields.tsx'
import { sendFiles, startUpload, type UploadProgress } from '../import/upload.ts'
import { takeKept } from '../import/use-drop.ts'
import { addressOf, go } from '../place.ts'
import { useDatastoreName } from './DatastorePage.tsx'

export function ImportPage({ datastoreId }: { datastoreId: string }) {
  const api = useApi()
  const name = useDatastoreName(datastoreId)
  const [from, setFrom] = useState<From>('computer')
  const [files, setFiles] = useState(takeKept)
  const [texts, setTexts] = useState(NO_TEXTS)
  const [isSent, setSent] = useState(false)
  const [progress, setProgress] = useState<UploadProgress>()
  const [error, setError] = useState<unknown>()
  const [isStarting, setStarting] = useState(false)
  const abort = useRef<AbortController>(undefined)
  const change = (part: Partial<ImportTexts>) => setTexts((before) => ({ ...before, ...part }))
  const faults = faultsOf(texts, from)
  const isFaulty = Object.keys(faults).length > 0 || (from === 'computer' && files.length === 0)

  useEffect(() => () => abort.current?.abort(), [])
  useWarningBeforeLeaving(isStarting)

  async function handOver(signal: AbortSignal) {
    if (from === 's3') return { inputS3Uri: texts.input, outputS3Uri: texts.output }
    const upload = await startUpload(api)
    setProgress({ files: 0, bytes: 0 })
    try {
      await sendFiles(api, { upload, files, signal, onProgress: setProgress })
    } catch (thrown) {
      await api.ask({ method: 'DELETE', path: ['uploads', upload.uploadId] }).catch(() => {
        // The server sweeps what is left behind.
      })
      throw thrown
    }
    return upload
  }

  async function start(event: FormEvent) {
    event.preventDefault()
    setSent(true)
    if (isFaulty || isStarting) return
    setStarting(true)
    setError(undefined)
    abort.current = new AbortController()
    const { signal } = abort.current
    try {
      const { inputS3Uri, outputS3Uri } = await handOver(signal)
      const { jobId } = await api.client.send(
        new StartDICOMImportJobCommand({
          datastoreId,
          ...(texts.jobName !== '' && { jobName: texts.jobName }),
          dataAccessRoleArn: texts.role,
          inputS3Uri,
          outputS3Uri,
          clientToken: undefined,
        }),
      )
      go(addressOf(`datastores/${datastoreId}/imports/${jobId}`))
    } catch (thrown) {
      if (!signal.aborted) setError(thrown)
      setProgress(undefined)
      setStarting(false)
    }
  }

  const totalBytes = files.reduce((sum, { file }) => sum + file.size, 0)

  return (
    <Frame
      title="Import DICOM data"
      contentType="form"
      way={[
        { text: name, href: addressOf(`datastores/${datastoreId}`) },
        { text: 'Import DICOM data', href: addressOf(`datastores/${datastoreId}/import`) },
      ]}
    >
      <form onSubmit={start}>
        <Form
          header={<Header variant="h1">Import DICOM data</Header>}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {isStarting ? (
                <Button formAction="none" variant="link" onClick={() => abort.current?.abort()}>
                  Cancel
                </Button>
              ) : (
                <Button formAction="none" variant="link" href={addressOf(`datastores/${datastoreId}`)}>
                  Cancel
                </Button>
              )}
              <Button variant="primary" loading={isStarting} loadingText="Importing">
                Import
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            {error !== undefined && <Problem error={error} />}
            <Container header={<Header variant="h2">Source</Header>}>
              <SpaceBetween size="l">
                <Tiles
                  value={from}
                  onChange={({ detail }) => setFrom(detail.value as From)}
                  ariaLabel="Where the files are"
                  items={[
                    {
                      value: 'computer',
                      label: 'This computer',
                      description: 'Drop files or a folder here.',
                      disabled: isStarting,
                    },
                    {
                      value: 's3',
                      label: 'An S3 location',
                      description: 'A prefix in a bucket that the server reads.',
                      disabled: isStarting,
                    },
                  ]}
                />
                {from === 'computer' ? (
                  <FormField errorText={isSent && files.length === 0 && 'Drop or choose at least one file.'} stretch>
                    <DropZone files={files} onChange={setFiles} isDisabled={isStarting} />
                  </FormField>
                ) : (
                  <S3Fields texts={texts} faults={isSent ? faults : {}} onChange={change} />
                )}
                <FormField
                  label={
                    <>
                      Job name <i>– optional</i>
                    </>
                  }
                  errorText={faults.jobName}
                >
                  <Input
                    value={texts.jobName}
                    onChange={({ detail }) => change({ jobName: detail.value })}
                    spellcheck={false}
                    disabled={isStarting}
                  />
                </FormField>
                {progress && (
                  <ProgressBar
                    label="Handing the files over"
                    value={totalBytes === 0 ? 100 : (progress.bytes / totalBytes) * 100}
                    additionalInfo={`${plural(progress.files, 'file')} of ${files.length.toLocaleString('en-US')}, ${sizeText(progress.bytes)} of ${sizeText(totalBytes)}`}
                  />
                )}
              </SpaceBetween>
            </Container>
          </SpaceBetween>
        </Form>
      </form>
    </Frame>
  )
}

/** Files on their way would be lost with the page. */
function useWarningBeforeLeaving(isBusy: boolean): void {
  useEffect(() => {
    if (!isBusy) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isBusy])
}
