/**
 * Where pictures come in. What draws them is loaded only where there is one to draw, and the pages know no more of it than this: which
 * image set, which version, and in the viewer its metadata document.
 */
import type { ComponentType } from 'react'
import type { MetadataDocument } from '../metadata/document.ts'

export interface ThumbnailProps {
  readonly datastoreId: string
  readonly imageSetId: string
}

export interface ViewerProps {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly versionId: string
  readonly document: MetadataDocument
}

export interface Pictures {
  /** One small picture, for a row of results. */
  readonly Thumbnail: ComponentType<ThumbnailProps>
  readonly Viewer: ComponentType<ViewerProps>
}

/** Undefined as long as there is no viewer, and then pages have no place for one. With it: `lazy(() => import('../viewer/...'))` each. */
export const pictures = undefined as Pictures | undefined
