/**
 * GetDICOMInstanceMetadata, GetDICOMSeriesMetadata and the metadata of a study: the attributes of instances in the DICOM JSON model, written
 * instance by instance. Pixel data and large binary values are named by a URI, which GetDICOMBulkdata serves.
 */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import { type MetadataToWrite, PIXEL_DATA_NAME, type RetrievedMetadata } from '../../contract/dicomweb.ts'
import { NO_SURROUNDINGS, type Surroundings, surroundingsIn, tagNamed } from '../../imaging/documents/document-vrs.ts'
import {
  bulkdataElement,
  elementsOf,
  type JsonElement,
  objectOfElements,
  uidElement,
} from '../../imaging/documents/write-dicom-json.ts'
import { largeBinaryName } from '../../ingest/large-binary-name.ts'
import type { ImageSetOfSeries, ImageSetVersion, PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { type InstanceOfVersion, openVersion, type VersionReader } from '../../versions/read-instance.ts'
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
  let shared: SharedElements | undefined
  for await (const placed of instances) {
    if (placed.imageSetId !== imageSetId) {
      imageSetId = placed.imageSetId
      version = await openVersion(app, { datastoreId, imageSetId, version: placed.version })
      shared = sharedElements(version)
    }
    const instanceUri = uriOf(wanted, placed)
    yield objectOf(placed, { instance: await version!.instance(placed), shared: shared!, instanceUri })
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

type SharedElements = (around: Surroundings) => readonly JsonElement[]

/** The elements of patient, study and series are the same for all instances with the same kind of pixels. */
function sharedElements({ shared }: VersionReader): SharedElements {
  const byPixels = new Map<string, readonly JsonElement[]>()
  return (around) => {
    const key = `${around.isSigned} ${around.bitsAllocated}`
    let elements = byPixels.get(key)
    if (elements === undefined) {
      // Their values are short, so that none is named by a URI.
      elements = elementsOf(shared, { vrs: {}, around, uri: { before: '', after: '' }, nameOf: largeBinaryName })
      byPixels.set(key, elements)
    }
    return elements
  }
}

interface ObjectWriting {
  readonly instance: InstanceOfVersion
  readonly shared: SharedElements
  readonly instanceUri: ReturnType<typeof uriOf>
}

function objectOf(placed: PlacedInstance, { instance, shared, instanceUri: uri }: ObjectWriting): string {
  const { own, vrs, absent } = instance
  const around = surroundingsIn(own, NO_SURROUNDINGS)
  const elements = elementsOf(own, { vrs, around, uri, nameOf: largeBinaryName })
  const taken = new Set(elements.map(({ tag }) => tag))
  for (const key of absent) taken.add(tagNamed(key) ?? key)
  for (const element of shared(around)) if (!taken.has(element.tag)) elements.push(element)
  elements.push(uidElement('00020010', syntaxInFile(placed, instance)))
  const pixels = pixelElementOf(placed, instance)
  if (pixels !== undefined) elements.push(bulkdataElement(pixels.tag, { vr: pixels.vr, uri, name: PIXEL_DATA_NAME }))
  return objectOfElements(elements)
}
