/** Downloads: the files of several studies, series and image sets, the latter in any of their versions, as one file-set. */
import type { App } from '../../app.ts'
import type { NamedStudy } from '../../contract/dicomweb.ts'
import type { DescribedDownload, ItemToDownload, OpenedDownload, WantedDownload } from '../../contract/downloads.ts'
import type { ImageSetVersion } from '../../stores/catalog/image-set-records.ts'
import { imageSetNotFound, isPossibleVersion } from '../image-set-access.ts'
import { findImageSets } from './find-image-sets.ts'
import { countFiles, fileSetOf } from './retrieve-file-set.ts'

export async function describeDownload(wanted: WantedDownload, app: App): Promise<DescribedDownload> {
  const { datastoreId } = wanted
  const imageSets = await findVersions(wanted, app)
  const instances = await countFiles(app, { datastoreId, imageSets })
  return { instances, fileName: fileNameOf(wanted.items, { imageSets, at: app.clock() }) }
}

export async function openDownload(wanted: WantedDownload, app: App): Promise<OpenedDownload> {
  const { datastoreId, items, transferSyntax } = wanted
  const imageSets = await findVersions(wanted, app)
  await countFiles(app, { datastoreId, imageSets })
  const files = { datastoreId, imageSets, wanted: [{ transferSyntax, frameType: undefined }] }
  const hasSeveralStudies = new Set(items.map(({ studyInstanceUID }) => studyInstanceUID)).size > 1
  return {
    fileName: fileNameOf(items, { imageSets, at: app.clock() }),
    leftOut: 0,
    files: () => fileSetOf(app, { ...files, hasSeveralStudies }),
  }
}

/** Each once. @throws ContractError ResourceNotFoundException */
async function findVersions({ datastoreId, items }: WantedDownload, app: App): Promise<readonly ImageSetVersion[]> {
  const found = new Map<string, ImageSetVersion>()
  for (const { versionId, ...named } of items) {
    const latest = await findImageSets(app, { datastoreId, ...named })
    const versions = versionId === undefined ? latest : [await findVersion(app, { datastoreId, ...named, versionId })]
    for (const each of versions) found.set(`${each.imageSetId}/${each.version}`, each)
  }
  return [...found.values()]
}

async function findVersion(
  app: App,
  { datastoreId, imageSetId = '', versionId }: NamedStudy & { readonly versionId: string },
): Promise<ImageSetVersion> {
  const version = Number(versionId)
  const isThere =
    isPossibleVersion(versionId) &&
    (await app.catalog.imageSets.attributes({ datastoreId, imageSetId, version })) !== 'absent'
  if (!isThere) throw imageSetNotFound({ datastoreId, imageSetId, versionId })
  return { imageSetId, version }
}

/** By a UID or an id where there is one item, else by the day. */
function fileNameOf(
  [first, ...others]: readonly ItemToDownload[],
  { imageSets, at }: { readonly imageSets: readonly ImageSetVersion[]; readonly at: number },
): string {
  if (first === undefined || others.length > 0) return `dicom-${new Date(at).toISOString().slice(0, 10)}.zip`
  const [imageSet] = imageSets
  if (first.imageSetId !== undefined && imageSet !== undefined) return `${first.imageSetId}-v${imageSet.version}.zip`
  return `${first.seriesInstanceUID ?? first.studyInstanceUID}.zip`
}
