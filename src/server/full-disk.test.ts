/** A disk that is really full under the audit log: a small file system in memory, which only root of Linux can mount. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateDatastoreCommand, ListDatastoresCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { startServer } from '../main.ts'
import { searchAudit } from '../security/audit/search-audit.ts'
import { verifyAudit } from '../security/audit/verify-audit.ts'
import { loadConfig } from './config.ts'

const mounts = (): string | undefined => {
  if (process.platform !== 'linux') return 'only Linux mounts file systems in memory'
  const folder = mkdtempSync(join(tmpdir(), 'hilum-mount-'))
  removeAtExit(folder)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'hilum', folder]).status !== 0) {
    return 'this user or container may not mount a file system'
  }
  spawnSync('umount', [folder])
  return undefined
}
const skip = mounts() ?? false

function mount(folder: string, size: string): void {
  mkdirSync(folder, { recursive: true })
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'hilum', folder]).status, 0)
}

/** Leaves less than a page. @returns frees it again */
function fill(folder: string): () => void {
  const path = join(folder, 'filler')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(path, Buffer.alloc(bavail * bsize))
  assert.equal(statfsSync(folder).bavail, 0)
  return () => rmSync(path)
}

test('while the disk of the audit log is full no request is answered, and afterwards no line is missing', {
  skip,
}, async (t) => {
  const above = mkdtempSync(join(tmpdir(), 'hilum-full-'))
  removeAtExit(above)
  const folder = join(above, 'data')
  const audit = join(folder, 'audit')
  mount(audit, '256k')
  const config = loadConfig({ cwd: above, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const starting = startServer(config, { log: silent })
  t.after(async () => {
    await starting.then((server) => server.stop()).finally(() => spawnSync('umount', [audit]))
  })
  const server = await starting
  const { endpoint, region, credentials } = server
  const client = new MedicalImagingClient({ endpoint, region, credentials, maxAttempts: 1 })
  t.after(() => client.destroy())
  const list = () => client.send(new ListDatastoresCommand({}))
  await list()
  const free = fill(audit)

  // The last page of the file has room for a few more lines.
  let answered = 1
  for (;;) {
    const error = await list().then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    if (error !== undefined) {
      assert.equal(error.name, 'ServiceUnavailableException')
      assert.match(error.message, /^The audit log cannot be written, so no request is served\. Its disk may be full/)
      break
    }
    answered += 1
    assert.ok(answered < 100)
  }
  const unavailable = { name: 'ServiceUnavailableException' }
  await assert.rejects(client.send(new CreateDatastoreCommand({ datastoreName: 'refused' })), unavailable)
  const readiness = await fetch(`${endpoint}/readyz`)
  assert.equal(readiness.status, 503)
  assert.match(await readiness.text(), /audit log/)

  free()
  for (;;) {
    const isReady = (await fetch(`${endpoint}/readyz`)).status === 200
    if (isReady) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await client.send(new CreateDatastoreCommand({ datastoreName: 'created' }))
  const { datastoreSummaries } = await list()
  assert.deepEqual(
    datastoreSummaries!.map(({ datastoreName }) => datastoreName),
    ['created'],
  )
  for await (const { fault, unfinishedLines } of verifyAudit(audit)) {
    assert.deepEqual([fault, unfinishedLines], [undefined, []])
  }
  const names: string[] = []
  for await (const { event } of searchAudit([audit], {})) names.push(event.eventName)
  // The request whose line did not fit was carried out; its line is there, and its answer was a 503.
  assert.equal(names.filter((name) => name === 'ListDatastores').length, answered + 2)
  assert.equal(names.filter((name) => name === 'CreateDatastore').length, 1)
  assert.equal(names.filter((name) => name === 'RefusedRequests').length, 1)
})
