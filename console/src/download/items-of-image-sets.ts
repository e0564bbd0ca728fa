/** What a download of selected image sets names, in the versions that a search found. */
import type { ImageSetsMetadataSummary } from '@aws-sdk/client-medical-imaging'
import type { DownloadItem } from './request-download.ts'

/** As `downloadItems` of the server. */
const ITEMS_MAX = 1_000

/** @throws an error whose message is for the screen */
export async function itemsOfImageSets(
  pages: AsyncIterable<readonly ImageSetsMetadataSummary[]>,
): Promise<readonly DownloadItem[]> {
  const items: DownloadItem[] = []
  for await (const rows of pages) {
    for (const { imageSetId = '', version = 1, DICOMTags: tags } of rows)
      items.push({ studyInstanceUID: tags?.DICOMStudyInstanceUID ?? '', imageSetId, versionId: String(version) })
    if (items.length > ITEMS_MAX) {
      const most = ITEMS_MAX.toLocaleString()
      throw new Error(`These are more than ${most} image sets, the most of one download. Select fewer.`)
    }
  }
  return items
}
