/** The props of the viewer and of thumbnails, shared by the components and their lazily loaded wrappers. */
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
