/** Sends files to an upload of the server: small ones together in one request, large ones in parts. */
import { type Api, HilumError, type HilumRequest, UnreadableBlob } from '../api.ts'
import { errorMessageOf } from '../error-messages.ts'
import { asSentence } from '../format/text.ts'
import { listOf } from './batches.ts'
import type { ChosenFile } from './chosen-files.ts'
import { ATTEMPTS_MAX, REQUEST_BYTES, RETRY_MS, RETRY_MS_MAX } from './limits.ts'

export interface StartedUpload {
  readonly uploadId: string
  readonly inputS3Uri: string
  readonly outputS3Uri: string
}

/** What a transfer is told while it runs. */
export interface Transfer {
  /** The current one: credentials may be renewed meanwhile. */
  readonly api: () => Api
  readonly uploadId: string
  /** Aborted when the upload is paused or cancelled. */
  readonly signal: AbortSignal
  /** Parts of large files that the server has, so that a resumed upload doesn't send them again. */
  readonly sentParts: Map<ChosenFile, number>
  onBytes(bytes: number): void
  onStored(file: ChosenFile): void
  onFailed(file: ChosenFile, reason: string): void
  /** A request waits to be sent again, or not any longer. */
  onRetrying(isRetrying: boolean): void
}

type Attempts = Pick<Transfer, 'api' | 'signal' | 'onRetrying'>

export async function startUpload(attempts: Attempts): Promise<StartedUpload> {
  const response = await retried(attempts, { method: 'POST', path: ['uploads'] })
  return (await response.json()) as StartedUpload
}

/** The server removes expired uploads, so a failure is ignored. */
export async function removeUpload(api: Api, uploadId: string): Promise<void> {
  await api.request({ method: 'DELETE', path: ['uploads', uploadId] }).catch(() => {})
}

/** @throws an error that concerns all files: of the network after the last attempt, of a quota, of the access key, or of the signal */
export async function sendBatch(batch: readonly ChosenFile[], transfer: Transfer): Promise<void> {
  if (batch.length === 1) return sendAlone(batch[0]!, transfer)
  const { uploadId, onBytes, onStored } = transfer
  try {
    const body = new Blob([listOf(batch), ...batch.map(({ file }) => file)])
    await retried(transfer, { method: 'POST', path: ['uploads', uploadId], body })
  } catch (error) {
    if (!isOfOneFile(error)) throw error
    // Which of them it is shows when each is sent alone.
    for (const file of batch) await sendAlone(file, transfer)
    return
  }
  for (const file of batch) {
    onBytes(file.file.size)
    onStored(file)
  }
}

async function sendAlone(chosen: ChosenFile, transfer: Transfer): Promise<void> {
  try {
    await sendParts(chosen, transfer)
    transfer.onStored(chosen)
  } catch (error) {
    if (!isOfOneFile(error)) throw error
    const { sentParts, onBytes, onFailed } = transfer
    // Sent again, it begins again.
    onBytes(-Math.min(chosen.file.size, (sentParts.get(chosen) ?? 0) * REQUEST_BYTES))
    sentParts.delete(chosen)
    onFailed(
      chosen,
      error instanceof HilumError
        ? asSentence(error.message)
        : "The browser can't read the file. It might have been changed, moved or deleted.",
    )
  }
}

async function sendParts(chosen: ChosenFile, transfer: Transfer): Promise<void> {
  const { name, file } = chosen
  const { uploadId, sentParts, onBytes } = transfer
  const path = ['uploads', uploadId, name]
  const parts = Math.ceil(file.size / REQUEST_BYTES)
  for (let part = (sentParts.get(chosen) ?? 0) + 1; part <= Math.max(1, parts); part++) {
    const body = file.slice((part - 1) * REQUEST_BYTES, part * REQUEST_BYTES)
    const query: Record<string, string> = parts > 1 ? { part: String(part) } : {}
    await retried(transfer, { method: 'PUT', path, query, body })
    sentParts.set(chosen, part)
    onBytes(body.size)
  }
  if (parts > 1) await retried(transfer, { method: 'POST', path, query: { parts: String(parts) } })
  sentParts.delete(chosen)
}

/** The other files may be fine. */
const isOfOneFile = (error: unknown): boolean =>
  error instanceof UnreadableBlob || (error instanceof HilumError && error.status === 400)

/** Sends a request until the server is there. While the browser is offline, it waits without counting attempts. */
async function retried({ api, signal, onRetrying }: Attempts, request: HilumRequest): Promise<Response> {
  for (let attempt = 1; ; ) {
    signal.throwIfAborted()
    try {
      return await api().request({ ...request, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isTransient(error) || attempt === ATTEMPTS_MAX) throw error
      const { onLine } = navigator
      onRetrying(true)
      try {
        await pause(signal, onLine ? Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** (attempt - 1)) : undefined)
      } finally {
        onRetrying(false)
      }
      attempt = onLine ? attempt + 1 : 1
    }
  }
}

export const isTransient = (error: unknown): boolean =>
  error instanceof HilumError
    ? error.status >= 500 || error.status === 429
    : errorMessageOf(error).kind === 'unreachable'

/** Until the time is over, the browser is online again, or the signal is aborted. */
function pause(signal: AbortSignal, ms: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(end, ms)
    function end(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      window.removeEventListener('online', end)
      resolve()
    }
    signal.addEventListener('abort', end)
    window.addEventListener('online', end)
  })
}
