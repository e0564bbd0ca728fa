/** A server as a process, and commands that connect to it. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openClient } from '../client/client.ts'

function folderFor(_t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-serve-'))
  removeAtExit(folder)
  return folder
}

const SERVE = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']

async function serveIn(t: TestContext, cwd: string) {
  const server = startHilumProcess(t, SERVE, { cwd })
  const [, endpoint] = await server.printed(
    /^Hilum answers at (http:\S+) and keeps its data in \S+\/data\. Ctrl-C stops it\.$/m,
  )
  return { server, endpoint: endpoint!, port: new URL(endpoint!).port }
}

async function createDatastore(cwd: string, { endpoint, name }: { endpoint: string; name: string }): Promise<void> {
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const client = openClient({ endpoint, region: 'us-east-1', credentials })
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName: name }))
  const status = async () =>
    (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
  while ((await status()) !== 'ACTIVE') assert.notEqual(await status(), 'CREATE_FAILED')
  client.destroy()
}

const scan = (number: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.1.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.1',
      PatientID: 'P1',
    },
  })

test('serve prints its address, and a signal stops it cleanly', async (t) => {
  const cwd = folderFor(t)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { server } = await serveIn(t, cwd)
    server.child.kill(signal)
    assert.equal(await server.ended, 0)
    assert.ok(!readdirSync(join(cwd, 'data')).includes('server.lock'), 'the data folder is free again')
  }
})

test('a port in use and a data folder in use are refused with a message', async (t) => {
  const cwd = folderFor(t)
  const { port } = await serveIn(t, cwd)
  const second = startHilumProcess(t, ['serve', '--data', 'other', '--port', port, '--host', '127.0.0.1'], { cwd })
  assert.equal(await second.ended, 1)
  assert.match(second.output(), new RegExp(`^hilum: Port ${port} is already in use\\..*--port`, 'm'))
  const third = startHilumProcess(t, SERVE, { cwd })
  assert.equal(await third.ended, 1)
  assert.match(third.output(), /^hilum: A Hilum server \(process \d+\) is using the data folder/m)
})

test('plain HTTP beyond loopback is refused, unless it is allowed in as many words', async (t) => {
  const cwd = folderFor(t)
  const words = ['serve', '--data', 'data', '--port', '0']
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'ahi.example']) {
    const refused = startHilumProcess(t, [...words, '--host', '127.0.0.1', '--host', host], { cwd })
    assert.equal(await refused.ended, 2)
    const sentence = new RegExp(
      `^hilum: Hilum does not listen on ${host} without TLS: .*--tls-cert.*--allow-plain-http`,
      'm',
    )
    assert.match(refused.output(), sentence)
  }
  assert.deepEqual(readdirSync(cwd), [], 'nothing was created')
  const env = { HILUM_HOST: '0.0.0.0', HILUM_ALLOW_PLAIN_HTTP: 'true' }
  const allowed = startHilumProcess(t, words, { cwd, env })
  await allowed.printed(/^Hilum answers at http:\/\/127\.0\.0\.1:\d+ /m)
  const loopback = startHilumProcess(t, ['serve', '--data', 'other', '--port', '0', '--host', '127.0.0.2'], { cwd })
  await loopback.printed(/^Hilum answers at http:\/\/127\.0\.0\.2:\d+ /m)
})

test('import imports a folder, reports failures with their reason, and leaves the bucket empty', async (t) => {
  const cwd = folderFor(t)
  const { endpoint, port } = await serveIn(t, cwd)
  await createDatastore(cwd, { endpoint, name: 'mine' })
  mkdirSync(join(cwd, 'disc', 'scans'), { recursive: true })
  for (const number of [1, 2, 3]) writeFileSync(join(cwd, 'disc', 'scans', `${number}`), scan(number))

  const options = ['--datastore', 'mine', '--data', 'data', '--port', port]
  const good = startHilumProcess(t, ['import', 'disc', ...options], { cwd })
  assert.equal(await good.ended, 0, good.output())
  assert.match(good.output(), /^3 of 3 files imported into 1 image set in \d/m)

  writeFileSync(join(cwd, 'disc', 'readme.txt'), 'no DICOM')
  const mixed = startHilumProcess(t, ['import', 'disc', '--json', ...options], { cwd })
  assert.equal(await mixed.ended, 1)
  const report = JSON.parse(/^\{.*\}$/m.exec(mixed.output())![0])
  assert.deepEqual([report.status, report.scanned, report.imported, report.failed], ['COMPLETED', 4, 3, 1])
  assert.equal(report.failures[0].file, 'readme.txt')
  assert.match(report.failures[0].reason, /ValidationException/)
  assert.equal(report.reportPlace, `${endpoint}/console/datastores/${report.datastoreId}/imports/${report.jobId}`)

  assert.deepEqual(readdirSync(join(cwd, 'data', 'buckets', 'hilum-import')), [])
  assert.equal(readdirSync(join(cwd, 'disc', 'scans')).length, 3, 'the original files are kept')
})

test('a shell that evaluates the output of env has the variables of a client', async (t) => {
  const cwd = folderFor(t)
  const { port, endpoint } = await serveIn(t, cwd)
  const printed = startHilumProcess(t, ['env', '--data', 'data', '--port', port], { cwd })
  assert.equal(await printed.ended, 0)
  const script =
    'eval "$1"; printf "%s\\n" "$AWS_ENDPOINT_URL_MEDICAL_IMAGING" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"'
  const lines = execFileSync('sh', ['-c', script, 'sh', printed.output()], { encoding: 'utf8' }).split('\n')
  const key = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  assert.deepEqual(lines, [endpoint, key.accessKeyId, key.secretAccessKey, ''])
})

test('env prints DATASTORE_ID if there is exactly one data store, and an endpoint for C++ that serves all operations', async (t) => {
  const cwd = folderFor(t)
  const { server, port, endpoint } = await serveIn(t, cwd)
  const env = async (...words: string[]) => {
    const command = startHilumProcess(t, ['env', '--data', 'data', '--port', port, ...words], { cwd })
    assert.equal(await command.ended, 0, command.output())
    return command.output()
  }
  assert.doesNotMatch(await env(), /DATASTORE_ID/)
  await createDatastore(cwd, { endpoint, name: 'one' })
  const forCpp = await env('--shell', 'fish', '--for', 'cpp')
  const address = `http://runtime-hilum.localhost:${port}`
  assert.ok(forCpp.includes(`set -gx AWS_ENDPOINT_URL_MEDICAL_IMAGING '${address}'`), forCpp)
  const [, datastoreId] = /^set -gx DATASTORE_ID '([0-9a-z]{32})'$/m.exec(forCpp)!
  assert.equal(JSON.parse(await env('--json')).DATASTORE_ID, datastoreId)
  await createDatastore(cwd, { endpoint, name: 'two' })
  assert.doesNotMatch(await env(), /DATASTORE_ID/)

  const wrong = startHilumProcess(t, ['env', '--data', 'data', '--for', 'cobol'], { cwd })
  assert.equal(await wrong.ended, 2)
  server.child.kill('SIGTERM')
  await server.ended
  assert.match(await env(), /AWS_ACCESS_KEY_ID=/, 'the other variables are printed without a server')
})

test('doctor accepts a running server, and fails without one', async (t) => {
  const cwd = folderFor(t)
  const { server, port } = await serveIn(t, cwd)
  const words = ['doctor', '--json', '--data', 'data', '--port', port]
  const well = startHilumProcess(t, words, { cwd })
  assert.equal(await well.ended, 0, well.output())
  const states = (output: string) =>
    Object.fromEntries(
      JSON.parse(output).map((found: { subject: string; state: string }) => [found.subject, found.state]),
    )
  const { server: reached, clock, stores, 'data folder': folder, 'access key': key } = states(well.output())
  assert.deepEqual([reached, clock, stores, folder, key], ['ok', 'ok', 'ok', 'ok', 'ok'])

  server.child.kill('SIGTERM')
  await server.ended
  const ill = startHilumProcess(t, words, { cwd })
  assert.equal(await ill.ended, 1)
  assert.equal(states(ill.output()).server, 'fail')
})

test('doctor reports a missing key for S3, and the failure where there is a key', async (t) => {
  const cwd = folderFor(t)
  const { port } = await serveIn(t, cwd)
  const buckets = async (env: Record<string, string>) => {
    const words = ['doctor', '--json', '--data', 'data', '--port', port, '--s3-endpoint', 'http://127.0.0.1:9']
    // The SDK must find no key of this machine.
    const away = {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    }
    const command = startHilumProcess(t, words, { cwd, env: { ...away, ...env } })
    assert.equal(await command.ended, 1)
    return JSON.parse(command.output()).find((found: { subject: string }) => found.subject === 'buckets')
  }
  const without = await buckets({})
  assert.match(
    without.detail,
    /^there is no access key for S3: HILUM_S3_ACCESS_KEY_ID and HILUM_S3_SECRET_ACCESS_KEY are not/,
  )
  const withKey = await buckets({ HILUM_S3_ACCESS_KEY_ID: 'test', HILUM_S3_SECRET_ACCESS_KEY: 'secret-of-s3' })
  assert.match(
    withKey.detail,
    /^http:\/\/127\.0\.0\.1:9 does not answer: the S3 bucket cannot be reached \(ECONNREFUSED\)$/,
  )
})

test('hilum console prints a link that can be exchanged once for session credentials', async (t) => {
  const cwd = folderFor(t)
  const { endpoint, port } = await serveIn(t, cwd)
  const console = startHilumProcess(t, ['console', '--data', 'data', '--port', port], { cwd })
  const [, token] = await console.printed(/^http:\/\/127\.0\.0\.1:\d+\/console\/#open=([\w-]{43})$/m)
  assert.equal(await console.ended, 0)
  assert.match(console.output(), /It works once, until \d\d:\d\d, in a browser on the machine of the server/)
  const redeemed = await fetch(`${endpoint}/hilum/console-link/redeem`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  const session = (await redeemed.json()) as Readonly<Record<string, unknown>>
  const members = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expiresAt', 'principalArn']
  assert.deepEqual(Object.keys(session).sort(), members.sort())
  const { secretAccessKey } = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  assert.notEqual(session.secretAccessKey, secretAccessKey)
})
