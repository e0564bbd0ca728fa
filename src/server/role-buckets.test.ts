/** Import jobs with a role, on a server with a real S3 behind a proxy that records who signed each request. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openS3 } from '../fixtures/shared-servers.ts'
import { instanceOf } from '../jobs/imported-instances.fixture.ts'
import { startServer } from '../main.ts'
import { clientTo, s3IsMissing } from '../stores/blobs/s3/s3.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

const ROLE = 'arn:aws:iam::000000000000:role/import'
const skip = s3IsMissing ?? false

interface Seen {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly keyId: string
  readonly body: string
  readonly hasToken: boolean
}

/** Forwards to the S3 server unchanged, except for what `refuse` answers itself. */
async function startProxy(
  t: TestContext,
  target: string,
  refuse: (seen: Seen, response: ServerResponse) => boolean = () => false,
): Promise<{ readonly endpoint: string; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { authorization = '' } = request.headers
    const entry = {
      ...{ method: request.method!, url: request.url!, body: body.toString('latin1') },
      keyId: /Credential=([^/]+)/.exec(authorization)?.[1] ?? '',
      hasToken: request.headers['x-amz-security-token'] !== undefined,
    }
    seen.push(entry)
    if (refuse(entry, response)) return
    const { method, headers } = request
    const forwarded = httpRequest(new URL(request.url!, target), { method: method!, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    forwarded.on('error', () => response.destroy())
    forwarded.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const errorOf = (code: string, status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>refused</Message></Error>`)
}

async function start(t: TestContext, settings: { readonly roles?: object; readonly s3?: object }) {
  const above = mkdtempSync(join(tmpdir(), 'hilum-roles-'))
  removeAtExit(above)
  const [folder, file] = [join(above, 'data'), join(above, 'settings.json')]
  writeFileSync(file, JSON.stringify({ ...settings, encryption: 'none' }))
  writeFileSync(join(above, 'secret'), 'secret-of-the-role\n', { mode: 0o600 })
  const config = loadConfig({
    cwd: above,
    flags: { config: file, data: folder, 'log-level': 'error', port: '0', host: ['127.0.0.1'] },
  })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  t.after(() => server.stop())
  const { endpoint, region, credentials } = server
  const client = new MedicalImagingClient({ endpoint, region, credentials, maxAttempts: 1, disableHostPrefix: true })
  t.after(() => client.destroy())
  const { datastoreId } = await client.send(new CreateDatastoreCommand({}))
  const submit = async (uris: { input: string; output: string; role?: string }) => {
    const command = new StartDICOMImportJobCommand({
      ...{ datastoreId, clientToken: crypto.randomUUID(), dataAccessRoleArn: uris.role ?? ROLE },
      ...{ inputS3Uri: `s3://${uris.input}/`, outputS3Uri: `s3://${uris.output}/` },
    })
    return client.send(command)
  }
  /** The status and the message of the job at its end. */
  const run = async (uris: Parameters<typeof submit>[0]) => {
    const { jobId } = await submit(uris)
    for (;;) {
      const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
      const { jobStatus, message } = jobProperties!
      if (jobStatus === 'COMPLETED' || jobStatus === 'FAILED') return { jobStatus, message }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return { folder, submit, run }
}

describe('a job reads and writes its buckets', { skip }, () => {
  async function openBuckets(t: TestContext, refuse?: Parameters<typeof startProxy>[2]) {
    const s3 = await openS3()
    t.after(() => s3.stop())
    const [input, output] = [await s3.newBucket(), await s3.newBucket()]
    const client = clientTo(s3.place)
    await client.send(new PutObjectCommand({ Bucket: input, Key: '1.dcm', Body: instanceOf({ series: 1, number: 1 }) }))
    const outputKeys = async () => (await client.send(new ListObjectsV2Command({ Bucket: output }))).Contents ?? []
    const proxy = await startProxy(t, s3.place.endpoint, refuse)
    return { ...proxy, input, output, outputKeys, place: { ...s3.place, endpoint: proxy.endpoint } }
  }

  test('with the access key of its role, and never with the key of the server', async (t) => {
    const { seen, input, output, outputKeys, place } = await openBuckets(t)
    const s3 = { endpoint: place.endpoint, accessKeyId: 'KEYOFROLE', secretAccessKeyFile: 'secret' }
    const { run } = await start(t, { s3: { ...place, accessKeyId: 'KEYOFSERVER' }, roles: { [ROLE]: { s3 } } })
    assert.deepEqual(await run({ input, output }), { jobStatus: 'COMPLETED', message: undefined })
    assert.deepEqual([...new Set(seen.map(({ keyId }) => keyId))], ['KEYOFROLE'])
    assert.ok((await outputKeys()).some(({ Key }) => Key!.endsWith('job-output-manifest.json')))
  })

  test('with the session of a role that the server assumes', async (t) => {
    const { seen, input, output, place } = await openBuckets(t)
    const assumeRole = { externalId: 'hospital', endpoint: place.endpoint }
    const { run } = await start(t, {
      s3: { ...place, accessKeyId: 'KEYOFSERVER' },
      roles: { [ROLE]: { s3: { assumeRole } } },
    })
    assert.equal((await run({ input, output })).jobStatus, 'COMPLETED')
    const [asked, ...others] = seen
    assert.equal(asked!.keyId, 'KEYOFSERVER')
    const parameters = new URLSearchParams(asked!.body)
    assert.deepEqual(
      ['Action', 'RoleArn', 'RoleSessionName', 'ExternalId'].map((name) => parameters.get(name)),
      ['AssumeRole', ROLE, 'hilum', 'hospital'],
    )
    const ofBuckets = others.filter(({ body }) => !body.includes('Action=AssumeRole'))
    assert.ok(ofBuckets.length > 3)
    for (const { keyId, hasToken, url } of ofBuckets) assert.ok(keyId.startsWith('ASIA') && hasToken, url)
  })

  test('with the key of the server, if no role has credentials or buckets', async (t) => {
    const { seen, input, output, place } = await openBuckets(t)
    const roles = { [ROLE]: { policies: ['AWSHealthImagingReadOnlyAccess'] } }
    const { run } = await start(t, { s3: { ...place, accessKeyId: 'KEYOFSERVER' }, roles })
    const other = 'arn:aws:iam::000000000000:role/other'
    assert.equal((await run({ input, output, role: other })).jobStatus, 'COMPLETED')
    assert.deepEqual([...new Set(seen.map(({ keyId }) => keyId))], ['KEYOFSERVER'])
  })

  test('and fails with the reason where its role is denied the bucket', async (t) => {
    const { input, output, place } = await openBuckets(t, ({ method }, response) => {
      if (method !== 'HEAD') return false
      response.writeHead(403).end()
      return true
    })
    const s3 = { endpoint: place.endpoint, accessKeyId: 'KEYOFROLE', secretAccessKey: 'x' }
    const { run } = await start(t, { s3: place, roles: { [ROLE]: { s3 } } })
    assert.deepEqual(await run({ input, output }), {
      jobStatus: 'FAILED',
      message: `The input bucket cannot be used: Access to the bucket "${input}" is denied to the credentials of the role`,
    })
  })

  test('and fails with the reason where the server may not assume the role', async (t) => {
    const { input, output, place } = await openBuckets(t, ({ body }, response) => {
      if (!body.includes('Action=AssumeRole')) return false
      response.writeHead(403, { 'content-type': 'text/xml' })
      response.end(
        '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not trusted</Message></Error></ErrorResponse>',
      )
      return true
    })
    const roles = { [ROLE]: { s3: { assumeRole: { endpoint: place.endpoint } } } }
    const { run } = await start(t, { s3: place, roles })
    const { jobStatus, message } = await run({ input, output })
    assert.equal(jobStatus, 'FAILED')
    assert.match(message!, /^The input bucket cannot be used: The server may not assume the role that the job names/)
  })

  test('and fails with the reason where the role loses the right to write while the job runs', async (t) => {
    let puts = 0
    const { input, output, place } = await openBuckets(t, ({ method }, response) => {
      // The first is the check before anything is imported.
      if (method !== 'PUT' || ++puts === 1) return false
      errorOf('AccessDenied', 403)(response)
      return true
    })
    const s3 = { endpoint: place.endpoint, accessKeyId: 'KEYOFROLE', secretAccessKey: 'x' }
    const { run } = await start(t, { s3: place, roles: { [ROLE]: { s3 } } })
    assert.deepEqual(await run({ input, output }), {
      jobStatus: 'FAILED',
      message: 'The output location cannot be written',
    })
  })

  test('and is repeated while the service of roles or S3 is away', async (t) => {
    const away = { sts: 2, s3: 6 }
    const { input, output, place, seen } = await openBuckets(t, ({ method, body }, response) => {
      const which = body.includes('Action=AssumeRole') ? 'sts' : method === 'PUT' ? 's3' : undefined
      if (which === undefined || away[which] === 0) return false
      away[which] -= 1
      errorOf('ServiceUnavailable', 503)(response)
      return true
    })
    const roles = { [ROLE]: { s3: { assumeRole: { endpoint: place.endpoint } } } }
    const { run } = await start(t, { s3: place, roles })
    assert.equal((await run({ input, output })).jobStatus, 'COMPLETED')
    assert.deepEqual(away, { sts: 0, s3: 0 })
    assert.ok(seen.length > 8)
  })
})

describe('roles of buckets that are folders', () => {
  async function open(t: TestContext) {
    const opened = await start(t, { roles: { [ROLE]: { buckets: ['in-bucket', 'out-bucket'] } } })
    for (const bucket of ['in-bucket', 'out-bucket', 'other-bucket', 'hilum-import', 'hilum-import-output']) {
      mkdirSync(join(opened.folder, 'buckets', bucket), { recursive: true })
      writeFileSync(join(opened.folder, 'buckets', bucket, '1.dcm'), instanceOf({ series: 1, number: 1 }))
    }
    return opened
  }

  test('a role may use the buckets that it names, and uploads', async (t) => {
    const { run } = await open(t)
    assert.equal((await run({ input: 'in-bucket', output: 'out-bucket' })).jobStatus, 'COMPLETED')
    assert.equal((await run({ input: 'hilum-import', output: 'hilum-import-output' })).jobStatus, 'COMPLETED')
  })

  test('another bucket, and a role that is not configured, are refused before the job begins', async (t) => {
    const { submit } = await open(t)
    const role = 'arn:aws:iam::000000000000:role/other'
    for (const [uris, message] of [
      [
        { input: 'other-bucket', output: 'out-bucket' },
        /^Value at 'inputS3Uri' cannot be used: The role of the job may not use the bucket "other-bucket"$/,
      ],
      [
        { input: 'in-bucket', output: 'other-bucket' },
        /^Value at 'outputS3Uri' cannot be used: The role of the job may not use the bucket "other-bucket"$/,
      ],
      [
        { input: 'in-bucket', output: 'out-bucket', role },
        /^Value at 'inputS3Uri' cannot be used: The role of the job is not configured, so it may use no bucket$/,
      ],
    ] as const) {
      await assert.rejects(submit(uris), (error: Error) => {
        assert.equal(error.name, 'ValidationException')
        assert.match(error.message, message)
        return true
      })
    }
  })
})
