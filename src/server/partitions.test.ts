/** A data store over two partitions, as clients see it: studies that move with an update, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CopyImageSetCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { rejectsAs } from '../../acceptance/support/errors.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { type ImageSet, importSeries, sendUpdate, settled, updated } from '../../acceptance/support/image-sets.ts'
import { equal, search, searchWithHeaders } from '../../acceptance/support/search.ts'
import { studyOf } from '../stores/partitioned/partitions.fixture.ts'

const server = await openHilum({ partitions: 2 })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)

let studies = 0
/** Another study at each call. */
const study = (partition: number): string => studyOf(partition, { of: 2, name: ++studies })

const partitionOf = ({ imageSetId }: ImageSet): number => Number.parseInt(imageSetId.slice(0, 3), 16)

/** An image set that may get another StudyInstanceUID: it is not primary, because its study has another patient. */
async function importDisagreeing(StudyInstanceUID: string): Promise<ImageSet> {
  await importSeries(server, { datastoreId, attributes: { StudyInstanceUID } })
  return importSeries(server, { datastoreId, attributes: { StudyInstanceUID, PatientID: 'OTHER' } })
}

const toStudy = (set: ImageSet, StudyInstanceUID: string) => ({
  ...{ ...set, latestVersionId: '1', force: true },
  set: { Study: { DICOM: { StudyInstanceUID } } },
})

const idsOf = async (DICOMStudyInstanceUID: string): Promise<readonly (string | undefined)[]> =>
  (await search(sdk, { datastoreId, searchCriteria: equal({ DICOMStudyInstanceUID }) })).map((row) => row.imageSetId)

test('an update to a study of another partition keeps it in that of the image set, for later imports too', async () => {
  const moved = await importDisagreeing(study(1))
  const to = study(2)
  await updated(sdk, toStudy(moved, to))
  assert.deepEqual(await idsOf(to), [moved.imageSetId])
  const later = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID: to, PatientID: 'OTHER' } })
  assert.equal(partitionOf(later), partitionOf(moved))
  assert.deepEqual((await idsOf(to)).toSorted(), [moved.imageSetId, later.imageSetId].toSorted())
})

test('an update to a study that another partition has is refused', async () => {
  const disagreeing = await importDisagreeing(study(1))
  const to = study(2)
  const there = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID: to } })
  assert.notEqual(partitionOf(there), partitionOf(disagreeing))
  await rejectsAs(sendUpdate(sdk, toStudy(disagreeing, to)), 'ValidationException', /Import its files/)
  assert.equal((await settled(sdk, disagreeing)).versionId, '1')
  assert.deepEqual(await idsOf(to), [there.imageSetId])
})

test('a copy into an image set of another partition is refused, and a copy of its own is not', async () => {
  const source = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID: study(1) } })
  const destination = await importSeries(server, { datastoreId, attributes: { StudyInstanceUID: study(2) } })
  const copy = (destinationImageSet?: { imageSetId: string; latestVersionId: string }) =>
    sdk.send(
      new CopyImageSetCommand({
        ...{ datastoreId, sourceImageSetId: source.imageSetId, force: true },
        copyImageSetInformation: { sourceImageSet: { latestVersionId: '1' }, destinationImageSet },
      }),
    )
  const into = { imageSetId: destination.imageSetId, latestVersionId: '1' }
  await rejectsAs(copy(into), 'ValidationException', /without destinationImageSet/)
  const { destinationImageSetProperties } = await copy()
  const made = { datastoreId, imageSetId: destinationImageSetProperties!.imageSetId! }
  assert.equal((await settled(sdk, made)).imageSetWorkflowStatus, 'COPIED')
  assert.equal(partitionOf(made), partitionOf(source))
})

test('a search for a study asks its partition on every page, and others ask all', async () => {
  const StudyInstanceUID = study(2)
  for (const PatientID of ['A', 'B', 'C']) {
    await importSeries(server, { datastoreId, attributes: { StudyInstanceUID, PatientID } })
  }
  const asked = async (searchCriteria: ReturnType<typeof equal> | undefined, nextToken?: string) => {
    const input = { datastoreId, searchCriteria, maxResults: 1, nextToken }
    const { page, explanation } = await searchWithHeaders(sdk, input, { 'x-hilum-explain': 'yes' })
    return { nextToken: page.nextToken, partitions: JSON.parse(explanation!).datastorePartitions as readonly number[] }
  }
  const ofStudy = equal({ DICOMStudyInstanceUID: StudyInstanceUID })
  const first = await asked(ofStudy)
  assert.deepEqual(first.partitions, [2])
  assert.deepEqual((await asked(ofStudy, first.nextToken)).partitions, [2])
  assert.deepEqual((await asked(undefined)).partitions, [1, 2])
})
