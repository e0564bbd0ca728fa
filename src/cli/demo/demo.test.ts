/** Several starts of the demo: interrupted, resumed, and complete. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { ohifFolder } from './ohif/fetch-ohif.ts'

test('an interrupted first start is resumed, and a later one shows the same data store at once', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-demo-'))
  removeAtExit(cwd)
  const start = (...flags: string[]) =>
    startHilumProcess(t, ['demo', '--port', '0', '--host', '127.0.0.1', ...flags], { cwd })

  const interrupted = start()
  await interrupted.printed(/^Drawing synthetic studies \.\.\.$/m)
  interrupted.child.kill('SIGINT')
  assert.equal(await interrupted.ended, 0)
  assert.match(interrupted.output(), /the next start resumes/)
  assert.equal(existsSync(join(cwd, 'hilum-data', 'server.lock')), false)

  const whole = start()
  const [, datastoreId] = await whole.printed(/data store +([0-9a-f]{32}) {2}demo\n/)
  await whole.printed(/imports your own files/)
  assert.match(whole.output(), /^Importing \.\.\.$/m)
  assert.match(whole.output(), /searched with the official JavaScript SDK in \d+ ms:\n.*\n {2}\d{4}-\d\d-\d\d /)
  whole.child.kill('SIGINT')
  assert.equal(await whole.ended, 0)

  const again = start('--json')
  const shown = JSON.parse((await again.printed(/^\{.*\}\n/m))[0])
  assert.equal(shown.datastoreId, datastoreId)
  assert.equal(shown.report.imported, shown.report.scanned)
  assert.ok(shown.report.imported > 1_600 && shown.report.imageSets >= 420)
  assert.ok(shown.search.studies.length > 0)
  assert.doesNotMatch(again.output(), /Drawing|Importing/)
  again.child.kill('SIGTERM')
  assert.equal(await again.ended, 0)

  // In place of OHIF, a page that this test writes: console/e2e/ohif.test.ts opens OHIF itself.
  const env = { XDG_CACHE_HOME: join(cwd, 'cache') }
  mkdirSync(ohifFolder(env), { recursive: true })
  writeFileSync(join(ohifFolder(env), 'index.html'), '<title>OHIF</title>')
  const words = ['demo', '--port', '0', '--host', '127.0.0.1', '--json', '--ohif', '--cors-origin', 'none']
  const viewed = startHilumProcess(t, words, { cwd, env })
  const { ohif, endpoint } = JSON.parse((await viewed.printed(/^\{.*\}\n/m))[0])
  assert.equal(await textAt(ohif), '<title>OHIF</title>')
  assert.equal(await textAt(`${ohif}viewer?StudyInstanceUIDs=1.2`), '<title>OHIF</title>')
  const text = await textAt(`${ohif}app-config.js`)
  const [, root] = /qidoRoot: '([^']+)'/.exec(text)!
  const [, authorization] = /Authorization: '([^']+)'/.exec(text)!
  assert.equal(root, `${endpoint}/datastore/${datastoreId}`)
  const origin = ohif.slice(0, -1)
  const search = (headers: Record<string, string>) =>
    fetch(`${root}/studies?limit=1`, { headers: { origin, ...headers } })
  const found = await search({ authorization: authorization! })
  assert.equal(found.status, 200)
  assert.equal(found.headers.get('access-control-allow-origin'), origin)
  assert.equal(((await found.json()) as unknown[]).length, 1)
  assert.equal((await search({ authorization: 'Bearer a.b.c' })).status, 403)
  viewed.child.kill('SIGINT')
  assert.equal(await viewed.ended, 0)
})

const textAt = async (url: string): Promise<string> => (await fetch(url)).text()

test('without npm or a network, --ohif fails with a sentence, and leaves nothing', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-demo-'))
  removeAtExit(cwd)
  const env = { XDG_CACHE_HOME: join(cwd, 'cache'), PATH: join(cwd, 'no-programs') }
  const { ended, output } = startHilumProcess(t, ['demo', '--port', '0', '--ohif'], { cwd, env })
  assert.equal(await ended, 1)
  assert.match(
    output(),
    /^hilum: OHIF could not be fetched: npm is not installed\. It needs npm, tar and the network\./m,
  )
  assert.equal(existsSync(ohifFolder(env)), false)
})
