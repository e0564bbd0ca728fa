/** Starts the import: hands the chosen files to the uploads of this tab, or starts an import job from S3 and opens its page. */
import { StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import { useState } from 'react'
import { useApi } from '../api.ts'
import { hrefTo, navigate } from '../location.ts'
import { addUpload } from '../uploads/upload-queue.ts'
import type { ImportFormValues } from './form-values.ts'

export function useImport({ datastoreId, datastoreName }: { datastoreId: string; datastoreName: string }) {
  const api = useApi()
  const [isStarting, setStarting] = useState(false)
  const [error, setError] = useState<unknown>()
  const imports = `datastores/${datastoreId}/imports`

  async function start({ source, files, jobName: name, ...locations }: ImportFormValues): Promise<void> {
    const jobName = name === '' ? undefined : name
    if (source === 'computer') {
      addUpload({ datastoreId, datastoreName, files, jobName }, api)
      navigate(hrefTo(imports))
      return
    }
    setStarting(true)
    setError(undefined)
    try {
      const job = { datastoreId, ...(jobName !== undefined && { jobName }), ...locations, clientToken: undefined }
      const { jobId } = await api.client.send(new StartDICOMImportJobCommand(job))
      navigate(hrefTo(`${imports}/${jobId}`))
    } catch (thrown) {
      setError(thrown)
      setStarting(false)
    }
  }
  return { isStarting, error, start }
}
