/** DeleteDatastore: an ACTIVE, empty data store is deleted; all others are conflicts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DeleteDatastoreCommand,
  GetDatastoreCommand,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance, studies } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles, jobAtEnd, jobInput, startImport } from '../support/import.ts'
import { choice, documented } from '../support/sources.ts'

// Jobs run one after another.
const limits = { importJobsPerWorker: 1, importTurnMs: 3_600_000 }
const server = await openHilum({ partitions: 2, limits })
const { sdk } = server
const remove = (datastoreId: string) => sdk.send(new DeleteDatastoreCommand({ datastoreId }))

async function deletedDatastore(): Promise<string> {
  const datastoreId = await activeDatastore(sdk)
  await remove(datastoreId)
  await untilDatastore(sdk, { datastoreId, is: 'DELETED' })
  return datastoreId
}

test('an empty data store becomes DELETING and then DELETED', documented, async () => {
  const datastoreId = await activeDatastore(sdk)
  const { $metadata, ...answer } = await remove(datastoreId)
  assert.equal($metadata.httpStatusCode, 200)
  assert.deepEqual(answer, { datastoreId, datastoreStatus: 'DELETING' })
  await untilDatastore(sdk, { datastoreId, is: 'DELETED' })
})

test('a data store with image sets is not deleted', documented, async () => {
  const datastoreId = await activeDatastore(sdk)
  await importFiles(server, { datastoreId, files: { 'a.dcm': instance() } })
  await rejectsAs(remove(datastoreId), 'ConflictException', /image sets/)
  const { datastoreProperties } = await sdk.send(new GetDatastoreCommand({ datastoreId }))
  assert.equal(datastoreProperties!.datastoreStatus, 'ACTIVE')
})

test('a data store with a running import job is not deleted until the job has ended', choice, async () => {
  const [busy, behind] = [await activeDatastore(sdk), await activeDatastore(sdk)]
  // The second job waits while the first runs.
  const first = await startImport(server, { datastoreId: busy, files: studies({ from: 1, count: 2_000 }) })
  const second = await startImport(server, { datastoreId: behind, files: { 'note.txt': Buffer.from('no DICOM') } })
  await rejectsAs(remove(behind), 'ConflictException', /import job/)
  await jobAtEnd(server, { datastoreId: busy, jobId: first })
  await jobAtEnd(server, { datastoreId: behind, jobId: second })
  await remove(behind)
  await untilDatastore(sdk, { datastoreId: behind, is: 'DELETED' })
})

test('a deleted data store is a conflict', choice, async () => {
  await rejectsAs(remove(await deletedDatastore()), 'ConflictException', /DELETED/)
})

test('a deleted data store can be neither searched nor imported into', choice, async () => {
  const datastoreId = await deletedDatastore()
  await rejectsAs(sdk.send(new SearchImageSetsCommand({ datastoreId })), 'ConflictException', /ACTIVE/)
  await rejectsAs(sdk.send(new StartDICOMImportJobCommand(jobInput({ datastoreId }))), 'ConflictException', /ACTIVE/)
})

test('an unknown id is not found, and a malformed one is refused', documented, async () => {
  await rejectsAs(remove('0123456789abcdef0123456789abcdef'), 'ResourceNotFoundException')
  await rejectsAs(remove('XX'), 'ValidationException', /'datastoreId'/)
})
