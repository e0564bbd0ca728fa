/** The entry of the viewer for pages: loads the viewer and thumbnails on demand. */
import './thumbnail.css'
import { createElement } from 'react'
import { lazyComponent } from '../components/lazy-component.tsx'
import type { ThumbnailProps, ViewerProps } from './viewer-props.ts'

/** As large before it is loaded, so that rows do not move. */
export const Thumbnail = lazyComponent<ThumbnailProps>(async () => (await import('./Thumbnail.tsx')).Thumbnail, {
  loading: createElement('span', { className: 'thumbnail' }),
})

export const Viewer = lazyComponent<ViewerProps>(async () => (await import('./Viewer.tsx')).Viewer, {
  what: 'images',
})

/** Loads the viewer and a decoder while the metadata is still being fetched. */
export async function preloadViewer(): Promise<void> {
  const [{ startDecoder }] = await Promise.all([import('./frames/decoders.ts'), import('./Viewer.tsx')])
  startDecoder()
}
