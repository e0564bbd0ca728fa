// The tests of the application, against a Hilum in this process: a free port, everything in memory, gone at the end.
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { startHilum } from 'hilum/testing'
import { dicomFile } from './dicom-file.js'
import { worklistOf } from './worklist.js'

const hilum = await startHilum()
const client = new MedicalImagingClient(hilum.client)
afterEach(() => hilum.reset())
after(async () => {
  client.destroy()
  await hilum.stop()
})

async function newDatastore() {
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: 'clinic' }))
  const get = () => client.send(new GetDatastoreCommand({ datastoreId }))
  while ((await get()).datastoreProperties.datastoreStatus !== 'ACTIVE') await setTimeout(10)
  return datastoreId
}

/** Imports files as the application's users do: from a bucket, by a job. */
async function importFiles(datastoreId, files) {
  await hilum.createBucket('reports')
  for (const [key, bytes] of Object.entries(files)) await hilum.putObject('scans', key, bytes)
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      datastoreId,
      dataAccessRoleArn: 'arn:aws:iam::123456789012:role/import',
      inputS3Uri: 's3://scans/',
      outputS3Uri: 's3://reports/',
    }),
  )
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    if (jobProperties.endedAt !== undefined) return jobProperties
    await setTimeout(10)
  }
}

test('the worklist has the studies of its day, newest first', async () => {
  const datastoreId = await newDatastore()
  const job = await importFiles(datastoreId, {
    'a.dcm': dicomFile({ study: '2.25.1', date: '20260131', time: '081500', patientId: 'P1', description: 'Chest' }),
    'b.dcm': dicomFile({ study: '2.25.2', date: '20260131', time: '174500', patientId: 'P2', description: 'Knee' }),
    'c.dcm': dicomFile({ study: '2.25.3', date: '20260201', time: '000000', patientId: 'P3', description: 'Head' }),
  })
  assert.equal(job.jobStatus, 'COMPLETED')
  assert.deepEqual(await worklistOf(client, { datastoreId, day: '20260131' }), ['174500 P2 Knee', '081500 P1 Chest'])
})

test('a day without studies has an empty worklist', async () => {
  assert.deepEqual(await worklistOf(client, { datastoreId: await newDatastore(), day: '20260131' }), [])
})
