/** The lock of a data folder with killed processes, concurrent processes, and another PID namespace. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { lockDataFolder } from './data-folder.ts'
import { serverOf } from './data-folder-lock.ts'

const HOLDER = fileURLToPath(new URL('../fixtures/lock-holder.ts', import.meta.url))

function folderFor(_t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-lock-'))
  removeAtExit(folder)
  return folder
}

interface Started {
  readonly child: ChildProcess
  /** `held by <pid>` or `refused: <sentence>`. */
  readonly answer: Promise<string>
}

/** A process that takes the lock and keeps it until the test is over. */
function startHolder(t: TestContext, folder: string, before: readonly string[] = []): Started {
  const [command, ...words] = [...before, process.execPath, HOLDER, folder]
  const child = spawn(command!, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, answer: firstLine(child) }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout!.setEncoding('utf8')) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.trim()
}

const unlessLinux = process.platform === 'linux' ? false : 'process states are read from /proc'

test('a second process is refused, and its message names the first', async (t) => {
  const folder = folderFor(t)
  const first = startHolder(t, folder)
  assert.equal(await first.answer, `held by ${first.child.pid}`)
  assert.equal(await serverOf(folder), `process ${first.child.pid}`)
  await assert.rejects(lockDataFolder(folder), {
    message: `A Hilum server (process ${first.child.pid}) is using the data folder ${folder}. Stop it first, or choose another folder with --data.`,
  })
})

test('of twelve processes that start at once, exactly one gets the folder', async (t) => {
  const folder = folderFor(t)
  // Left by a killed server.
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: 1, started: '' }))
  const answers = await Promise.all(Array.from({ length: 12 }, () => startHolder(t, folder).answer))
  assert.equal(answers.filter((answer) => /^held by \d+$/.test(answer)).length, 1, answers.join('\n'))
  assert.equal(answers.filter((answer) => /^refused: A Hilum server \(process \d+\) is using/.test(answer)).length, 11)
})

test('after kill -9 the folder is free at once, even if the server stays a zombie', {
  skip: unlessLinux,
}, async (t) => {
  const folder = folderFor(t)
  // The shell becomes a program that never waits for its children, like a PID 1 that does not reap.
  const parent = spawn('sh', ['-c', '"$0" "$1" "$2" & exec sleep 1000', process.execPath, HOLDER, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(parent, 'exit')
  t.after(async () => {
    parent.kill('SIGKILL')
    await ended
  })
  const pid = Number((await firstLine(parent)).split(' ').at(-1))
  process.kill(pid, 'SIGKILL')
  const state = () => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]
  while (state() !== 'Z') await setTimeout(5)

  const next = startHolder(t, folder)
  assert.equal(await next.answer, `held by ${next.child.pid}`)
  assert.equal(state(), 'Z', 'the killed server is still a zombie')
})

test('the file that a killed server leaves does not lock the folder', async (t) => {
  const folder = folderFor(t)
  for (const left of [JSON.stringify({ pid: process.pid, host: 'here', pidNamespace: '' }), '{"pid":', '']) {
    writeFileSync(join(folder, 'server.lock'), left)
    assert.equal(await serverOf(folder), undefined)
    await (await lockDataFolder(folder)).release()
  }
})

test('reading the holder and trying to lock do not release a lock of the same process', async (t) => {
  const folder = folderFor(t)
  const lock = await lockDataFolder(folder)
  assert.equal(await serverOf(folder), `process ${process.pid}`)
  await assert.rejects(lockDataFolder(folder), /is using the data folder/)
  assert.match(await startHolder(t, folder).answer, /^refused: /)
  await lock.release()
  assert.match(await startHolder(t, folder).answer, /^held by /)
})

const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child=SIGKILL']
const mayUnshare = spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'true']).status === 0

test('the lock works between PID namespaces, as of containers', {
  skip: mayUnshare ? false : 'unshare is not permitted to create a PID namespace',
}, async (t) => {
  const folder = folderFor(t)
  const lock = await lockDataFolder(folder)
  assert.match(
    await startHolder(t, folder, UNSHARE).answer,
    new RegExp(`^refused: A Hilum server \\(process ${process.pid} of another container\\) is using`),
  )
  await lock.release()
  assert.equal(await startHolder(t, folder, UNSHARE).answer, 'held by 1')
  await assert.rejects(lockDataFolder(folder), /A Hilum server \(process 1 of another container\) is using/)
})
