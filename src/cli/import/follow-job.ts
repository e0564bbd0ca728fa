/** Waits for an import job and shows its progress. */
import { setTimeout as wait } from 'node:timers/promises'
import type { DICOMImportJobProperties, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { getImportJob } from '../client/client.ts'
import { openProgress } from '../terminal/progress.ts'
import type { Terminal } from '../terminal/terminal.ts'

const POLL_MS = 200

/** Resolves with the job when it is COMPLETED or FAILED. @throws the signal's reason if aborted; the job continues in the server */
export async function followJob(
  client: MedicalImagingClient,
  ids: { datastoreId: string; jobId: string },
  at: { terminal: Terminal; signal: AbortSignal },
): Promise<DICOMImportJobProperties> {
  const progress = openProgress('Importing', { terminal: at.terminal, now: Date.now })
  try {
    for (;;) {
      at.signal.throwIfAborted()
      const { job, progress: counts } = await getImportJob(client, ids)
      if (counts !== undefined) progress.update(counts.done, counts.found)
      if (job.jobStatus === 'COMPLETED' || job.jobStatus === 'FAILED') return job
      await wait(POLL_MS, undefined, { signal: at.signal })
    }
  } finally {
    progress.end()
  }
}
