/** What a thumbnail and a viewer are given: the same for the lazy wrappers that pages use and for what they load. */
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
