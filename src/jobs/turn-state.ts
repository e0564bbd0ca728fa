/** What an import job needs to go on after a turn, beside its rows in the catalog: text there. */

export interface TurnState {
  /** Of an input whose files are not all counted. */
  readonly counted?: CountedInput | undefined
  readonly metadata?: UsedMetadata | undefined
  /** All files are recorded. */
  readonly isRecorded?: true
}

/** The part of an input up to a key. */
export interface CountedInput {
  readonly files: number
  readonly sizeBytes: number
  readonly folders: number
  readonly after: string
}

/** The JSON metadata files that were used for the files up to a key. */
export interface UsedMetadata {
  readonly keys: readonly string[]
  readonly after: string
}

export const turnStateText = (state: TurnState): string => JSON.stringify(state)

/** @param text from `turnStateText` */
export const parseTurnState = (text: string): TurnState => JSON.parse(text)
