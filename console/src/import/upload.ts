/** Uploads chosen files to a bucket of the server for an import job: several at a time, large files in parts. */
import { type Api, HilumError } from '../api.ts'
import { errorMessageOf } from '../error-messages.ts'
import type { ChosenFile } from './chosen-files.ts'

/** The default limit of the server for the body of a request. */
const PART_BYTES = 4 * 1024 * 1024
const CONCURRENT_FILES = 4
const ATTEMPTS_MAX = 4
const RETRY_DELAY_MS = 1_000

export interface Upload {
  readonly uploadId: string
  readonly inputS3Uri: string
  readonly outputS3Uri: string
}

export interface UploadProgress {
  readonly files: number
  readonly bytes: number
}

export const startUpload = async (api: Api): Promise<Upload> =>
  (await (await api.request({ method: 'POST', path: ['uploads'] })).json()) as Upload

/** The server removes expired uploads, so a failure is ignored. */
export async function removeUpload(api: Api, uploadId: string): Promise<void> {
  await api.request({ method: 'DELETE', path: ['uploads', uploadId] }).catch(() => {})
}

/** @throws the error of the first file that fails, after which the others are cancelled */
export async function uploadFiles(
  api: Api,
  {
    upload,
    files,
    signal,
    onProgress,
  }: {
    readonly upload: Upload
    readonly files: readonly ChosenFile[]
    readonly signal: AbortSignal
    onProgress(progress: UploadProgress): void
  },
): Promise<void> {
  const done = { files: 0, bytes: 0 }
  const stop = new AbortController()
  const anySignal = AbortSignal.any([signal, stop.signal])
  const remaining = files.values()
  const work = async () => {
    for (const { name, file } of remaining) {
      await uploadFile(api, {
        path: ['uploads', upload.uploadId, name],
        file,
        signal: anySignal,
        onPart(bytes) {
          done.bytes += bytes
          onProgress({ ...done })
        },
      })
      done.files += 1
      onProgress({ ...done })
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENT_FILES }, work))
  } finally {
    stop.abort()
  }
}

async function uploadFile(
  api: Api,
  {
    path,
    file,
    signal,
    onPart,
  }: { path: readonly string[]; file: File; signal: AbortSignal; onPart: (bytes: number) => void },
): Promise<void> {
  const parts = Math.ceil(file.size / PART_BYTES)
  for (let part = 1; part <= Math.max(1, parts); part++) {
    const bytes = new Uint8Array(await file.slice((part - 1) * PART_BYTES, part * PART_BYTES).arrayBuffer())
    const query: Record<string, string> = parts > 1 ? { part: String(part) } : {}
    await retry(() => api.request({ method: 'PUT', path, query, body: bytes, signal }), signal)
    onPart(bytes.length)
  }
  if (parts > 1)
    await retry(() => api.request({ method: 'POST', path, query: { parts: String(parts) }, signal }), signal)
}

/** Retries while the server is unreachable or failing. */
async function retry(send: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send()
      return
    } catch (error) {
      signal.throwIfAborted()
      const isTransient =
        error instanceof HilumError ? error.status >= 500 : errorMessageOf(error).kind === 'unreachable'
      if (attempt === ATTEMPTS_MAX || !isTransient) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS * attempt))
    }
  }
}
