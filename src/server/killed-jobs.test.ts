/** The process for jobs is killed again and again under a mixed load: no request fails, and nothing that was acknowledged is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isSoak, isThorough } from '../fixtures/soak.ts'
import { serveProcesses, withoutProc } from '../processes/processes.fixture.ts'
import { folderInput } from './load-input.fixture.ts'
import { MixedLoad, MOSTLY_WRITING } from './mixed-load.fixture.ts'

const MINUTES = isSoak ? 10 : isThorough ? 0.2 : 0.1
const CLIENTS = 8
/** Between two kills, beside the time until the next process is ready. */
const LIVES_MS = 2_000
/** Work of a killed process resumes sooner than usual, and the kills are not the fault of a file. */
const LIMITS = { importLeaseMs: 3_000, workflowLeaseMs: 3_000, importAttempts: 1_000, workflowAttempts: 1_000 }

test('no request fails while processes for jobs are killed under a mixed load', { skip: withoutProc }, async (t) => {
  const served = await serveProcesses(t, { limits: LIMITS })
  const load = new MixedLoad({ input: folderInput(served.dataFolder), mix: MOSTLY_WRITING })
  t.after(() => load.close())
  load.connect(served.endpoint, CLIENTS)
  await load.prepare()
  let isOver = false
  // A request that fails otherwise than the service allows ends the test.
  const running = load.run({ clients: CLIENTS, isOver: () => isOver })
  const until = performance.now() + MINUTES * 60_000
  let kills = 0
  for (; performance.now() < until || kills < 2; kills++) {
    await Promise.race([setTimeout(Math.random() * LIVES_MS), running])
    const jobs = served.pids('jobs')
    process.kill(jobs[0]!, 'SIGKILL')
    await Promise.race([served.untilPids('jobs', 1, jobs), running])
  }
  isOver = true
  await running
  await load.checkAll()
  assert.ok(load.acknowledged.jobs > 0)
  served.server.child.kill('SIGTERM')
  assert.equal(await served.server.ended, 0)
  const { code, output } = await served.run('verify')
  assert.equal(code, 0, output)
  t.diagnostic(JSON.stringify({ kills, answers: load.answers.count, ...load.acknowledged }))
})
