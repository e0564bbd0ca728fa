/**
 * Where images come in. What draws them is loaded only where there is one to draw, and the pages know no more of it than this: which
 * image set, which version, and in the viewer its metadata document.
 */

import { lazyComponent } from '../components/lazy-component.tsx'
import type { ThumbnailProps, ViewerProps } from './viewer-props.ts'

export const Thumbnail = lazyComponent<ThumbnailProps>(async () => (await import('./Thumbnail.tsx')).Thumbnail)

export const Viewer = lazyComponent<ViewerProps>(async () => (await import('./Viewer.tsx')).Viewer, {
  what: 'the images',
})

/** For a page that will have images: what draws and decodes them is on its way as early as the metadata that tell of them. */
export async function prepareViewer(): Promise<void> {
  const [{ warmUp }] = await Promise.all([import('./frames/decoders.ts'), import('./Viewer.tsx')])
  warmUp()
}
