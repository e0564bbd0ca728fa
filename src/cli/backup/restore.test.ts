/** `hilum backup` and `hilum restore` as a person calls them: what is refused and why, and how an interrupted restore goes on. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { appIn, importInstances } from '../../jobs/imported-instances.fixture.ts'
import { lockDataFolder } from '../../server/data-folder.ts'
import { parseDuration } from '../../server/duration.ts'

const MARKER = 'ZORBAX^QUENTIN'

/** A data folder whose data store is not encrypted. */
async function opened(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-restore-'))
  removeAtExit(cwd)
  await (await lockDataFolder(join(cwd, 'data'))).release()
  const app = await appIn(t, join(cwd, 'data'))
  await importInstances(
    app,
    [1, 2, 3].map((number) => ({ series: number, number, patientName: MARKER })),
  )
  const hilum = async (...words: string[]) => {
    const { ended, output } = startHilumProcess(t, words, { cwd })
    return { code: await ended, output: output() }
  }
  const withKeys = (...words: string[]) =>
    hilum(...words, '--key-ring', 'data/keys/ring.json', '--key-file', 'data/keys/ring.key')
  return { cwd, app, hilum, withKeys }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => statSync(join(folder, path)).isFile())

test('no file of a place holds a value of a patient or a secret in plain text, and only its owner can read it', async (t) => {
  const { cwd, hilum } = await opened(t)
  const secret = 'a-secret-of-the-owner'
  const credentials = JSON.stringify({ accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: secret })
  writeFileSync(join(cwd, 'data/credentials.json'), credentials, { mode: 0o600 })
  const { code, output } = await hilum('backup', '--data', 'data', '--to', 'place')
  assert.equal(code, 0, output)
  assert.match(output, /^Created the key ring .*ring\.json\. Without it the backups cannot be read\.$/m)
  assert.match(output, /^Backup \S+ in place: \d+ blobs, \d+ MiB; \d+ of them new, \d+ MiB copied\.$/m)
  const files = filesIn(join(cwd, 'place'))
  assert.ok(files.length > 4, `${files}`)
  for (const path of files) {
    const bytes = readFileSync(join(cwd, 'place', path))
    for (const plain of [MARKER, 'SQLite', secret]) assert.ok(!bytes.includes(plain), `${plain} in ${path}`)
    assert.equal(statSync(join(cwd, 'place', path)).mode & 0o077, 0, path)
  }
})

test('an interrupted restore is resumed, and no server starts before it has ended', async (t) => {
  const { cwd, hilum, withKeys } = await opened(t)
  assert.equal((await hilum('backup', '--data', 'data', '--to', 'place')).code, 0)
  // The restore ends at a blob that is damaged in the place.
  const last = filesIn(join(cwd, 'place/sealed')).sort().at(-1)!
  const path = join(cwd, 'place/sealed', last)
  const before = readFileSync(path)
  const changed = Uint8Array.from(before)
  changed[60]! ^= 1
  writeFileSync(path, changed)
  const failed = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.equal(failed.code, 1)
  assert.match(
    failed.output,
    /^hilum: The restore has not ended: sealed\/\S+ in the place of the backup is not what was written\.$/m,
  )
  const serve = await withKeys('serve', '--data', 'restored', '--port', '0')
  assert.equal(serve.code, 1)
  assert.match(
    serve.output,
    /has not ended, so that it holds a part of an archive\. Run hilum restore again: it continues\./,
  )
  writeFileSync(path, before)
  const resumed = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.equal(resumed.code, 0, resumed.output)
  const verified = await withKeys('verify', '--data', 'restored')
  assert.equal(verified.code, 0, verified.output)
  const again = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.equal(again.code, 1)
  assert.match(again.output, /restored is not empty: it holds '.*'\. Restore into an empty or new folder/)
})

test('a restore that was killed before it wrote the name of its backup begins again', async (t) => {
  const { cwd, hilum, withKeys } = await opened(t)
  assert.equal((await hilum('backup', '--data', 'data', '--to', 'place')).code, 0)
  mkdirSync(join(cwd, 'restored/blobs'), { recursive: true })
  writeFileSync(join(cwd, 'restored/restoring.json'), '')
  const serve = await withKeys('serve', '--data', 'restored', '--port', '0')
  assert.match(serve.output, /A restore into \S+ has not ended/)
  const resumed = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.equal(resumed.code, 0, resumed.output)
  writeFileSync(join(cwd, 'restored/restoring.json'), '')
  const again = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.match(again.output, /restored is not empty: it holds '.*'\. Restore into an empty or new folder/)
})

test('a restore without the key ring names the file that is missing, and with another key ring says so', async (t) => {
  const { cwd, hilum, withKeys } = await opened(t)
  assert.equal((await hilum('backup', '--data', 'data', '--to', 'place')).code, 0)
  const without = await hilum('restore', '--from', 'place', '--data', 'restored')
  assert.equal(without.code, 1)
  assert.match(
    without.output,
    /The key ring \S+restored\/keys\/ring\.json does not exist\. .* nothing in the backups can be read\./,
  )
  assert.ok(!readdirSync(cwd).includes('restored'), 'nothing was created')
  assert.equal((await hilum('keys', 'create', '--data', 'other')).code, 0)
  const other = await hilum('restore', '--from', 'place', '--data', 'restored', '--key-ring', 'other/keys/ring.json')
  assert.equal(other.code, 1)
  assert.match(
    other.output,
    /were made with another key ring, which has the key arn:aws:kms:\S+\. Name it with --key-ring/,
  )
  mkdirSync(join(cwd, 'half/keys'), { recursive: true })
  cpSync(join(cwd, 'data/keys/ring.json'), join(cwd, 'half/keys/ring.json'))
  const half = await hilum('restore', '--from', 'place', '--data', 'half')
  assert.match(half.output, /The key file \S+ring\.key does not exist\./)
  const unknown = await withKeys('restore', '--from', 'place', '--data', 'restored', '--backup', 'yesterday')
  assert.match(unknown.output, /place holds no complete backup yesterday\. hilum backup list shows all\./)
})

test('a place of another archive, of other files, in the data folder, or without backups is refused', async (t) => {
  const [one, other] = [await opened(t), await opened(t)]
  assert.equal((await one.hilum('backup', '--data', 'data', '--to', 'place')).code, 0)
  const foreign = await other.hilum('backup', '--data', 'data', '--to', join(one.cwd, 'place'))
  assert.equal(foreign.code, 1)
  assert.match(foreign.output, /place holds backups of another archive\. Name an empty place\./)
  mkdirSync(join(one.cwd, 'full'))
  writeFileSync(join(one.cwd, 'full/thesis.txt'), 'words')
  const full = await one.hilum('backup', '--data', 'data', '--to', 'full')
  assert.match(full.output, /full holds other files, and no backups of Hilum\. Name an empty place\./)
  assert.deepEqual(readFileSync(join(one.cwd, 'full/thesis.txt'), 'utf8'), 'words')
  const inside = await one.hilum('backup', '--data', 'data', '--to', 'data/backups')
  assert.match(inside.output, /is in the data folder\. Keep backups in another place, best on another machine\./)
  const nowhere = await one.withKeys('restore', '--from', 'nowhere', '--data', 'restored')
  assert.match(nowhere.output, /nowhere holds no backups of Hilum\./)
  assert.ok(!readdirSync(one.cwd).includes('nowhere'))
  const noFolder = await one.hilum('backup', '--data', 'nowhere', '--to', 'place')
  assert.match(noFolder.output, /nowhere is not a data folder of Hilum\. Name the right one with --data\./)
})

test('a damaged manifest or description of the place stops no other backup', async (t) => {
  const { cwd, hilum, withKeys } = await opened(t)
  for (const _ of [1, 2]) assert.equal((await hilum('backup', '--data', 'data', '--to', 'place')).code, 0)
  const place = join(cwd, 'place')
  const [older, newer] = filesIn(place)
    .filter((path) => path.endsWith('/manifest'))
    .sort()
  writeFileSync(join(place, newer!), 'damaged')
  const description = filesIn(place).find((path) => path.endsWith('hilum-backup.json'))!
  writeFileSync(join(place, description), '{')
  const restored = await withKeys('restore', '--from', 'place', '--data', 'restored')
  assert.equal(restored.code, 0, restored.output)
  assert.match(restored.output, /^backups\/\S+\/manifest is damaged, so that this backup cannot be restored\./m)
  assert.match(restored.output, new RegExp(`^Restored ${older!.split('/')[1]}`, 'm'))
  const next = await hilum('backup', '--data', 'data', '--to', 'place')
  assert.equal(next.code, 1)
  assert.match(next.output, /The backup was not made: backups\/\S+\/manifest in the place of the backups is damaged\./)
})

test('options are checked before anything is opened', async (t) => {
  const { hilum } = await opened(t)
  for (const [words, message] of [
    [['backup'], /needs --to <place>/],
    [['backup', 'list'], /needs --from <place>/],
    [['restore'], /needs --from <place>/],
    [['backup', '--to', 'x', '--keep', '0'], /--keep must be a whole number of at least 1/],
    [['backup', '--to', 'x', '--every', 'daily'], /--every must be a time such as 30m, 24h or 7d/],
    [['backup', '--to', 's3://x', '--data', 'data'], /s3:\/\/x is not an address such as s3:\/\/bucket/],
  ] as const) {
    const { code, output } = await hilum(...words)
    assert.equal(code, 2, output)
    assert.match(output, message)
  }
})

test('a repeated backup runs at once, and ends when it is asked to', async (t) => {
  const { cwd } = await opened(t)
  const words = ['backup', '--data', 'data', '--to', 'place', '--every', '7d', '--keep', '3']
  const backups = startHilumProcess(t, words, { cwd })
  await backups.printed(/^Backup \S+ in place/m)
  backups.child.kill('SIGTERM')
  assert.equal(await backups.ended, 0)
})

test('a time has a number and a unit', () => {
  assert.equal(parseDuration('--every', '30m'), 1_800_000)
  assert.equal(parseDuration('--every', '24h'), 86_400_000)
  assert.equal(parseDuration('--every', '7d'), 7 * 86_400_000)
  for (const text of ['', '7', '0h', '1w', '-1h', '1.5h', '25d'])
    assert.throws(() => parseDuration('--every', text), text)
})
