/**
 * The attributes that are declared searchable for a data store. The texts of an image set are written with its versions; those of the image
 * sets that were there before a declaration are added, and removed after it, batch by batch. Until then no search can name the attribute.
 */
import type { DeclarableAttribute, DeclaredAttribute } from '../../imaging/search/declared.ts'
import type { DeclaredTexts } from '../../imaging/search/described.ts'
import type { AttributesRange, ImageSetVersion } from './image-set-records.ts'

/** `building`: texts of earlier image sets are being added; `removing`: texts are being removed. Only `live` ones can be searched by. */
export type DeclarationState = 'building' | 'live' | 'removing'

export interface Declaration extends DeclaredAttribute {
  readonly state: DeclarationState
  /** How far the work has come, of which row: rows of all data stores have one numbering. */
  readonly doneTo: number
  readonly upTo: number
}

/** How much of the work of a build or removal is done, in whole percent. */
export const percentDone = ({ doneTo, upTo }: Pick<Declaration, 'doneTo' | 'upTo'>): number =>
  upTo < 0 ? 100 : Math.floor((100 * (doneTo + 1)) / (upTo + 1))

/** What the texts of a new version are made of. */
export interface Declared {
  /** Rises with every declaration and removal. Versions are published only while it is unchanged. */
  readonly revision: number
  /** Those whose texts are written: building or live. */
  readonly attributes: readonly DeclaredAttribute[]
}

/** An attribute was declared or removed since the texts of a version were collected. Nothing was published; collect them again. */
export class DeclarationsChanged extends Error {
  override readonly name = 'DeclarationsChanged'
  constructor() {
    super('attributes were declared searchable, or removed, meanwhile')
  }
}

/** Numbers of declarations are not used again, and a catalog has some ten thousand. */
export class DeclarationsExhausted extends Error {
  override readonly name = 'DeclarationsExhausted'
  constructor() {
    super('attributes were declared and removed too often: no number is left')
  }
}

/** An image set whose texts are missing. */
export interface ImageSetToDescribe extends ImageSetVersion {
  readonly rowId: number
  readonly attributes: AttributesRange
}

export interface BatchToDescribe {
  /** How far the work has come, and how far when the batch is written. */
  readonly from: number
  readonly to: number
  readonly imageSets: readonly ImageSetToDescribe[]
  /** Where the batch is, in a data store with several partitions, and how many rows the work has in those before it. */
  readonly place?: { readonly partition: number; readonly rowsBefore: number }
}

type Which = { readonly datastoreId: string; readonly number: number }

export interface DeclaredAttributes {
  /** Undefined if the data store does not exist. */
  list(datastoreId: string): Promise<readonly Declaration[] | undefined>
  declared(datastoreId: string): Promise<Declared>
  /** Begins a declaration, unless there is one already: then that one is returned. */
  declare(
    datastoreId: string,
    attribute: DeclarableAttribute,
    options: { readonly max: number },
  ): Promise<Declaration | 'too-many' | 'absent'>
  /** Begins a removal, unless it has begun. Undefined if the attribute is not declared. */
  beginRemoval(datastoreId: string, keyword: string): Promise<Declaration | undefined>
  /** The next image sets of a declaration that is building, after `doneTo`; at most `limit`. Undefined if it is not building. */
  nextBatch(which: Which, options: { readonly limit: number }): Promise<BatchToDescribe | undefined>
  /**
   * Writes texts and index of a batch, and how far the work has come: of the image sets that still have the version. Later versions have
   * texts already. Without effect if another process has come further.
   * @param batch.texts by row id; image sets without texts could not be read
   * @returns those that could not be read and still have the version
   */
  describe(
    which: Which,
    batch: BatchToDescribe & { readonly texts: ReadonlyMap<number, DeclaredTexts> },
  ): Promise<readonly ImageSetToDescribe[]>
  /** Removes the texts of at most `limit` image sets from rows and index, or the declaration when none is left. Undefined when it is removed. */
  removeBatch(which: Which, options: { readonly limit: number }): Promise<Declaration | undefined>
}
