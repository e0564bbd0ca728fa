/** The images that a Key Object Selection names (PS3.3 A.35.4, PS3.16 TID 2010), with their study and series. */
import type { Attributes } from '../metadata/document.ts'
import { KEY_IMAGES_MAX } from '../viewer/stack/limits.ts'
import { itemsOf, numberOf, textOf } from '../viewer/stack/values.ts'

export interface ImageReference {
  readonly study: string
  readonly series: string
  readonly sopInstanceUID: string
  readonly frameNumber: number
}

interface KeyObjects {
  /** Why they were selected. */
  readonly title: string
  readonly description: string
  /** At most KEY_IMAGES_MAX. */
  readonly images: readonly ImageReference[]
  readonly count: number
}

export function keyObjectsOf(instance: Attributes): KeyObjects {
  const places = placesOf(instance)
  const items = itemsOf(instance.ContentSequence)
  const concept = itemsOf(instance.ConceptNameCodeSequence)[0]
  const references = items
    .filter(({ ValueType }) => /^(IMAGE|COMPOSITE)$/.test(textOf(ValueType)))
    .flatMap(({ ReferencedSOPSequence }) => itemsOf(ReferencedSOPSequence).slice(0, 1))
  const images = references.slice(0, KEY_IMAGES_MAX).map((reference): ImageReference => {
    const sopInstanceUID = textOf(reference.ReferencedSOPInstanceUID)
    const { study = '', series = '' } = places.get(sopInstanceUID) ?? {}
    return { study, series, sopInstanceUID, frameNumber: numberOf(reference.ReferencedFrameNumber) ?? 1 }
  })
  return {
    title: textOf(concept?.CodeMeaning) || 'Key objects',
    description: textOf(items.find(({ ValueType }) => textOf(ValueType) === 'TEXT')?.TextValue),
    images,
    count: references.length,
  }
}

/** By SOPInstanceUID. */
function placesOf(instance: Attributes): ReadonlyMap<string, Pick<ImageReference, 'study' | 'series'>> {
  const places = new Map<string, Pick<ImageReference, 'study' | 'series'>>()
  for (const study of itemsOf(instance.CurrentRequestedProcedureEvidenceSequence)) {
    for (const series of itemsOf(study.ReferencedSeriesSequence)) {
      for (const { ReferencedSOPInstanceUID } of itemsOf(series.ReferencedSOPSequence)) {
        const at = { study: textOf(study.StudyInstanceUID), series: textOf(series.SeriesInstanceUID) }
        places.set(textOf(ReferencedSOPInstanceUID), at)
      }
    }
  }
  return places
}
