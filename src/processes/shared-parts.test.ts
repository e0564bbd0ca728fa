/** What the processes of one server share: connections, links, throttles, rates, principals, metrics and the audit log. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { ListDatastoresCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { encodeP10 } from '../dicom/encode.ts'
import { type Served, serveProcesses, withoutProc } from './processes.fixture.ts'

const skip = withoutProc

const REPORT = {
  ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.11', Modality: 'SR', PatientID: 'P1' },
  ...{ StudyInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.3.1', SOPInstanceUID: '1.2.3.1.1' },
}

/** By the chain of the audit log: which process has served how many requests. */
function requestsByProcess({ dataFolder }: Served): number[] {
  const folder = join(dataFolder, 'audit')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(folder, name), 'utf8').split('"eventName":"ListDatastores"').length - 1)
}

/** On a connection of its own: fetch would take those that are open. */
async function postTo(url: string, body: string): Promise<{ readonly status: number }> {
  const sent = request(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return { status: response.statusCode! }
}

/** At the same time, so that every process has some of them. */
const statuses = (requests: readonly (() => Promise<{ readonly status: number }>)[]): Promise<number[]> =>
  Promise.all(requests.map(async (request) => (await request()).status))

test('connections go to all processes, which write one audit log and count in one place', { skip }, async (t) => {
  const served = await serveProcesses(t, { processes: 3 })
  assert.equal(served.pids('request-').length, 3)
  assert.equal(served.pids('jobs').length, 1)
  const clients = Array.from({ length: 12 }, () => served.client())
  for (let round = 0; round < 5; round++) {
    await Promise.all(clients.map((client) => client.send(new ListDatastoresCommand({}))))
  }
  assert.equal(await served.metric('hilum_requests_total{operation="ListDatastores"'), 60)
  assert.equal(await served.metric('hilum_processes{kind="request"'), 3)
  assert.equal(await served.metric('hilum_processes{kind="jobs"'), 1)
  assert.equal(await served.metric('hilum_requests_in_flight'), 1, 'this one')
  const counts = requestsByProcess(served)
  assert.equal(counts.length, 3)
  assert.ok(Math.min(...counts) >= 10, `each has some of them: ${counts}`)
  served.server.child.kill('SIGTERM')
  assert.equal(await served.server.ended, 0)
  const { code, output } = await served.run('audit', 'verify')
  assert.equal(code, 0, output)
  assert.equal(output.match(/is intact/g)?.length, 3, output)
  const found = await served.run('audit', 'search', '--event', 'ListDatastores', '--json')
  assert.equal(found.output.match(/"eventName":"ListDatastores"/g)?.length, 60)

  // With fewer processes, all chains are continued.
  const again = await serveProcesses(t, { processes: 2, cwd: join(served.dataFolder, '..') })
  again.server.child.kill('SIGTERM')
  assert.equal(await again.server.ended, 0)
  const verified = await again.run('audit', 'verify')
  assert.equal(verified.code, 0, verified.output)
  assert.equal(verified.output.match(/is intact/g)?.length, 3)
})

test('a console link is exchanged once, whichever processes are asked', { skip }, async (t) => {
  const served = await serveProcesses(t)
  for (let round = 0; round < 5; round++) {
    const { token } = (await (await served.signed({ method: 'POST', path: '/hilum/console-link' })).json()) as {
      token: string
    }
    const redeem = () => postTo(`${served.endpoint}/hilum/console-link/redeem`, JSON.stringify({ token }))
    const all = await statuses(Array(6).fill(redeem))
    assert.deepEqual(all.toSorted(), [200, 403, 403, 403, 403, 403])
  }
})

test('a download link works once, whichever processes are asked, and its token is in no log', { skip }, async (t) => {
  const served = await serveProcesses(t)
  const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type: string) =>
    served.signed({ method: 'POST', path, body, headers: { 'content-type': type } })
  const created = await post(
    '/datastore',
    JSON.stringify({ datastoreName: 'one', clientToken: 'one' }),
    'application/json',
  )
  const { datastoreId } = (await created.json()) as { readonly datastoreId: string }
  const file = new Uint8Array(encodeP10({ transferSyntaxUID: '1.2.840.10008.1.2.1', attributes: REPORT }))
  assert.equal((await post(`/datastore/${datastoreId}/studies`, file, 'application/dicom')).status, 200)
  const wanted = JSON.stringify({ datastoreId, items: [{ studyInstanceUID: REPORT.StudyInstanceUID }] })
  const { path } = (await (await post('/hilum/downloads', wanted, 'application/json')).json()) as {
    readonly path: string
  }
  const all = await statuses(Array(6).fill(() => fetch(served.endpoint + path)))
  assert.deepEqual(all.toSorted(), [200, 403, 403, 403, 403, 403])
  served.server.child.kill('SIGTERM')
  assert.equal(await served.server.ended, 0)
  const found = await served.run('audit', 'search', '--event', 'GetDownload', '--json')
  const lines = found.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.equal(lines.length, 6)
  const [read] = lines.filter(({ responseStatus }) => responseStatus === 200)
  assert.deepEqual([read.userIdentity.type, read.managementEvent], ['Root', false])
  assert.match(read.resources[0].ARN, new RegExp(`datastore/${datastoreId}$`))
  const token = path.split('/').at(-1)!
  for (const text of [served.server.output(), JSON.stringify(lines)]) assert.ok(!text.includes(token))
})

test("AWS's throttles are exact over all processes", { skip }, async (t) => {
  const served = await serveProcesses(t, { words: ['--aws-quotas'] })
  // 85 in a thousand seconds: none is refilled meanwhile.
  const create = () =>
    served.signed({
      ...{
        method: 'POST' as const,
        path: '/datastore',
        headers: { 'content-type': 'application/json' },
      },
      body: JSON.stringify({ datastoreName: 'one', clientToken: 'one' }),
    })
  const all = await statuses(Array(8).fill(create))
  assert.deepEqual(all.toSorted(), [200, 429, 429, 429, 429, 429, 429, 429])
})

test('the uploads of a key are counted over all processes', { skip }, async (t) => {
  const served = await serveProcesses(t, { limits: { uploadBytesPerKey: 5_000 } })
  const started = await served.signed({ method: 'POST', path: '/hilum/uploads' })
  const { uploadId } = (await started.json()) as { readonly uploadId: string }
  const put = (n: number) => () =>
    served.signed({ method: 'PUT', path: `/hilum/uploads/${uploadId}/${n}.dcm`, body: new Uint8Array(1_000) })
  const all = await statuses(Array.from({ length: 9 }, (_, n) => put(n)))
  assert.deepEqual(all.toSorted(), [204, 204, 204, 204, 204, 402, 402, 402, 402])
  await served.signed({ method: 'DELETE', path: `/hilum/uploads/${uploadId}` })
  assert.deepEqual(await statuses([put(1), put(2)]), [204, 204])
})

test('what one process takes of a rate, the others know soon', { skip }, async (t) => {
  // In two minutes none is refilled.
  const limits = {
    failedSignaturesPerMinutePerAddress: 1,
    failedSignatureBurstPerAddress: 20,
    requestBurstPerPrincipal: 30,
  }
  const served = await serveProcesses(t, { limits: { ...limits, requestsPerSecondPerPrincipal: 1 } })
  const clients = Array.from({ length: 6 }, () => served.client())
  const refused = async () => {
    const all = await Promise.allSettled(clients.map((client) => client.send(new ListDatastoresCommand({}))))
    return all.filter(({ status }) => status === 'rejected').length
  }
  let sent = 0
  while ((await refused()) < clients.length) {
    sent += clients.length
    await new Promise((resolve) => setTimeout(resolve, 250))
    assert.ok(sent < 600, 'the principal is refused by all processes')
  }
  // 30, one a second, and what was not told yet; two processes on their own would have let 60 through.
  assert.ok(sent <= 54, `${sent} requests`)
})

test('a principal that changes is changed in all processes at once', { skip }, async (t) => {
  const served = await serveProcesses(t, { processes: 3 })
  const policies = [{ policyName: 'AWSHealthImagingReadOnlyAccess' }]
  const created = await served.signed({
    ...{ method: 'POST', path: '/hilum/principals', body: JSON.stringify({ principalName: 'mary', policies }) },
  })
  const mary = (await created.json()) as { readonly accessKeyId: string; readonly secretAccessKey: string }
  const clients = Array.from({ length: 6 }, () => served.client(1, mary))
  const outcomes = () =>
    Promise.all(
      clients.map((client) =>
        client.send(new ListDatastoresCommand({})).then(
          () => 'listed',
          (error: Error) => error.name,
        ),
      ),
    )
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(new Set(await outcomes()), new Set(['listed']))
    await served.signed({ method: 'POST', path: '/hilum/principals/mary/disable' })
    const disabled = await outcomes()
    assert.ok(!disabled.includes('listed'), `${disabled}`)
    await served.signed({ method: 'POST', path: '/hilum/principals/mary/enable' })
  }
})

test('every log line names its process', { skip }, async (t) => {
  const served = await serveProcesses(t, { words: ['--log-level', 'debug'] })
  await activeDatastore(served.client())
  // Written after the answer.
  await served.server.printed(/"msg":"request".*\n/)
  const named = served.server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"msg":"request"'))
  assert.ok(named.length > 0)
  for (const line of named) assert.match(JSON.parse(line).process, /^request-[12]$/)
})
