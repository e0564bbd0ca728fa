/**
 * What takes transactions of several catalogs, interrupted at each call of one of them: after another attempt, by the same server or by the next
 * one, all is as if nothing had failed.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { sample } from '../../fixtures/soak.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { type Failing, type FailingCalls, failingCalls } from './failing-calls.fixture.ts'
import { SCENARIOS, type Scenario } from './interrupted.fixture.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

const PARTITIONS = 2
/** More attempts than a step that fails once can need. */
const ATTEMPTS_MAX = 3

const serverOf = (parts: readonly Catalog[]): Catalog =>
  partitionedCatalog({ control: parts[0]!, open: async (number) => parts[number]!, spread: PARTITIONS })

interface Interruption {
  readonly call: number | undefined
  readonly failing: Failing
  /** The next server goes on, else the same one. */
  readonly isLasting: boolean
}

/** Opened for a scenario: each of its runs has a data store of its own. */
async function openParts(context: TestContext): Promise<readonly Catalog[]> {
  const newId = uniqueIds()
  const parts: Catalog[] = []
  for (let partition = 0; partition <= PARTITIONS; partition++) {
    parts.push(await openSqliteCatalog({ path: ':memory:', newId, partition }))
  }
  context.after(() => Promise.all(parts.map((part) => part.close())))
  return parts
}

interface Running<Subject> {
  readonly scenario: Scenario<Subject>
  readonly parts: readonly Catalog[]
  readonly calls: FailingCalls
  readonly name: string
}

/** @returns the state at the end, and the calls of the first attempt */
async function run<Subject>(
  { scenario, parts, calls, name }: Running<Subject>,
  interruption: Interruption,
): Promise<{ readonly state: unknown; readonly made: readonly string[] }> {
  const subject = await scenario.prepare(serverOf(parts), name)
  let server = serverOf(calls.parts)
  calls.failAt(interruption.call, interruption)
  let made: readonly string[] = []
  for (let attempt = 1; ; attempt++) {
    try {
      await scenario.attempt(server, subject, attempt)
      if (attempt === 1) made = [...calls.calls]
      break
    } catch (cause) {
      assert.ok(cause instanceof StoreUnavailable && attempt < ATTEMPTS_MAX, cause as Error)
      if (interruption.isLasting) server = serverOf(parts)
    }
  }
  return { state: await scenario.state(serverOf(parts), parts, subject), made }
}

describe('interrupted at any call', () => {
  for (const [title, scenario] of Object.entries(SCENARIOS)) {
    it(title, async (context) => {
      const parts = await openParts(context)
      const running = { scenario, parts, calls: failingCalls(parts) }
      const none: Interruption = { call: undefined, failing: 'before the call', isLasting: false }
      const whole = await run({ ...running, name: `${title} whole` }, none)
      const interruptions = whole.made.flatMap((what, call) =>
        [true, false].flatMap((isLasting) =>
          (['before the call', 'after the call'] as const).map((failing) => ({ what, call, failing, isLasting })),
        ),
      )
      assert.ok(interruptions.length > 10)
      for (const { what, ...interruption } of sample(interruptions, 7)) {
        const { call, failing, isLasting } = interruption
        const where = `${failing} ${call}, ${what}, ${isLasting ? 'with a new server' : 'with the same server'}`
        const { state } = await run({ ...running, name: `${title} ${where}` }, interruption).catch((cause: unknown) => {
          throw new Error(`interrupted ${where}`, { cause })
        })
        assert.deepEqual(state, whole.state, `interrupted ${where}`)
      }
    })
  }
})
