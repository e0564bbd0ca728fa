/** Hands chosen files over to the server, a few at a time and large ones in parts, so that an import job finds them in its bucket. */
import { type Api, HilumError } from '../api.ts'
import { wordsFor } from '../words.ts'
import type { ChosenFile } from './chosen-files.ts'

/** What a request may have at most, by the server's usual limits. */
const PART_BYTES = 4 * 1024 * 1024
const FILES_AT_ONCE = 4
const TRIES = 4
const AGAIN_MS = 1_000

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
  (await (await api.ask({ method: 'POST', path: ['uploads'] })).json()) as Upload

/** @throws what a file could not be handed over for; the others that were on their way are dropped. */
export async function sendFiles(
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
  const either = AbortSignal.any([signal, stop.signal])
  const left = files.values()
  const work = async () => {
    for (const { name, file } of left) {
      await sendFile(api, {
        path: ['uploads', upload.uploadId, name],
        file,
        signal: either,
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
    await Promise.all(Array.from({ length: FILES_AT_ONCE }, work))
  } finally {
    stop.abort()
  }
}

async function sendFile(
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
    await untilSent(() => api.ask({ method: 'PUT', path, query, body: bytes, signal }), signal)
    onPart(bytes.length)
  }
  if (parts > 1)
    await untilSent(() => api.ask({ method: 'POST', path, query: { parts: String(parts) }, signal }), signal)
}

/** A server that is away for a moment costs nothing but that moment. */
async function untilSent(send: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send()
      return
    } catch (error) {
      signal.throwIfAborted()
      const isWorthAnother = error instanceof HilumError ? error.status >= 500 : wordsFor(error).kind === 'away'
      if (attempt === TRIES || !isWorthAnother) throw error
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS * attempt))
    }
  }
}
