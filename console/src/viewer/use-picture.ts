/** Makes a picture of what is on the stage. What draws it is loaded when it is first used. */
import { useCallback, useRef } from 'react'
import { useNotify } from '../components/Notifications.tsx'
import type { PictureOptions, PictureSource } from './picture/make-picture.ts'

export interface WantedPicture extends PictureOptions {
  readonly to: 'file' | 'clipboard'
}

/** @param source of the image on the stage; undefined until it is sharp */
export function usePicture(source: () => PictureSource | undefined): (wanted: WantedPicture) => void {
  const notify = useNotify()
  const latest = useRef(source)
  latest.current = source
  return useCallback(
    ({ to, ...options }) => {
      const shown = latest.current()
      if (shown === undefined) {
        notify({ type: 'error', text: 'The image is not loaded completely yet. Try again in a moment.' })
        return
      }
      const given = to === 'file' ? save(shown, options) : copy(shown, options)
      given.then(
        () => to === 'clipboard' && notify({ type: 'success', text: 'Picture copied.' }),
        ({ message }: Error) => notify({ type: 'error', text: `Can't make the picture. ${message}` }),
      )
    },
    [notify],
  )
}

async function save(shown: PictureSource, options: PictureOptions): Promise<void> {
  const { savePicture } = await import('./picture/save-picture.ts')
  await savePicture(shown, options)
}

/** Safari wants the clipboard to be asked in the click, before the picture is there. */
async function copy(shown: PictureSource, options: PictureOptions): Promise<void> {
  const picture = import('./picture/make-picture.ts').then(({ makePicture }) => makePicture(shown, options))
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })])
}
