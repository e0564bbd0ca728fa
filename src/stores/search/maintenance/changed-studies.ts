/** Which studies a change of image sets may change. */
import type { IndexChange, IndexedWithWords } from '../indexed-image-set.ts'
import { UPDATED } from '../kd-tree/entries.ts'

export function studiesChangedBy(changes: readonly IndexChange[]): readonly string[] {
  const studies = new Set<string>()
  for (const { before, after } of changes) {
    // When it was read last is no part of a study.
    if (before !== undefined && after !== undefined && partOf(before) === partOf(after)) continue
    for (const imageSet of [before, after]) {
      if (imageSet?.isPrimary === true) studies.add(studyOf(imageSet))
    }
  }
  return [...studies]
}

const partOf = (imageSet: IndexedWithWords): string =>
  JSON.stringify([
    ...[imageSet.isPrimary, imageSet.entry.point[UPDATED], studyOf(imageSet)],
    ...[imageSet.tags, imageSet.unlistedTexts],
  ])

const studyOf = ({ texts }: IndexedWithWords): string =>
  texts.find(({ attribute }) => attribute === 'DICOMStudyInstanceUID')!.equals
