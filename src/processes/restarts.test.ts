/** Processes of a server that are killed, do not answer, take too much memory, or are replaced: what their clients see of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { connect } from 'node:tls'
import { GetDatastoreCommand, type MedicalImagingClient, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { newStudy, picture } from '../../acceptance/support/image-sets.ts'
import { MULTIPART, multipart, storePath } from '../../acceptance/support/store.ts'
import { until } from '../../acceptance/support/until.ts'
import { openAuthority } from '../fixtures/certificates.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { runs } from '../fixtures/soak.ts'
import { hasEnded, type Served, serveProcesses, withoutProc } from './processes.fixture.ts'

const skip = withoutProc
const CLIENTS = 8

/** Between two requests of a client: without it the clients would take the processors from the processes that start. */
const PAUSE_MS = 30

/** Clients with a connection each, which ask again and again until they are stopped. */
function startLoad(served: Served, datastoreId: string, pauseMs = PAUSE_MS) {
  let isOver = false
  let answers = 0
  const failures: string[][] = []
  const ask = (client: MedicalImagingClient) =>
    Math.random() < 0.5
      ? client.send(new GetDatastoreCommand({ datastoreId }))
      : client.send(new SearchImageSetsCommand({ datastoreId }))
  const ended = Promise.all(
    Array.from({ length: CLIENTS }, async (_, at) => {
      const client = served.client()
      const own: string[] = []
      failures[at] = own
      while (!isOver) {
        await ask(client).then(
          () => {
            answers += 1
          },
          (error: Error) => own.push(`${error.name}: ${error.message}`),
        )
        await setTimeout(pauseMs)
      }
    }),
  )
  return {
    /** Resolves when so many more requests were answered. */
    async answered(more: number) {
      for (const from = answers; answers < from + more; ) await setTimeout(5)
    },
    /** Of each client. */
    async stop() {
      isOver = true
      await ended
      return failures
    },
  }
}

const store = (served: Served, datastoreId: string, files: readonly Uint8Array[]) =>
  served.signed({
    ...{ method: 'POST', path: storePath({ datastoreId }), body: new Uint8Array(multipart(...files)) },
    headers: { 'content-type': MULTIPART },
  })

const storedSeries = async (client: MedicalImagingClient, datastoreId: string, study: string) => {
  const values = [{ DICOMStudyInstanceUID: study }]
  const searchCriteria = { filters: [{ operator: 'EQUAL' as const, values }] }
  const found = await client.send(new SearchImageSetsCommand({ datastoreId, searchCriteria }))
  return found.imageSetsMetadataSummaries!.length
}

test('no request fails when the process for jobs is killed, and store requests go to the next one', {
  skip,
}, async (t) => {
  const served = await serveProcesses(t)
  const datastoreId = await activeDatastore(served.client())
  const load = startLoad(served, datastoreId)
  let jobs = served.pids('jobs')
  for (let round = 0; round < runs(3); round++) {
    const study = newStudy()
    const files = [1, 2].map((n) => picture(n, { StudyInstanceUID: study }))
    await load.answered(20)
    process.kill(jobs[0]!, 'SIGKILL')
    const stored = await store(served, datastoreId, files)
    // One that was under way when it was killed may be sent again.
    if (stored.status !== 200) {
      assert.deepEqual([stored.status, stored.headers.get('retry-after')], [503, '5'])
      assert.equal((await store(served, datastoreId, files)).status, 200)
    }
    assert.equal(await storedSeries(served.client(), datastoreId, study), 1)
    jobs = await served.untilPids('jobs', 1, jobs)
  }
  assert.deepEqual((await load.stop()).flat(), [])
  assert.ok((await served.metric('hilum_process_restarts_total{kind="jobs"')) >= 3)
  assert.match(served.server.output(), /the process jobs has ended; another one takes its place/)
})

test('when a process that serves requests is killed, only requests on its connections fail', { skip }, async (t) => {
  const served = await serveProcesses(t)
  const datastoreId = await activeDatastore(served.client())
  const load = startLoad(served, datastoreId, 0)
  const rounds = runs(3)
  for (let round = 0; round < rounds; round++) {
    await load.answered(100)
    const before = served.pids('request-')
    process.kill(before[round % 2]!, 'SIGKILL')
    await served.untilPids('request-', 2, [before[round % 2]!])
  }
  await load.answered(100)
  const failures = await load.stop()
  assert.ok(failures.flat().length > 0, 'some were under way')
  // Its connection is open to one process at a time.
  for (const own of failures) assert.ok(own.length <= rounds, own.join('\n'))
  for (const failure of failures.flat()) assert.match(failure, /ECONNRESET|socket hang up|EPIPE|aborted/)
  const { output, code } = await served.run('audit', 'verify')
  assert.equal(code, 0, output)
})

test('SIGHUP replaces all processes, and no request fails', { skip }, async (t) => {
  const served = await serveProcesses(t, { limits: { replacedIdleMs: 500 } })
  const datastoreId = await activeDatastore(served.client())
  const link = (await (await served.signed({ method: 'POST', path: '/hilum/console-link' })).json()) as object
  const load = startLoad(served, datastoreId)
  const before = await served.metric('hilum_requests_total{operation="GetDatastore"')
  const names = ['request-1', 'request-2', 'jobs']
  for (let round = 1; round <= runs(2); round++) {
    await load.answered(50)
    const old = names.flatMap((name) => served.pids(name))
    served.server.child.kill('SIGHUP')
    await served.server.printed(new RegExp(`(every process was restarted[^]*){${round}}`))
    for (const name of names) await served.untilPids(name, 1, old)
  }
  await load.answered(50)
  assert.deepEqual((await load.stop()).flat(), [])
  assert.ok((await served.metric('hilum_requests_total{operation="GetDatastore"')) > before, 'no count was lost')
  assert.equal(await served.metric('hilum_process_restarts_total'), 0)
  const redeemed = await fetch(`${served.endpoint}/hilum/console-link/redeem`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(link) },
  })
  assert.equal(redeemed.status, 200, 'a link from before')
  const { code, output } = await served.run('audit', 'verify')
  assert.equal(code, 0, output)
})

test('when the primary is killed all processes end, and the next server starts in the folder', { skip }, async (t) => {
  const served = await serveProcesses(t)
  const datastoreId = await activeDatastore(served.client())
  const pids = ['request-', 'jobs'].flatMap((name) => served.pids(name))
  assert.equal(pids.length, 3)
  const study = newStudy()
  assert.equal((await store(served, datastoreId, [picture(1, { StudyInstanceUID: study })])).status, 200)
  served.server.child.kill('SIGKILL')
  await served.server.ended
  // A process that ends closes its output a moment before.
  for (const pid of pids) while (!hasEnded(pid)) await setTimeout(10)
  const next = await serveProcesses(t, { cwd: join(served.dataFolder, '..') })
  assert.equal(await storedSeries(next.client(), datastoreId, study), 1)
  assert.deepEqual(
    readdirSync(served.dataFolder).filter((name) => name.endsWith('.sock')),
    ['jobs-1.sock'],
  )
  const { code, output } = await next.run('audit', 'verify')
  assert.equal(code, 0, output)
})

test('a process that does not answer is replaced', { skip }, async (t) => {
  const served = await serveProcesses(t, { limits: { processSilenceMs: 2_000 } })
  const silent = served.pids('request-1')
  process.kill(silent[0]!, 'SIGSTOP')
  await served.untilPids('request-1', 1, silent)
  await served.server.printed(/it did not answer for limits\.processSilenceMs/)
})

test('a process for jobs that takes too much memory is ended, and requests are served', { skip }, async (t) => {
  const served = await serveProcesses(t, { limits: { jobsMemoryBytes: 1 } })
  await served.server.printed(/its resident memory exceeded limits\.jobsMemoryBytes/)
  const client = served.client()
  const datastoreId = await activeDatastore(client)
  assert.equal((await client.send(new SearchImageSetsCommand({ datastoreId }))).imageSetsMetadataSummaries!.length, 0)
  served.server.child.kill('SIGTERM')
  assert.equal(await served.server.ended, 0)
})

test('a server that cannot listen says so, and nothing of it stays', { skip }, async (t) => {
  const served = await serveProcesses(t)
  const { port } = new URL(served.endpoint)
  const words = ['serve', '--data', 'other', '--port', port, '--host', '127.0.0.1', '--processes', '2']
  const { startHilumProcess } = await import('../fixtures/hilum-process.ts')
  const other = startHilumProcess(t, words, { cwd: join(served.dataFolder, '..') })
  assert.equal(await other.ended, 1)
  assert.match(other.output(), /^hilum: Port \d+ is already in use\. Stop the program that uses it/m)
  const same = await served.run('serve', '--processes', '2')
  assert.equal(same.code, 1)
  assert.match(same.output, /^hilum: A Hilum server \(process \d+\) is using the data folder/m)
})

test('all processes use a certificate that changes', { skip }, async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-processes-tls-'))
  removeAtExit(cwd)
  const authority = openAuthority()
  const renew = (name: string) => {
    const { cert, key } = authority.issue([name, `runtime-${name}`])
    writeFileSync(join(cwd, 'tls.crt'), cert)
    writeFileSync(join(cwd, 'tls.key'), key, { mode: 0o600 })
  }
  renew('one.example')
  const served = await serveProcesses(t, {
    ...{ cwd, env: { HILUM_TLS_CERT: 'tls.crt', HILUM_TLS_KEY: 'tls.key' }, limits: { certificateCheckMs: 200 } },
  })
  const { port } = new URL(served.endpoint)
  const nameOf = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port: Number(port),
        ca: authority.cert,
        checkServerIdentity: () => undefined,
      })
      socket.on('secureConnect', () => {
        resolve(String(socket.getPeerCertificate().subjectaltname))
        socket.destroy()
      })
      socket.on('error', reject)
    })
  const namesOf = async () => new Set(await Promise.all(Array.from({ length: 8 }, nameOf)))
  assert.deepEqual([...(await namesOf())].length, 1)
  renew('two.example')
  await until(async () => {
    const names = [...(await namesOf())]
    return names.length === 1 && names[0]!.includes('two.example') ? true : undefined
  })
  await served.server.printed(/using the new certificate/)
  served.server.child.kill('SIGTERM')
  assert.equal(await served.server.ended, 0)
  assert.equal(served.server.output().match(/using the new certificate/g)?.length, 1, 'once for all processes')
})
