/** Downloads: zip archives of what a person has chosen, by a link that a browser follows without a signature (docs/extensions.md). */
import type { NamedStudy, RetrievedFileSet } from './dicomweb.ts'

/** A study, a series of it, or an image set of it. */
export interface ItemToDownload extends Omit<NamedStudy, 'datastoreId'> {
  /** Of the image set; undefined: the latest. */
  readonly versionId: string | undefined
}

export interface WantedDownload {
  readonly datastoreId: string
  /** At least one. What several of them have is in the archive once. */
  readonly items: readonly ItemToDownload[]
  /** As `WantedSyntax.transferSyntax`. */
  readonly transferSyntax: 'default' | 'stored'
}

export interface DescribedDownload {
  /** Without data of patients. */
  readonly fileName: string
  readonly instances: number
}

export interface OpenedDownload extends RetrievedFileSet, Pick<DescribedDownload, 'fileName'> {}

export interface Downloads<App> {
  /** @throws ContractError where something does not exist, or is too much */
  describeDownload(wanted: WantedDownload, app: App): Promise<DescribedDownload>
  openDownload(wanted: WantedDownload, app: App): Promise<OpenedDownload>
}
