/**
 * Many concurrent clients on the same image sets: of conflicting requests one succeeds and the others are refused. The result is that of a
 * serial execution: consecutive versions, each made by one request from the version before.
 */
import assert from 'node:assert/strict'
import {
  CopyImageSetCommand,
  DeleteImageSetCommand,
  GetImageSetCommand,
  ListImageSetVersionsCommand,
  type MedicalImagingClient,
  type MedicalImagingServiceException,
} from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import type { TestServer } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { fetchMetadata, type MetadataDocument, seriesOf } from '../support/metadata.ts'
import { search } from '../support/search.ts'
import { until } from '../support/until.ts'
import { updateCommand } from './requests.ts'

const CLIENTS = 8
/** Per client. */
const REQUESTS = 12

/** A request of a client that was accepted. */
type Accepted =
  | {
      readonly kind: 'update'
      readonly imageSetId: string
      readonly version: number
      readonly name: string
      readonly ofStudy: boolean
    }
  | { readonly kind: 'revert'; readonly imageSetId: string; readonly version: number; readonly to: number }
  | { readonly kind: 'import'; readonly imageSetId: string; readonly version: number; readonly uid: string }
  | { readonly kind: 'copy'; readonly imageSetId: string; readonly source: string; readonly sourceVersion: number }
  | { readonly kind: 'delete'; readonly imageSetId: string }

/** The same numbers in every run, but not the same history: the order depends on the server. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

const file = (series: number, number: number) => {
  const SeriesInstanceUID = `2.25.1.${series}`
  return instance({ SeriesInstanceUID, SOPInstanceUID: `${SeriesInstanceUID}.${number}`, PatientName: 'Imported' })
}

async function latest(sdk: MedicalImagingClient, datastoreId: string, imageSetId: string): Promise<number> {
  return Number((await sdk.send(new GetImageSetCommand({ datastoreId, imageSetId }))).versionId)
}

/** Undefined where another client was faster. */
async function unlessOvertaken<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (cause) {
    const { name, message } = cause as MedicalImagingServiceException
    assert.ok(['ConflictException', 'ResourceNotFoundException'].includes(name), `${name}: ${message}`)
    return undefined
  }
}

interface Client {
  readonly server: TestServer
  readonly requests: number
  readonly datastoreId: string
  readonly number: number
  /** The image sets that all clients work on; the first two are primary and of one study. */
  readonly imageSets: readonly string[]
  readonly accepted: Accepted[]
}

async function runClient({ server, requests, datastoreId, number, imageSets, accepted }: Client): Promise<void> {
  const { sdk } = server
  const random = randomBelow(number * 7_919)
  const copies: string[] = []
  for (let request = 0; request < requests; request++) {
    const imageSetId = imageSets[random(imageSets.length)]!
    const what = random(10)
    const done = await unlessOvertaken(async (): Promise<Accepted | undefined> => {
      const version = await latest(sdk, datastoreId, imageSetId)
      const latestVersionId = String(version)
      if (what < 5) {
        const name = `Client^${number}^${request}`
        const ofStudy = what === 4 && imageSetId !== imageSets[2]
        const attributes = { SchemaVersion: '1.1', Patient: { DICOM: { PatientName: name } } }
        const updates = { DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify(attributes)) } }
        const input = { datastoreId, imageSetId, latestVersionId, updateImageSetMetadataUpdates: updates }
        const answer = await sdk.send(updateCommand(input, { includeStudyImageSets: ofStudy }))
        return { kind: 'update', imageSetId, version: Number(answer.latestVersionId), name, ofStudy }
      }
      if (what === 5) {
        const to = random(version) + 1
        const updates = { revertToVersionId: String(to) }
        const input = { datastoreId, imageSetId, latestVersionId, updateImageSetMetadataUpdates: updates }
        const answer = await sdk.send(updateCommand(input, { includeStudyImageSets: false }))
        return { kind: 'revert', imageSetId, version: Number(answer.latestVersionId), to }
      }
      if (what === 6) {
        const uid = 10_000 * number + request
        const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': file(1, uid) } })
        const [made] = manifest.imageSetsSummary
        return { kind: 'import', imageSetId: made!.imageSetId, version: made!.imageSetVersion, uid: `2.25.1.1.${uid}` }
      }
      if (what === 7 && copies.length > 0) {
        const copy = copies.pop()!
        await sdk.send(new DeleteImageSetCommand({ datastoreId, imageSetId: copy }))
        return { kind: 'delete', imageSetId: copy }
      }
      const copyImageSetInformation = { sourceImageSet: { latestVersionId } }
      const copying = new CopyImageSetCommand({ datastoreId, sourceImageSetId: imageSetId, copyImageSetInformation })
      const made = (await sdk.send(copying)).destinationImageSetProperties!.imageSetId!
      copies.push(made)
      return { kind: 'copy', imageSetId: made, source: imageSetId, sourceVersion: version }
    })
    if (done !== undefined) accepted.push(done)
  }
}

async function settled(sdk: MedicalImagingClient, datastoreId: string): Promise<void> {
  for (const { imageSetId } of await search(sdk, { datastoreId })) {
    await until(async () => {
      const { imageSetState } = await sdk.send(new GetImageSetCommand({ datastoreId, imageSetId: imageSetId! }))
      return imageSetState === 'LOCKED' ? undefined : true
    })
  }
}

/** All but the ids, which differ between image sets. */
function contentOf({ Patient, Study }: MetadataDocument) {
  return { Patient, Study }
}

function withoutOwnNames(content: ReturnType<typeof contentOf>): ReturnType<typeof contentOf> {
  const copy = structuredClone(content)
  for (const { Instances } of Object.values(copy.Study.Series)) {
    for (const { DICOM } of Object.values(Instances)) delete (DICOM as Record<string, unknown>).PatientName
  }
  return copy
}

const nameIn = ({ Patient }: MetadataDocument): unknown => Patient.DICOM.PatientName

/** @returns how many requests of each kind were accepted */
export async function interleave(server: TestServer, requests = REQUESTS): Promise<string> {
  const { sdk } = server
  const datastoreId = await activeDatastore(sdk)
  const other = instance({
    SeriesInstanceUID: '2.25.1.1',
    SOPInstanceUID: '2.25.1.9',
    PatientID: 'ANOTHER',
    PatientName: 'Imported',
  })
  const files = { '1.dcm': file(1, 1), '2.dcm': file(2, 1), '3.dcm': other }
  const { manifest } = await importFiles(server, { datastoreId, files })
  const imageSets = manifest.imageSetsSummary.map(({ imageSetId }) => imageSetId)
  const accepted: Accepted[] = []
  await Promise.all(
    Array.from({ length: CLIENTS }, (_, number) =>
      runClient({ server, requests, datastoreId, number: number + 1, imageSets, accepted }),
    ),
  )
  await until(async () => {
    await settled(sdk, datastoreId)
    return true
  })
  const counts = Map.groupBy(accepted, ({ kind }) => kind)
  // Which of the rarer kinds succeeds against seven others is chance.
  for (const kind of ['update', 'import'] as const) assert.ok(counts.has(kind), kind)

  const documents = new Map<string, MetadataDocument[]>()
  for (const imageSetId of imageSets) {
    const count = await latest(sdk, datastoreId, imageSetId)
    const all: MetadataDocument[] = []
    for (let version = 1; version <= count; version++) {
      all.push(await fetchMetadata(sdk, { datastoreId, imageSetId, versionId: String(version) }))
    }
    documents.set(imageSetId, all)
    const { imageSetPropertiesList } = await sdk.send(new ListImageSetVersionsCommand({ datastoreId, imageSetId }))
    assert.ok(imageSetPropertiesList!.every(({ imageSetState }) => imageSetState === 'ACTIVE'))
    for (let version = 2; version <= count; version++) {
      const [before, now] = [all[version - 2]!, all[version - 1]!]
      const told = accepted.filter(
        (each) =>
          each.kind !== 'copy' && each.kind !== 'delete' && each.imageSetId === imageSetId && each.version === version,
      )
      // Of a study update only the version of the named image set is returned.
      const ofStudies = accepted.filter((each) => each.kind === 'update' && each.ofStudy && each.name === nameIn(now))
      const makers = told.length > 0 ? told : ofStudies
      assert.equal(makers.length, 1, `version ${version} was made by one request`)
      const [maker] = makers
      if (maker!.kind === 'update') {
        // An update of patient, study or series applies to all instances, also to those with an override.
        const expected = withoutOwnNames(contentOf(before))
        assert.deepEqual(contentOf(now), {
          ...expected,
          Patient: { DICOM: { ...expected.Patient.DICOM, PatientName: maker!.name } },
        })
      } else if (maker!.kind === 'revert') {
        assert.deepEqual(contentOf(now), contentOf(all[maker!.to - 1]!))
      } else if (maker!.kind === 'import') {
        const [were, are] = [before, now].map((each) => Object.keys(seriesOf(each).Instances))
        assert.deepEqual(are!.sort(), [...were!, maker!.uid].sort())
        assert.equal(nameIn(now), 'Imported')
      }
    }
  }
  for (const each of accepted) {
    if (each.kind === 'update' && each.ofStudy) {
      const made = imageSets
        .slice(0, 2)
        .map((id) => documents.get(id)!.some((document) => nameIn(document) === each.name))
      assert.deepEqual(made, [true, true], 'a study changes as a whole')
    }
    if (each.kind === 'copy' && !accepted.some((one) => one.kind === 'delete' && one.imageSetId === each.imageSetId)) {
      const copy = await fetchMetadata(sdk, { datastoreId, imageSetId: each.imageSetId })
      assert.deepEqual(contentOf(copy), contentOf(documents.get(each.source)![each.sourceVersion - 1]!))
    }
  }
  return [...counts].map(([kind, all]) => `${all.length} × ${kind}`).join(', ')
}
