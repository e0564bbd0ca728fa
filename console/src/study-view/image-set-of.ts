/** The image set of a series: the primary one, which DICOMweb finds. */
import type { ImageSetVersion } from '../metadata/document.ts'
import type { Series } from '../studies/fetch-studies.ts'

export const imageSetOf = ({ imageSets }: Series): Series['imageSets'][number] | undefined =>
  imageSets.find(({ isPrimary }) => isPrimary) ?? imageSets[0]

export function versionOf(datastoreId: string, series: Series): ImageSetVersion {
  const { imageSetId = '', version = 1 } = imageSetOf(series) ?? {}
  return { datastoreId, imageSetId, versionId: String(version) }
}
