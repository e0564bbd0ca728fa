/**
 * Which image set an imported instance belongs to. Seven elements must agree within an image set, and the study's among its
 * primary image sets (AWS "Understanding image sets"); what disagrees becomes a non-primary image set of its own.
 */

/** Empty, absent and null are one and the same: null. */
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

/** One primary image set that stands already in the study. */
export interface StandingImageSet {
  readonly seq: number
  readonly elements: GroupingElements
}

export type Placement =
  | { readonly place: 'new-primary' }
  | { readonly place: 'new-non-primary' }
  | { readonly place: 'extend'; readonly seq: number }

/** Equal keys, same image set: the order of the elements is fixed and JSON keeps null apart from any text. */
export const groupingKey = (elements: GroupingElements): string =>
  JSON.stringify([...OF_THE_STUDY, ...OF_THE_SERIES].map((name) => elements[name]))

/** Where a group of instances that agree among themselves goes, given the primary image sets of its study. */
export function placeGroup(group: GroupingElements, primaries: readonly StandingImageSet[]): Placement {
  let sameSeries: StandingImageSet | undefined
  for (const primary of primaries) {
    if (OF_THE_STUDY.some((name) => primary.elements[name] !== group[name])) return { place: 'new-non-primary' }
    if (primary.elements.SeriesInstanceUID !== group.SeriesInstanceUID) continue
    if (primary.elements.SeriesNumber !== group.SeriesNumber) return { place: 'new-non-primary' }
    sameSeries = primary
  }
  return sameSeries === undefined ? { place: 'new-primary' } : { place: 'extend', seq: sameSeries.seq }
}

/** What keeps a group from being primary beside these: the elements of the study, and of its series, that are not as theirs. */
export function disagreements(
  group: GroupingElements,
  primaries: readonly StandingImageSet[],
): readonly (keyof GroupingElements)[] {
  const differing = (names: readonly (keyof GroupingElements)[], standing: readonly StandingImageSet[]) =>
    names.filter((name) => standing.some(({ elements }) => elements[name] !== group[name]))
  const ofSeries = primaries.filter(({ elements }) => elements.SeriesInstanceUID === group.SeriesInstanceUID)
  return [...differing(OF_THE_STUDY, primaries), ...differing(OF_THE_SERIES, ofSeries)]
}
