/** Changes image sets as a client does: imports them, updates them, and polls until asynchronous work has ended. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  DeleteImageSetCommand,
  GetImageSetCommand,
  type GetImageSetCommandOutput,
  type ImageSetProperties,
  type MedicalImagingClient,
  paginateListImageSetVersions,
  UpdateImageSetMetadataCommand,
  type UpdateImageSetMetadataCommandOutput,
} from '@aws-sdk/client-medical-imaging'
import { type Attributes, instance } from './fixtures.ts'
import type { TestServer } from './hilum.ts'
import { importFiles } from './import.ts'
import { until } from './until.ts'

export interface ImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
}

let studiesMade = 0

/** A StudyInstanceUID that no other test of the file uses. */
export const newStudy = (): string => `2.25.${1_000_000 + ++studiesMade}`

/** Instance n of a series, with an image of sixteen pixels; other attributes default as in `instance`. */
export const picture = (n: number, attributes: Attributes = {}): Uint8Array => {
  const series = attributes.SeriesInstanceUID ?? `${attributes.StudyInstanceUID}.1`
  return instance(
    {
      SOPInstanceUID: `${series}.${n}`,
      InstanceNumber: n,
      Rows: 4,
      Columns: 4,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      ...attributes,
    },
    { pixelData: { frames: [Uint8Array.from({ length: 16 }, (_, at) => (at * 16 + n) % 256)] } },
  )
}

/** Imports files that form one image set, in a separate job. */
export async function importSet(
  server: TestServer,
  { datastoreId, files }: { readonly datastoreId: string; readonly files: readonly Uint8Array[] },
): Promise<ImageSet> {
  const named = Object.fromEntries(files.map((bytes, at) => [`${String(at).padStart(5, '0')}.dcm`, bytes]))
  const { manifest } = await importFiles(server, { datastoreId, files: named })
  assert.equal(manifest.imageSetsSummary.length, 1, 'the files are of one image set')
  return { datastoreId, imageSetId: manifest.imageSetsSummary[0]!.imageSetId }
}

/** An image set with this many instances, in a new study unless the attributes name one. */
export function importSeries(
  server: TestServer,
  wanted: { readonly datastoreId: string; readonly count?: number; readonly attributes?: Attributes },
): Promise<ImageSet> {
  const { datastoreId, count = 2, attributes } = wanted
  const ofSeries = { StudyInstanceUID: newStudy(), ...attributes }
  const files = Array.from({ length: count }, (_, at) => picture(at + 1, ofSeries))
  return importSet(server, { datastoreId, files })
}

export type Properties = Omit<GetImageSetCommandOutput, '$metadata'>

export async function propertiesOf(
  sdk: MedicalImagingClient,
  wanted: ImageSet & { readonly versionId?: string },
): Promise<Properties> {
  const { $metadata: _, ...properties } = await sdk.send(new GetImageSetCommand(wanted))
  return properties
}

/** State, workflow status and version, which tests assert most. */
export const stateOf = ({ imageSetState, imageSetWorkflowStatus, versionId }: Properties) => [
  imageSetState,
  imageSetWorkflowStatus,
  versionId,
]

/** Its properties once no work on it is pending, whatever the outcome. */
export const settled = (sdk: MedicalImagingClient, { datastoreId, imageSetId }: ImageSet): Promise<Properties> =>
  until(async () => {
    const properties = await propertiesOf(sdk, { datastoreId, imageSetId })
    return properties.imageSetState === 'LOCKED' ? undefined : properties
  })

/** All versions through the official paginator, newest first. */
export async function versionsOf(
  sdk: MedicalImagingClient,
  set: ImageSet,
  pageSize = 50,
): Promise<ImageSetProperties[]> {
  const found: ImageSetProperties[] = []
  for await (const page of paginateListImageSetVersions({ client: sdk, pageSize }, { ...set })) {
    found.push(...page.imageSetPropertiesList!)
  }
  return found
}

/** For `updatableAttributes` and `removableAttributes`: any tree, as JSON. */
export const jsonBytes = (tree: unknown): Uint8Array => Buffer.from(JSON.stringify(tree))

export interface Update extends ImageSet {
  readonly latestVersionId: string
  readonly force?: boolean
  /** Trees as in the metadata document, without their SchemaVersion. */
  readonly set?: object
  readonly remove?: object
  readonly revertToVersionId?: string
}

/** Sends an update; does not wait for it. */
export const sendUpdate = (sdk: MedicalImagingClient, update: Update): Promise<UpdateImageSetMetadataCommandOutput> => {
  const { set, remove, revertToVersionId, ...request } = update
  const withSchema = (tree: object) => jsonBytes({ SchemaVersion: 1.1, ...tree })
  const updateImageSetMetadataUpdates =
    revertToVersionId === undefined
      ? {
          DICOMUpdates: {
            ...(set && { updatableAttributes: withSchema(set) }),
            ...(remove && { removableAttributes: withSchema(remove) }),
          },
        }
      : { revertToVersionId }
  return sdk.send(new UpdateImageSetMetadataCommand({ ...request, updateImageSetMetadataUpdates }))
}

/** Sends an update, waits for it, and asserts that it succeeded. @returns the properties of the new version */
export async function updated(sdk: MedicalImagingClient, update: Update): Promise<Properties> {
  const { latestVersionId } = await sendUpdate(sdk, update)
  const properties = await settled(sdk, update)
  assert.deepEqual(stateOf(properties), ['ACTIVE', 'UPDATED', latestVersionId], properties.message)
  return properties
}

/** Deletes an image set and waits until it is deleted. */
export async function deleted(sdk: MedicalImagingClient, set: ImageSet): Promise<Properties> {
  await sdk.send(new DeleteImageSetCommand(set))
  const properties = await settled(sdk, set)
  assert.equal(properties.imageSetState, 'DELETED', properties.message)
  return properties
}

/** An id that does not exist. */
export const nobody = (): string => randomUUID().replaceAll('-', '')
