/** Copies the address of what is shown. */
import { useNotify } from '../components/Notifications.tsx'

/** @param write brings the address up to date */
export function useCopyLink(write: () => void): () => Promise<void> {
  const notify = useNotify()
  return async () => {
    write()
    try {
      await navigator.clipboard.writeText(window.location.href)
      notify({ type: 'success', text: 'Link copied. It opens the study as it is shown here, after signing in.' })
    } catch {
      notify({ type: 'error', text: "The browser can't copy here. Copy the address of the page: it opens the same." })
    }
  }
}
