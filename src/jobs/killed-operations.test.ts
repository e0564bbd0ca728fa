/**
 * The process is killed after each write of an update, a copy and a deletion, and another resumes: what was acknowledged completes, no
 * partial result is visible, and no blob is unreferenced. Under `npm run soak` it is killed before and after every call of the stores.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { isSoak as everyCall } from '../fixtures/soak.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { openStores } from '../server/open-stores.ts'
import type { Workflows } from '../stores/catalog/workflow-repository.ts'
import { startWorkflowWorker } from './workflow-worker.ts'
import {
  appOver,
  type ImageSet,
  imageSetsOf,
  importThree,
  type Operation,
  perform,
  SERIES,
  versionsOf,
} from './workflows.fixture.ts'

const folder = await mkdtemp(join(tmpdir(), 'hilum-workflow-crash-'))
for (const bucket of ['in-bucket', 'out-bucket']) await mkdir(join(folder, 'buckets', bucket), { recursive: true })
const stores = await openStores({ dataFolder: folder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const app = appOver(stores)
after(async () => {
  await app.frames.stop()
  await stores.catalog.close()
  await rm(folder, { recursive: true, force: true })
})
const [primary, sibling, other] = await importThree(app)
const { datastoreId } = primary
let names = 0

interface Exit {
  readonly wasKilled: boolean
  readonly wasAcknowledged: boolean
}

async function runUntilExit(operation: Operation, step: number): Promise<Exit> {
  const args = [folder, JSON.stringify(operation), `${step}`, everyCall ? 'every call' : 'changes']
  const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-operation.fixture.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code, signal] = await once(child, 'close')
  if (signal !== 'SIGKILL') assert.equal(code, 0)
  return { wasKilled: signal === 'SIGKILL', wasAcknowledged: output.includes('acknowledged') }
}

/** Resumes an hour later, when the lease of the killed process has expired. */
async function resume(): Promise<void> {
  const { catalog } = stores
  const idle = Promise.withResolvers<void>()
  const workflows: Workflows = {
    ...catalog.workflows,
    async claim(request) {
      const claimed = await catalog.workflows.claim(request)
      if (claimed === undefined) idle.resolve()
      return claimed
    },
  }
  const later = { ...app, catalog: { ...catalog, workflows }, clock: () => Date.now() + 3_600_000 }
  const worker = startWorkflowWorker(later)
  await idle.promise
  await worker.stop()
}

interface KilledOperation {
  /** A new operation for each kill. */
  readonly newOperation: () => Promise<Operation>
  /** Checks the result, if the operation was performed. */
  readonly check: (operation: Operation, seen: { before: Seen; after: Seen }) => void
  /** The least number of kills. */
  readonly killsMin: number
}

type Seen = ReadonlyMap<string, Awaited<ReturnType<typeof versionsOf>>>

async function see(): Promise<Seen> {
  const seen = new Map<string, Awaited<ReturnType<typeof versionsOf>>>()
  for (const imageSet of await imageSetsOf(stores.catalog, datastoreId)) {
    seen.set(imageSet.imageSetId, await versionsOf(stores, imageSet))
  }
  return seen
}

async function killAtEachStep({ newOperation, check, killsMin }: KilledOperation): Promise<void> {
  let kills = 0
  let notPerformed = 0
  // The state before a change is the state after the change before, so only steps after changes count.
  const [first, by] = everyCall ? [0, 1] : [1, 2]
  for (let step = first; ; step += by) {
    const operation = await newOperation()
    const before = await see()
    const exit = await runUntilExit(operation, step)
    await resume()
    const seen = { before, after: await see() }
    const wasPerformed = !isSame(seen)
    assert.ok(wasPerformed || !exit.wasAcknowledged, 'an acknowledged operation is performed')
    if (wasPerformed) check(operation, seen)
    else notPerformed += 1
    for (const [imageSetId, versions] of before) {
      for (const [index, { document }] of versions.entries()) {
        const now = seen.after.get(imageSetId)?.[index]
        if (now !== undefined) assert.equal(now.document, document, 'a version never changes')
      }
    }
    assert.deepEqual(await differencesIn(stores), [])
    if (!exit.wasKilled) break
    kills += 1
  }
  assert.ok(kills >= killsMin, `killed ${kills} times`)
  if (!everyCall) assert.equal(notPerformed, 0, 'an operation that was begun is performed')
}

const isSame = ({ before, after: now }: { before: Seen; after: Seen }): boolean =>
  JSON.stringify([...before]) === JSON.stringify([...now])

const latest = (seen: Seen, { imageSetId }: ImageSet) => seen.get(imageSetId)!.at(-1)!

const newName = () => `Name^${++names}`
const put = (PatientName: string) => ({ Patient: { DICOM: { PatientName } } })

test('an update is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'update', of: primary, put: put(newName()) }),
    check(_, { before, after: now }) {
      const { version, status, PatientName } = latest(now, primary)
      assert.deepEqual(
        [version, status, PatientName],
        [latest(before, primary).version + 1, 'UPDATED', `Name^${names}`],
      )
    },
    killsMin: 4,
  })
})

test('an update of a study is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'update', of: primary, put: put(newName()), ofStudy: true }),
    check(_, { before, after: now }) {
      for (const each of [primary, sibling]) {
        const { version, status, PatientName } = latest(now, each)
        assert.deepEqual([version, status, PatientName], [latest(before, each).version + 1, 'UPDATED', `Name^${names}`])
      }
      assert.deepEqual(latest(now, other), latest(before, other))
    },
    killsMin: 5,
  })
})

test('a revert is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'revert', of: primary, to: 1 }),
    check(_, { before, after: now }) {
      const { version, document } = latest(now, primary)
      assert.deepEqual(
        [version, document],
        [latest(before, primary).version + 1, now.get(primary.imageSetId)![0]!.document],
      )
    },
    killsMin: 3,
  })
})

const instanceOf = (number: number) => ({ series: SERIES, uid: `${SERIES}.1.${number}` })

test('a copy of some instances is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'copy', of: primary, instance: instanceOf(2) }),
    check(_, { before, after: now }) {
      const [made, ...others] = [...now.keys()].filter((id) => !before.has(id))
      assert.ok(made !== undefined && others.length === 0, 'one image set was made')
      const [version, ...more] = now.get(made)!
      assert.deepEqual([version!.status, version!.instances, more], ['COPIED', [instanceOf(2).uid], []])
      assert.equal(latest(now, primary).status, 'COPIED')
    },
    killsMin: 4,
  })
})

/** A new image set with one instance. */
async function copyOfOne(number: number): Promise<ImageSet> {
  const [, made] = await perform(app, { name: 'copy', of: primary, instance: instanceOf(number) })
  return made!
}

test('a copy into an image set is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'copy', of: primary, into: await copyOfOne(1), instance: instanceOf(3) }),
    check(operation, { before, after: now }) {
      const { into } = operation as Operation & { readonly name: 'copy' }
      const { version, status, instances } = latest(now, into!)
      assert.deepEqual(
        [version, status, instances],
        [latest(before, into!).version + 1, 'COPIED', [instanceOf(1).uid, instanceOf(3).uid]],
      )
    },
    killsMin: 4,
  })
})

test('a copy that fails is killed', async () => {
  const into = await copyOfOne(1)
  await killAtEachStep({
    newOperation: async () => ({ name: 'copy', of: other, into }),
    check(_, { before, after: now }) {
      const { version, status, instances } = latest(now, into)
      assert.deepEqual(
        [version, status, instances],
        [latest(before, into).version + 1, 'COPY_FAILED', [instanceOf(1).uid]],
      )
      assert.deepEqual(latest(now, other), latest(before, other))
    },
    killsMin: 3,
  })
})

test('a deletion is killed', async () => {
  await killAtEachStep({
    newOperation: async () => ({ name: 'delete', of: await copyOfOne(2) }),
    check({ of }, { after: now }) {
      assert.equal(now.get(of.imageSetId), undefined)
    },
    killsMin: 3,
  })
})
