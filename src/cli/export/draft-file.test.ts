import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeWhole } from './draft-file.ts'
import { temporaryFolder } from './export.fixture.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('a file appears when it is complete, including overwritten bytes', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'deep', 'file')
  const isWritten = await writeWhole(path, {
    overwrite: false,
    async write(draft) {
      await draft.append(bytes('----'))
      assert.equal(draft.sizeBytes, 4)
      await draft.append(bytes(' and more'))
      await draft.replace(1, bytes('ab'))
      assert.deepEqual(readdirSync(join(folder, 'deep')).includes('file'), false)
    },
  })
  assert.deepEqual([isWritten, readFileSync(path, 'utf8'), draftsIn(folder)], [true, '-ab- and more', 0])
})

test('an existing file is kept, even if it was created during the write', async (t) => {
  const path = join(temporaryFolder(t), 'file')
  const write = async () => writeFileSync(path, 'first')
  assert.equal(await writeWhole(path, { overwrite: false, write }), false)
  assert.deepEqual([readFileSync(path, 'utf8'), draftsIn(join(path, '..'))], ['first', 0])
  assert.equal(await writeWhole(path, { overwrite: true, write: (draft) => draft.append(bytes('second')) }), true)
  assert.equal(readFileSync(path, 'utf8'), 'second')
})

test('a failed write leaves nothing, and the previous file unchanged', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'file')
  writeFileSync(path, 'first')
  const write = () => Promise.reject(new Error('the server went away'))
  await assert.rejects(writeWhole(path, { overwrite: true, write }), /the server went away/)
  assert.deepEqual([readFileSync(path, 'utf8'), draftsIn(folder)], ['first', 0])
})

const draftsIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.part')).length
