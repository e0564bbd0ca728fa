/** Starts downloads, and says in a notification that one has started, or why it can't. */
import { useState } from 'react'
import { useApi } from '../api.ts'
import { useNotify } from '../components/Notifications.tsx'
import { errorMessageOf } from '../error-messages.ts'
import { formatCount } from '../format/size.ts'
import { type DownloadForm, type DownloadItem, requestDownload } from './request-download.ts'

interface Downloading {
  /** The archive is being looked up. */
  readonly isStarting: boolean
  /** @param read what is to be downloaded, which may have to be searched first */
  start(read: () => readonly DownloadItem[] | Promise<readonly DownloadItem[]>, form: DownloadForm): Promise<void>
}

export function useDownload(datastoreId: string): Downloading {
  const api = useApi()
  const notify = useNotify()
  const [isStarting, setStarting] = useState(false)
  return {
    isStarting,
    async start(read, form) {
      setStarting(true)
      try {
        const { fileName, instances } = await requestDownload(api, { datastoreId, items: await read(), form })
        const what = `${fileName}, ${formatCount(instances, 'instance')}`
        notify({ type: 'success', text: `Download started: ${what}. Your browser shows its progress.` })
      } catch (error) {
        notify({ type: 'error', text: refusalOf(error) })
      } finally {
        setStarting(false)
      }
    },
  }
}

function refusalOf(error: unknown): string {
  const { kind, title, description } = errorMessageOf(error, { action: 'download these files' })
  // Unlike a query, a download isn't repeated.
  return kind === 'unreachable' ? `${title}. Try again.` : `${title}. ${description}`
}
