/** The DICOMTags of a search summary: an instance's own values and the two counts of its image set. */
import { DICOMTags } from '../../../contract/image-sets.ts'

const IN_ORDER = Object.keys(DICOMTags.members)

/**
 * @param tags JSON text of DICOMTags without the counts.
 * @returns JSON text with them, in the order of the contract. They count what the image set holds, which is one series.
 */
export function withCounts(tags: string, { instances }: { readonly instances: number }): string {
  const own: Readonly<Record<string, unknown>> = JSON.parse(tags)
  const counted: Readonly<Record<string, unknown>> = {
    ...own,
    DICOMNumberOfStudyRelatedSeries: 1,
    DICOMNumberOfStudyRelatedInstances: instances,
  }
  return JSON.stringify(
    Object.fromEntries(IN_ORDER.filter((name) => name in counted).map((name) => [name, counted[name]])),
  )
}
