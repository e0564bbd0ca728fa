/** Import jobs run beside each other: a small one need not wait for large ones, in its data store or in another. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { INPUT, jobAtEnd, makeBuckets, reportOf, startJob } from '../support/import.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum({ limits: { importTurnMs: 20, importFilesPerBatch: 32 } })
const { sdk, hilum } = server

const MANY = 800
const FEW = 10

async function putFiles(study: number, count: number): Promise<void> {
  const StudyInstanceUID = `2.25.${study}`
  for (let n = 0; n < count; n++) {
    const attributes = { StudyInstanceUID, SOPInstanceUID: `${StudyInstanceUID}.1.${n}`, InstanceNumber: n }
    await hilum.putObject(INPUT, `${study}/${String(n).padStart(4, '0')}.dcm`, instance(attributes))
  }
}

test(
  'ten files of the same data store, and of another, are imported while two jobs of many files are IN_PROGRESS',
  choice,
  async () => {
    const [store, other] = [await activeDatastore(sdk), await activeDatastore(sdk)]
    await makeBuckets(hilum)
    for (const [study, count] of [MANY, MANY, FEW, FEW].entries()) await putFiles(study, count)
    const start = async (datastoreId: string, study: number) => {
      const jobId = await startJob(server, { datastoreId, inputS3Uri: `s3://${INPUT}/${study}/` })
      return { datastoreId, jobId }
    }
    const many = [await start(store, 0), await start(store, 1)]
    const few = [await start(store, 2), await start(other, 3)]
    const endedAt: number[] = []
    for (const [index, job] of [...many, ...few].entries()) {
      const ended = await jobAtEnd(server, job)
      assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
      endedAt.push(ended.endedAt!.getTime())
      const { manifest, success } = await reportOf(hilum, ended)
      const count = index < many.length ? MANY : FEW
      assert.deepEqual([manifest.numberOfScannedFiles, manifest.numberOfImportedFiles], [count, count])
      assert.equal(new Set(success!.map(({ inputFile }) => inputFile)).size, count)
    }
    // By the times of the server: a client that asks now and then learns of it later.
    const lastOfFew = Math.max(...endedAt.slice(many.length))
    assert.ok(lastOfFew < Math.min(...endedAt.slice(0, many.length)), `they ended at ${endedAt.join(', ')}`)
  },
)
