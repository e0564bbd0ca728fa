/** A real S3 server for tests: moto, if it is installed. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { freePort } from '../../../fixtures/free-port.ts'
import type { S3Limits } from './s3-deadlines.ts'
import { openS3Client, type S3Server } from './s3-locations.ts'

/** Why tests with S3 are skipped on this machine; undefined if they run. */
export const s3IsMissing: string | undefined =
  spawnSync('moto_server', ['--help']).status === 0
    ? undefined
    : 'moto_server (pip install "moto[server]") is not installed'

/** Long, because moto has one thread and test machines are busy. */
export const S3_TEST_LIMITS: S3Limits = {
  s3ConnectTimeoutMs: 20_000,
  s3SilenceTimeoutMs: 60_000,
  s3BytesPerSecondMin: 128 * 1024,
  s3Connections: 64,
}

/** A client for inspecting a bucket. */
export const clientTo = (place: S3Server): S3Client => openS3Client(place, S3_TEST_LIMITS, { silenceTimeoutMs: 0 })

export interface TestS3 {
  readonly place: {
    readonly endpoint: string
    readonly region: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
  stop(): Promise<void>
}

/** @param buckets names of buckets to create */
export async function startS3(buckets: readonly string[], host = '127.0.0.1'): Promise<TestS3> {
  const port = await freePort()
  const server = spawn('moto_server', ['-H', host, '-p', String(port)], { stdio: 'ignore' })
  const place = {
    endpoint: `http://${host}:${port}`,
    region: 'us-east-1',
    accessKeyId: 'test',
    secretAccessKey: 'test',
  }
  while (!(await responds(place.endpoint))) {
    assert.equal(server.exitCode, null, 'moto_server runs')
    await setTimeout(100)
  }
  for (const Bucket of buckets) await clientTo(place).send(new CreateBucketCommand({ Bucket }))
  return {
    place,
    async stop() {
      server.kill()
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}

const responds = (url: string) =>
  fetch(url)
    .then(() => true)
    .catch(() => false)
