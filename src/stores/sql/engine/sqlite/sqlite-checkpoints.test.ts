/** Under continuous writes a thread runs checkpoints, and the log does not grow without bound. */
import assert from 'node:assert/strict'
import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../../../fixtures/remove-at-exit.ts'
import {
  createDatastore,
  record,
  startJob,
  storedFile,
  uniqueIds,
} from '../../../catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../../open-sqlite.ts'
import { startCheckpoints, THREAD_CHECKPOINT_PAGES, WRITER_CHECKPOINT_PAGES } from './sqlite-checkpoints.ts'

const PAGE_BYTES = 4_096

const mustLive = (error: unknown) => assert.ifError(error)

async function opened(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-checkpoints-'))
  removeAtExit(folder)
  const path = join(folder, 'catalog.sqlite')
  const catalog = await openSqliteCatalog({ path, newId: uniqueIds() })
  context.after(() => catalog.close())
  const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
  const looking = new Database(path, { readonly: true })
  context.after(() => looking.close())
  const log = () => (looking.pragma('wal_checkpoint(NOOP)') as [{ log: number; checkpointed: number }])[0]
  let batches = 0
  /** About 250 pages. */
  const write = async () => {
    const name = String(++batches).padStart(6, '0')
    const files = Array.from({ length: 500 }, (_, index) =>
      storedFile(`k${name}-${String(index).padStart(4, '0')}`, {
        study: `1.${batches}`,
        series: `1.${batches}.${index}`,
      }),
    )
    await record(catalog, lease, files)
  }
  return { path, log, write }
}

test('a thread runs a checkpoint of the log of an idle writer', async (context) => {
  const { path, log, write } = await opened(context)
  while (log().log < 2 * THREAD_CHECKPOINT_PAGES) await write()
  assert.equal(log().checkpointed, 0, 'no commit has copied it')
  const checkpoints = startCheckpoints({ path, key: undefined }, mustLive)
  context.after(() => checkpoints.stop())
  while (log().checkpointed < log().log) await setTimeout(5)
  await checkpoints.stop()
  await checkpoints.stop()
})

test('the thread runs checkpoints of every file of the folder with such a name', async (context) => {
  const { path, log, write } = await opened(context)
  const control = join(dirname(path), 'control.sqlite')
  const other = await openSqliteCatalog({ path: control, newId: uniqueIds() })
  context.after(() => other.close())
  const checkpoints = startCheckpoints({ path: control, key: undefined, others: /^catalog\.sqlite$/ }, mustLive)
  context.after(() => checkpoints.stop())
  while (log().log < THREAD_CHECKPOINT_PAGES + 1) await write()
  while (log().checkpointed < log().log) await setTimeout(5)
})

test('a log under continuous writes restarts from its beginning, with the thread and without', async (context) => {
  for (const hasThread of [true, false]) {
    const { path, log, write } = await opened(context)
    const checkpoints = hasThread ? startCheckpoints({ path, key: undefined }, mustLive) : undefined
    context.after(() => checkpoints?.stop())
    let [again, longest] = [0, 0]
    for (let last = log().log; again < 2; last = log().log) {
      await write()
      longest = Math.max(longest, log().log)
      if (log().log < last) again += 1
    }
    assert.ok(longest < 2 * WRITER_CHECKPOINT_PAGES)
    assert.ok((await stat(`${path}-wal`)).size < 2 * WRITER_CHECKPOINT_PAGES * (PAGE_BYTES + 24))
    await checkpoints?.stop()
  }
})
