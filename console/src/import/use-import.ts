/** Uploads the chosen files if there are any, starts the import job, and opens its page. */
import { StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import { useEffect, useRef, useState } from 'react'
import { type Api, useApi } from '../api.ts'
import { hrefTo, navigate } from '../location.ts'
import type { ChosenFile } from './chosen-files.ts'
import type { ImportFormValues } from './form-values.ts'
import { removeUpload, startUpload, type UploadProgress, uploadFiles } from './upload.ts'

export function useImport(datastoreId: string) {
  const api = useApi()
  const [isRunning, setRunning] = useState(false)
  const [progress, setProgress] = useState<UploadProgress>()
  const [error, setError] = useState<unknown>()
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  useUnloadWarning(isRunning)

  async function start(values: ImportFormValues): Promise<void> {
    setRunning(true)
    setError(undefined)
    abort.current = new AbortController()
    const { signal } = abort.current
    try {
      const { inputS3Uri, outputS3Uri } =
        values.source === 's3' ? values : await upload(api, { files: values.files, signal, onProgress: setProgress })
      const { jobId } = await api.client.send(
        new StartDICOMImportJobCommand({
          datastoreId,
          ...(values.jobName !== '' && { jobName: values.jobName }),
          dataAccessRoleArn: values.dataAccessRoleArn,
          inputS3Uri,
          outputS3Uri,
          clientToken: undefined,
        }),
      )
      navigate(hrefTo(`datastores/${datastoreId}/imports/${jobId}`))
    } catch (thrown) {
      if (!signal.aborted) setError(thrown)
      setProgress(undefined)
      setRunning(false)
    }
  }
  return { isRunning, progress, error, start, cancel: () => abort.current?.abort() }
}

interface FilesToUpload {
  readonly files: readonly ChosenFile[]
  readonly signal: AbortSignal
  onProgress(progress: UploadProgress): void
}

async function upload(api: Api, { files, signal, onProgress }: FilesToUpload) {
  const started = await startUpload(api)
  onProgress({ files: 0, bytes: 0 })
  try {
    await uploadFiles(api, { upload: started, files, signal, onProgress })
  } catch (error) {
    await removeUpload(api, started.uploadId)
    throw error
  }
  return started
}

/** Leaving the page would cancel the upload. */
function useUnloadWarning(isRunning: boolean): void {
  useEffect(() => {
    if (!isRunning) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isRunning])
}
