/**
 * Which image set an imported instance belongs to. Seven elements must agree within an image set, and those of the study among its primary
 * image sets (AWS "Understanding image sets"). Instances that disagree form a non-primary image set of their own.
 */

/** Null where absent, empty or null: all three are equal. */
export interface GroupingElements {
  readonly StudyInstanceUID: string
  readonly StudyDate: string | null
  readonly AccessionNumber: string | null
  readonly PatientID: string | null
  readonly StudyID: string | null
  readonly SeriesInstanceUID: string
  readonly SeriesNumber: string | null
}

const OF_THE_STUDY = ['StudyInstanceUID', 'StudyDate', 'AccessionNumber', 'PatientID', 'StudyID'] as const
const OF_THE_SERIES = ['SeriesInstanceUID', 'SeriesNumber'] as const

/** An existing primary image set of the study. */
export interface StandingImageSet {
  readonly rowId: number
  readonly elements: GroupingElements
}

export type Placement =
  | { readonly place: 'new-primary' }
  | { readonly place: 'new-non-primary' }
  | { readonly place: 'extend'; readonly rowId: number }

/** Equal keys mean the same image set: the order of the elements is fixed, and JSON distinguishes null from text. */
export const groupingKey = (elements: GroupingElements): string =>
  JSON.stringify([...OF_THE_STUDY, ...OF_THE_SERIES].map((name) => elements[name]))

/** Places a group of instances that agree among themselves, given the primary image sets of its study. */
export function placeGroup(group: GroupingElements, primaries: readonly StandingImageSet[]): Placement {
  let sameSeries: StandingImageSet | undefined
  for (const primary of primaries) {
    if (OF_THE_STUDY.some((name) => primary.elements[name] !== group[name])) return { place: 'new-non-primary' }
    if (primary.elements.SeriesInstanceUID !== group.SeriesInstanceUID) continue
    if (primary.elements.SeriesNumber !== group.SeriesNumber) return { place: 'new-non-primary' }
    sameSeries = primary
  }
  return sameSeries === undefined ? { place: 'new-primary' } : { place: 'extend', rowId: sameSeries.rowId }
}

/** The elements that keep a group from being primary: those of the study, or of its series, that differ from the primary image sets. */
export function disagreements(
  group: GroupingElements,
  primaries: readonly StandingImageSet[],
): readonly (keyof GroupingElements)[] {
  const differing = (names: readonly (keyof GroupingElements)[], standing: readonly StandingImageSet[]) =>
    names.filter((name) => standing.some(({ elements }) => elements[name] !== group[name]))
  const ofSeries = primaries.filter(({ elements }) => elements.SeriesInstanceUID === group.SeriesInstanceUID)
  return [...differing(OF_THE_STUDY, primaries), ...differing(OF_THE_SERIES, ofSeries)]
}
