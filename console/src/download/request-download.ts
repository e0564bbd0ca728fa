/**
 * Asks for a download link (docs/extensions.md), and lets the browser follow it: the archive goes from the server to the disk, with the
 * browser's own progress, and never through the memory of the page.
 */
import type { Api } from '../api.ts'

/** A study, a series, or an image set in one version; without one, the latest. */
export interface DownloadItem {
  readonly studyInstanceUID: string
  readonly seriesInstanceUID?: string
  readonly imageSetId?: string
  readonly versionId?: string
}

/** `explicit`: explicit VR little endian. */
export type DownloadForm = 'explicit' | 'stored'

interface StartedDownload {
  readonly fileName: string
  readonly instances: number
}

/** @throws HilumError if it is refused, with a sentence that says why */
export async function requestDownload(
  api: Api,
  { datastoreId, items, form }: { datastoreId: string; items: readonly DownloadItem[]; form: DownloadForm },
): Promise<StartedDownload> {
  const wanted = { datastoreId, items, ...(form === 'stored' && { transferSyntax: '*' }) }
  const body = new TextEncoder().encode(JSON.stringify(wanted))
  const contentType = 'application/json'
  const response = await api.request({ method: 'POST', path: ['downloads'], body, contentType })
  const { path, ...started } = (await response.json()) as StartedDownload & { readonly path: string }
  follow(path)
  return started
}

/** With the attribute the page stays, also where the server refuses. */
function follow(path: string): void {
  const link = document.createElement('a')
  link.href = path
  link.download = ''
  link.click()
}
