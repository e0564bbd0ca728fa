/**
 * An encrypted SQLite file: what its bytes show, what a changed byte does, and a plain one that is encrypted by a process that is killed.
 * Started with a path and a key as its arguments, this file is that process.
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { removeAtExit } from '../../../../fixtures/remove-at-exit.ts'
import { sample } from '../../../../fixtures/soak.ts'
import { encryptSqliteFile, kindOfSqliteFile, openSqliteFile } from './sqlite-file.ts'

const MARKER = 'ZORBAX-QUENTIN'
const ROWS = 10_000
/** Of the kill, after the process has begun. */
const KILLS_AFTER_MS = [0, 5, 10, 20, 40, 60, 80, 100, 130, 160, 200, 250]
const [, , path, keyInHex] = process.argv

if (path !== undefined && keyInHex !== undefined) {
  process.send!('begun')
  await encryptSqliteFile(path, Buffer.from(keyInHex, 'hex'))
} else {
  async function newPlace() {
    const folder = await mkdtemp(join(tmpdir(), 'hilum-sqlite-file-'))
    removeAtExit(folder)
    return { folder, path: join(folder, "it's 100 % of a catalog?.sqlite"), key: randomBytes(32) }
  }

  function fill(at: string, key?: Uint8Array): void {
    const database = openSqliteFile(at, { key })
    database.pragma('journal_mode = WAL')
    database.exec('CREATE TABLE patients (number INTEGER PRIMARY KEY, name TEXT NOT NULL)')
    const insert = database.prepare('INSERT INTO patients VALUES (?, ?)')
    database.transaction(() => {
      for (let row = 0; row < ROWS; row++) insert.run(row, `${MARKER} ${row} ${'x'.repeat(1_000)}`)
    })()
    database.close()
  }

  function check(at: string, key?: Uint8Array): void {
    // Not read-only: a process that is killed while it leaves the WAL mode leaves a journal, which the next one to write rolls back.
    const database = openSqliteFile(at, { key })
    assert.deepEqual(database.prepare('SELECT count(*) AS count FROM patients').get(), { count: ROWS })
    assert.deepEqual(database.pragma('integrity_check'), [{ integrity_check: 'ok' }])
    database.close()
  }

  test('an encrypted file, its write-ahead log and a vacuumed one show nothing of what they hold', async () => {
    const { folder, path, key } = await newPlace()
    fill(path, key)
    const database = openSqliteFile(path, { key })
    database.pragma('temp_store = MEMORY')
    const look = async () => {
      for (const name of await readdir(folder)) {
        const bytes = await readFile(join(folder, name))
        for (const text of [MARKER, 'patients', 'SQLite format']) assert.equal(bytes.includes(text), false, name)
      }
    }
    database.exec('UPDATE patients SET name = name || number WHERE number < 100')
    await look()
    database.exec('DELETE FROM patients WHERE number >= 100; VACUUM')
    await look()
    database.pragma('wal_checkpoint(TRUNCATE)')
    assert.deepEqual(database.pragma('integrity_check'), [{ integrity_check: 'ok' }])
    database.close()
    await look()
    assert.equal(await kindOfSqliteFile(path), 'encrypted')
  })

  test('a changed byte of an encrypted page is refused', async () => {
    const { path, key } = await newPlace()
    fill(path, key)
    const bytes = await readFile(path)
    for (const at of [5_000, bytes.length >> 1, bytes.length - 1]) {
      bytes[at]! ^= 1
      await writeFile(path, bytes)
      const database = openSqliteFile(path, { key, readonly: true })
      assert.throws(
        () => database.prepare('SELECT max(length(name)) FROM patients').get(),
        { name: 'SqliteError' },
        `${at}`,
      )
      database.close()
      bytes[at]! ^= 1
    }
    await writeFile(path, bytes)
    check(path, key)
  })

  test('another key, and none, open nothing', async () => {
    const { path, key } = await newPlace()
    fill(path, key)
    for (const wrong of [undefined, randomBytes(32)]) {
      const database = openSqliteFile(path, { key: wrong, readonly: true })
      assert.throws(() => database.prepare('SELECT * FROM patients').get(), { code: 'SQLITE_NOTADB' })
      database.close()
    }
  })

  test('a plain file is whole and plain, or whole and encrypted, whenever the process that encrypts it is killed', async () => {
    const { folder, path, key } = await newPlace()
    for (const afterMs of sample(KILLS_AFTER_MS, 4)) {
      for (const name of await readdir(folder)) await rm(join(folder, name))
      fill(path)
      const child = fork(import.meta.filename, [path, key.toString('hex')])
      const ended = once(child, 'exit')
      await once(child, 'message')
      await setTimeout(afterMs)
      child.kill('SIGKILL')
      await ended
      const kind = await kindOfSqliteFile(path)
      check(path, kind === 'encrypted' ? key : undefined)
      if (kind === 'plain') await encryptSqliteFile(path, key)
      check(path, key)
    }
  })
}
