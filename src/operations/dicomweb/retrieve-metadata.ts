/**
 * GetDICOMInstanceMetadata, GetDICOMSeriesMetadata and the metadata of a study: the attributes of instances in the DICOM JSON model, written
 * instance by instance. Pixel data and large binary values are named by a URI, which GetDICOMBulkdata serves.
 */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import { type MetadataToWrite, PIXEL_DATA_NAME, type RetrievedMetadata } from '../../contract/dicomweb.ts'
import { bulkdataElement, uidElement } from '../../imaging/documents/write-dicom-json.ts'
import { InstanceObjects } from '../../imaging/documents/write-instance-objects.ts'
import { largeBinaryName } from '../../ingest/large-binary-name.ts'
import type { ImageSetOfSeries, ImageSetVersion, PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { type InstanceText, openVersion, type VersionReader } from '../../versions/read-instance.ts'
import { findImageSets, instancesOf } from './find-image-sets.ts'
import { findInstance } from './find-instances.ts'
import { jsonArray } from './json-array.ts'
import { pixelElementOf, syntaxInFile } from './pixel-element.ts'

export async function retrieveMetadata(wanted: MetadataToWrite, app: App): Promise<RetrievedMetadata> {
  const { datastoreId, seriesInstanceUID, sopInstanceUID } = wanted
  if (seriesInstanceUID === undefined || sopInstanceUID === undefined) {
    const imageSets = await findImageSets(app, wanted)
    return {
      entityTag: tagOfMetadata(imageSets, wanted),
      json: () => jsonArray(objectsOf(app, { instances: instancesOf(app, { datastoreId, imageSets }), wanted })),
    }
  }
  const placed = await findInstance(app, { ...wanted, seriesInstanceUID, sopInstanceUID })
  const instances = [{ ...placed, seriesInstanceUID }]
  return { entityTag: tagOfMetadata(instances, wanted), json: () => jsonArray(objectsOf(app, { instances, wanted })) }
}

function tagOfMetadata(imageSets: readonly ImageSetVersion[], { sopInstanceUID, origin }: MetadataToWrite): string {
  const versions = imageSets.map(({ imageSetId, version }) => `${imageSetId}.${version}`)
  const text = [origin, sopInstanceUID ?? '', ...versions].join(' ')
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

type InstanceOfSeries = PlacedInstance & Pick<ImageSetOfSeries, 'seriesInstanceUID'>

interface Writing {
  readonly instances: AsyncIterable<InstanceOfSeries> | Iterable<InstanceOfSeries>
  readonly wanted: MetadataToWrite
}

async function* objectsOf(app: App, { instances, wanted }: Writing): AsyncGenerator<string> {
  const { datastoreId } = wanted
  let imageSetId: string | undefined
  let version: VersionReader | undefined
  let objects: InstanceObjects | undefined
  for await (const placed of instances) {
    if (placed.imageSetId !== imageSetId) {
      imageSetId = placed.imageSetId
      version = await openVersion(app, { datastoreId, imageSetId, version: placed.version })
      objects = new InstanceObjects(version.shared, largeBinaryName)
    }
    yield objectOf(placed, await version!.textOf(placed), { objects: objects!, uri: uriOf(wanted, placed) })
  }
}

const uriOf = (
  { origin, datastoreId, studyInstanceUID, imageSetId }: MetadataToWrite,
  { seriesInstanceUID, sopInstanceUID }: InstanceOfSeries,
) => ({
  before:
    `${origin}/datastore/${datastoreId}/studies/${studyInstanceUID}/series/${seriesInstanceUID}` +
    `/instances/${encodeURIComponent(sopInstanceUID)}`,
  after: imageSetId === undefined ? '' : `?imageSetId=${imageSetId}`,
})

interface ObjectWriting {
  readonly objects: InstanceObjects
  readonly uri: ReturnType<typeof uriOf>
}

function objectOf(placed: PlacedInstance, { text, overrides }: InstanceText, writing: ObjectWriting): string {
  const { objects, uri } = writing
  return objects.next({
    ...{ text, overrides, uri },
    addedOf(instance) {
      const syntax = uidElement('00020010', syntaxInFile(placed, instance))
      const pixels = pixelElementOf(placed, instance)
      if (pixels === undefined) return [syntax]
      return [syntax, bulkdataElement(pixels.tag, { vr: pixels.vr, uri, name: PIXEL_DATA_NAME })]
    },
  })
}
