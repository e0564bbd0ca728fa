/** Waits for an import job and shows how far it is. */
import { setTimeout as wait } from 'node:timers/promises'
import type { DICOMImportJobProperties, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { getImportJob } from '../client/client.ts'
import { openProgress } from '../terminal/progress.ts'
import type { Terminal } from '../terminal/terminal.ts'

const POLL_MS = 200

/** The job once it is COMPLETED or FAILED. Throws the signal's reason where that comes first; the job goes on in the server. */
export async function followJob(
  client: MedicalImagingClient,
  ids: { datastoreId: string; jobId: string },
  at: { terminal: Terminal; signal: AbortSignal },
): Promise<DICOMImportJobProperties> {
  const progress = openProgress('Importing', { terminal: at.terminal, now: Date.now })
  try {
    for (;;) {
      at.signal.throwIfAborted()
      const { job, progress: reached } = await getImportJob(client, ids)
      if (reached !== undefined) progress.update(reached.done, reached.found)
      if (job.jobStatus === 'COMPLETED' || job.jobStatus === 'FAILED') return job
      await wait(POLL_MS, undefined, { signal: at.signal })
    }
  } finally {
    progress.end()
  }
}
