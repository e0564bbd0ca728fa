/** Backups and restores are in the audit log of commands: that of the archive, and that of the restored data folder. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { appIn, importInstances } from '../../jobs/imported-instances.fixture.ts'
import { lockDataFolder } from '../../server/data-folder.ts'

async function opened(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-backup-audit-'))
  removeAtExit(cwd)
  await (await lockDataFolder(join(cwd, 'data'))).release()
  await importInstances(await appIn(t, join(cwd, 'data')), [{ series: 1, number: 1 }])
  const hilum = async (code: number, ...words: string[]) => {
    const { ended, output } = startHilumProcess(t, words, { cwd })
    assert.equal(await ended, code, output())
    return output()
  }
  const linesOf = async (data: string) => {
    const text = await hilum(0, 'audit', 'search', '--data', data, '--json')
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
  return { cwd, hilum, linesOf }
}

const KEYS = ['--key-ring', 'data/keys/ring.json', '--key-file', 'data/keys/ring.key']

test('each backup and restore has a line before it begins and one with its outcome, without the place', async (t) => {
  const { cwd, hilum, linesOf } = await opened(t)
  await hilum(0, 'backup', '--data', 'data', '--to', 'safe-place')
  await hilum(1, 'backup', '--data', 'data', '--to', 'data/safe-place')
  await hilum(0, 'restore', '--from', 'safe-place', '--data', 'restored', ...KEYS)
  const [backupId] = readdirSync(join(cwd, 'safe-place/backups'))
  const shortened = async (data: string) =>
    (await linesOf(data)).map((line) => [
      line.eventName,
      line.serviceEventDetails.command,
      line.errorCode ?? line.additionalEventData?.backupId,
    ])
  assert.deepEqual(await shortened('data'), [
    ['StartCommand', 'backup', undefined],
    ['CreateBackup', 'backup', backupId],
    ['StartCommand', 'backup', undefined],
    ['CreateBackup', 'backup', 'OperatorError'],
  ])
  assert.deepEqual(await shortened('restored'), [
    ['StartCommand', 'restore', undefined],
    ['RestoreBackup', 'restore', backupId],
  ])
  for (const data of ['data', 'restored']) {
    assert.match(await hilum(0, 'audit', 'verify', '--data', data), /is intact/)
    const found = await hilum(0, 'audit', 'search', '--data', data)
    assert.match(found, new RegExp(`  (Create|Restore)Backup    ${backupId}$`, 'm'))
    assert.ok(!JSON.stringify(await linesOf(data)).includes('safe-place'))
  }
})

test('no backup is made and nothing is restored while the audit log cannot be written', async (t) => {
  const { cwd, hilum } = await opened(t)
  await hilum(0, 'backup', '--data', 'data', '--to', 'place')
  const before = readdirSync(join(cwd, 'place/backups'))
  const chain = join(cwd, 'data/audit/commands')
  const [file] = readdirSync(chain).filter((name) => name.endsWith('.jsonl'))
  const name = `${'0'.repeat(16)}-00000001.jsonl`
  writeFileSync(join(chain, name), readFileSync(join(chain, file!)))
  const output = await hilum(1, 'backup', '--data', 'data', '--to', 'place')
  assert.match(output, /cannot be written \(it holds the logs of several servers .*: nothing was changed\./)
  assert.deepEqual(readdirSync(join(cwd, 'place/backups')), before)
})

test('a repeated backup has its lines when it has ended, and not only when the command ends', async (t) => {
  const { cwd, linesOf } = await opened(t)
  const words = ['backup', '--data', 'data', '--to', 'place', '--every', '7d']
  const backups = startHilumProcess(t, words, { cwd })
  await backups.printed(/^Backup \S+ in place/m)
  const names = async () => (await linesOf('data')).map(({ eventName }) => eventName)
  assert.deepEqual(await names(), ['StartCommand', 'CreateBackup'])
  backups.child.kill('SIGTERM')
  assert.equal(await backups.ended, 0)
  assert.deepEqual(await names(), ['StartCommand', 'CreateBackup'])
})
