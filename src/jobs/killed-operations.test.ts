/**
 * The process dies behind every write of an update, a copy and a deletion in turn, and another goes on: what was acknowledged comes to
 * its end, nothing half-made is seen, and no blob is left. Under `npm run soak` it dies before and after every call of the stores.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isSoak as ofEveryCall } from '../fixtures/soak.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
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

interface Dead {
  readonly wasKilled: boolean
  readonly wasAcknowledged: boolean
}

async function runUntilDead(operation: Operation, step: number): Promise<Dead> {
  const args = [folder, JSON.stringify(operation), `${step}`, ofEveryCall ? 'every call' : 'changes']
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

/** Another process, an hour on: whatever lease the dead one held has run out. */
async function goOn(): Promise<void> {
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

interface Crashing {
  /** Anew for each death. */
  readonly operation: () => Promise<Operation>
  /** What has happened, once it has: of no more than one death nothing has. */
  readonly check: (operation: Operation, seen: { before: Seen; after: Seen }) => void
  /** Deaths that there must have been. */
  readonly deathsMin: number
}

type Seen = ReadonlyMap<string, Awaited<ReturnType<typeof versionsOf>>>

async function see(): Promise<Seen> {
  const seen = new Map<string, Awaited<ReturnType<typeof versionsOf>>>()
  for (const imageSet of await imageSetsOf(stores.catalog, datastoreId)) {
    seen.set(imageSet.imageSetId, await versionsOf(stores, imageSet))
  }
  return seen
}

async function dieEverywhere({ operation: next, check, deathsMin }: Crashing): Promise<void> {
  let deaths = 0
  let unhappened = 0
  // Before a change there is what was there after the one before.
  const [first, by] = ofEveryCall ? [0, 1] : [1, 2]
  for (let step = first; ; step += by) {
    const operation = await next()
    const before = await see()
    const dead = await runUntilDead(operation, step)
    await goOn()
    const seen = { before, after: await see() }
    const hasHappened = !isSame(seen)
    assert.ok(hasHappened || !dead.wasAcknowledged, 'what was acknowledged happens')
    if (hasHappened) check(operation, seen)
    else unhappened += 1
    for (const [imageSetId, versions] of before) {
      for (const [index, { document }] of versions.entries()) {
        const now = seen.after.get(imageSetId)?.[index]
        if (now !== undefined) assert.equal(now.document, document, 'a version stays as it was')
      }
    }
    assert.deepEqual(await differencesIn(stores), [])
    if (!dead.wasKilled) break
    deaths += 1
  }
  assert.ok(deaths >= deathsMin, `died ${deaths} times`)
  if (!ofEveryCall) assert.equal(unhappened, 0, 'what was begun goes on')
}

const isSame = ({ before, after: now }: { before: Seen; after: Seen }): boolean =>
  JSON.stringify([...before]) === JSON.stringify([...now])

const latest = (seen: Seen, { imageSetId }: ImageSet) => seen.get(imageSetId)!.at(-1)!

const newName = () => `Name^${++names}`
const put = (PatientName: string) => ({ Patient: { DICOM: { PatientName } } })

test('an update is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'update', of: primary, put: put(newName()) }),
    check(_, { before, after: now }) {
      const { version, status, PatientName } = latest(now, primary)
      assert.deepEqual(
        [version, status, PatientName],
        [latest(before, primary).version + 1, 'UPDATED', `Name^${names}`],
      )
    },
    deathsMin: 4,
  })
})

test('an update of a study is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'update', of: primary, put: put(newName()), ofStudy: true }),
    check(_, { before, after: now }) {
      for (const each of [primary, sibling]) {
        const { version, status, PatientName } = latest(now, each)
        assert.deepEqual([version, status, PatientName], [latest(before, each).version + 1, 'UPDATED', `Name^${names}`])
      }
      assert.deepEqual(latest(now, other), latest(before, other))
    },
    deathsMin: 5,
  })
})

test('a revert is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'revert', of: primary, to: 1 }),
    check(_, { before, after: now }) {
      const { version, document } = latest(now, primary)
      assert.deepEqual(
        [version, document],
        [latest(before, primary).version + 1, now.get(primary.imageSetId)![0]!.document],
      )
    },
    deathsMin: 3,
  })
})

const partOf = (number: number) => ({ series: SERIES, uid: `${SERIES}.1.${number}` })

test('a copy of some instances is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'copy', of: primary, instance: partOf(2) }),
    check(_, { before, after: now }) {
      const [made, ...others] = [...now.keys()].filter((id) => !before.has(id))
      assert.ok(made !== undefined && others.length === 0, 'one image set was made')
      const [version, ...more] = now.get(made)!
      assert.deepEqual([version!.status, version!.instances, more], ['COPIED', [partOf(2).uid], []])
      assert.equal(latest(now, primary).status, 'COPIED')
    },
    deathsMin: 4,
  })
})

/** A new image set of one instance. */
async function copyOfOne(number: number): Promise<ImageSet> {
  const [, made] = await perform(app, { name: 'copy', of: primary, instance: partOf(number) })
  return made!
}

test('a copy into an image set is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'copy', of: primary, into: await copyOfOne(1), instance: partOf(3) }),
    check(operation, { before, after: now }) {
      const { into } = operation as Operation & { readonly name: 'copy' }
      const { version, status, instances } = latest(now, into!)
      assert.deepEqual(
        [version, status, instances],
        [latest(before, into!).version + 1, 'COPIED', [partOf(1).uid, partOf(3).uid]],
      )
    },
    deathsMin: 4,
  })
})

test('a copy that fails is killed', async () => {
  const into = await copyOfOne(1)
  await dieEverywhere({
    operation: async () => ({ name: 'copy', of: other, into }),
    check(_, { before, after: now }) {
      const { version, status, instances } = latest(now, into)
      assert.deepEqual([version, status, instances], [latest(before, into).version + 1, 'COPY_FAILED', [partOf(1).uid]])
      assert.deepEqual(latest(now, other), latest(before, other))
    },
    deathsMin: 3,
  })
})

test('a deletion is killed', async () => {
  await dieEverywhere({
    operation: async () => ({ name: 'delete', of: await copyOfOne(2) }),
    check({ of }, { after: now }) {
      assert.equal(now.get(of.imageSetId), undefined)
    },
    deathsMin: 3,
  })
})
