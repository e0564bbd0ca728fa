import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSealingKey, SEALING_KEY_FILE } from './sealing-key.ts'

test('the key is made once, in a file that only its owner can read', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-sealing-'))
  t.after(() => rm(folder, { recursive: true }))
  const keys = await Promise.all([1, 2, 3].map(() => loadSealingKey(folder)))
  assert.equal(keys[0]!.key.byteLength, 32)
  assert.equal(keys[0]!.warning, undefined)
  for (const key of keys) assert.deepEqual(key, keys[0])
  assert.deepEqual(await readdir(folder), [SEALING_KEY_FILE], 'no temporary file remains')
  assert.equal((await stat(join(folder, SEALING_KEY_FILE))).mode & 0o777, 0o600)
  assert.deepEqual(await loadSealingKey(folder), keys[0])
  assert.notDeepEqual(await loadSealingKey(folder, 'ab'.repeat(32)), keys[0])
  await chmod(join(folder, SEALING_KEY_FILE), 0o640)
  assert.match(
    (await loadSealingKey(folder)).warning!,
    /^Other users of this machine can read the key in .*Run: chmod 600/,
  )
  await writeFile(join(folder, SEALING_KEY_FILE), 'ab')
  await assert.rejects(loadSealingKey(folder), /is not a sealing key: it must hold 64 hexadecimal digits/)
})
