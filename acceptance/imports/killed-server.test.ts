/** A server that was killed continues its import jobs when it starts again. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { GetDICOMImportJobCommand, StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import { instance } from '../support/fixtures.ts'
import { newStore, prepare } from '../support/server-process.ts'
import { choice } from '../support/sources.ts'

const FILES = 100

test(
  'an import job continues at the next start, although the lease of the killed server has not expired',
  choice,
  async (t) => {
    // A lease of an hour: the test would wait as long.
    const { folder, start, verify } = await prepare(t, { importFilesPerBatch: 1, importLeaseMs: 3_600_000 })
    for (const bucket of ['in-bucket', 'out-bucket']) mkdirSync(join(folder, 'buckets', bucket), { recursive: true })
    for (let n = 0; n < FILES; n++) {
      writeFileSync(join(folder, `buckets/in-bucket/${n}.dcm`), instance({ SOPInstanceUID: `2.25.1.1.${n}` }))
    }
    const killed = await start()
    const datastoreId = await newStore(killed)
    const { jobId } = await killed.sdk.send(
      new StartDICOMImportJobCommand({
        ...{ datastoreId, dataAccessRoleArn: 'arn:aws:iam::000000000000:role/import' },
        ...{ inputS3Uri: 's3://in-bucket/', outputS3Uri: 's3://out-bucket/' },
      }),
    )
    const jobOf = async ({ sdk }: typeof killed) =>
      (await sdk.send(new GetDICOMImportJobCommand({ datastoreId, jobId: jobId! }))).jobProperties!
    while ((await jobOf(killed)).jobStatus === 'SUBMITTED') await new Promise((resolve) => setTimeout(resolve, 1))
    killed.child.kill('SIGKILL')
    await killed.ended

    const next = await start()
    let job = await jobOf(next)
    for (; job.jobStatus === 'IN_PROGRESS'; job = await jobOf(next)) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(job.jobStatus, 'COMPLETED', job.message)
    next.child.kill('SIGTERM')
    await next.ended
    await verify()
  },
)
