/**
 * The uploads of this tab, one after the other. They are kept outside the pages, so that navigation doesn't end them, and end when the
 * person signs out. While the files of one are in this tab only, the browser asks before it closes the tab.
 */
import type { Api } from '../api.ts'
import { errorMessageOf } from '../error-messages.ts'
import { DRAW_MS } from './limits.ts'
import { openTray, setUnfinished } from './tray-state.ts'
import { Upload, type UploadOrder } from './upload.ts'

let api: Api | undefined
let uploads: readonly Upload[] = []
/** Changes with every change of an upload. */
let version = 0
const listeners = new Set<() => void>()
let drawing: ReturnType<typeof setTimeout> | undefined

function currentApi(): Api {
  if (api === undefined) throw new Error('the person has signed out')
  return api
}

/** Not for each of ten thousand files. */
function changed(): void {
  drawing ??= setTimeout(() => {
    drawing = undefined
    version += 1
    for (const listener of listeners) listener()
  }, DRAW_MS)
}

function draw(): void {
  clearTimeout(drawing)
  drawing = undefined
  version += 1
  for (const listener of listeners) listener()
}

const askBeforeLeaving = (event: BeforeUnloadEvent) => event.preventDefault()

/** After every change of a state. */
function settle(): void {
  const isBusy = uploads.some(({ state }) => state === 'uploading' || state === 'starting')
  const next = isBusy ? undefined : uploads.find(({ state }) => state === 'waiting')
  if (next !== undefined) void next.run().finally(settle)
  // A handler that is always there would keep pages out of the back-forward cache.
  const hasUnfinished = uploads.some(({ isUnfinished }) => isUnfinished)
  setUnfinished(hasUnfinished)
  if (hasUnfinished) window.addEventListener('beforeunload', askBeforeLeaving)
  else window.removeEventListener('beforeunload', askBeforeLeaving)
  draw()
}

/** Starts when those before it are on the server. */
export function addUpload(order: UploadOrder, by: Api): void {
  api = by
  uploads = [...uploads, new Upload(order, { api: currentApi, onChange: changed })]
  openTray()
  settle()
}

/** @param next undefined when the person has signed out: what isn't on the server yet is cancelled */
export function setUploadsApi(next: Api | undefined): void {
  if (next !== undefined) {
    api = next
    return
  }
  for (const upload of uploads) if (upload.isUnfinished) upload.cancel()
  api = undefined
  uploads = []
  settle()
}

export function pauseUpload(upload: Upload): void {
  upload.pause()
  settle()
}

/** Goes on after a pause or an error, and sends files that failed again. */
export function resumeUpload(upload: Upload, files: 'failed' | 'others' = 'failed'): void {
  upload.resume(files)
  settle()
}

export function cancelUpload(upload: Upload): void {
  upload.cancel()
  settle()
}

/** From the tray. */
export function removeEnded(): void {
  uploads = uploads.filter(({ isUnfinished, state }) => isUnfinished || state === 'importing')
  settle()
}

export const allUploads = (): readonly Upload[] => uploads
export const uploadsVersion = (): number => version

export function onUploadsChange(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Those that stopped because nothing answered. */
window.addEventListener('online', () => {
  for (const upload of uploads) {
    if (upload.state === 'stopped' && errorMessageOf(upload.error).kind === 'unreachable') resumeUpload(upload)
  }
})
