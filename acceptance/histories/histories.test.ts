/**
 * Random histories of imports, updates, reverts, copies and deletions through the official SDK. After each step every response is compared
 * with a plain model of AWS's documentation. HILUM_HISTORIES=<count> plays other and more histories.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { openHilum } from '../support/hilum.ts'
import { choice, documented } from '../support/sources.ts'
import { interleave } from './interleave.ts'
import { Player } from './play.ts'
import { type Step, step } from './steps.ts'

const clock = movableClock('2026-04-01T12:00:00Z')
const server = await openHilum(clock.options)
const asked = Number(process.env.HILUM_HISTORIES ?? 0)

/** Events that must occur in the histories, or the test proves little. */
const EVENTS = [
  ...[
    'new primary',
    'new non-primary',
    'extended',
    'updated',
    'study updated',
    'UPDATE_FAILED',
    'update refused',
    'reverted',
  ],
  ...[
    'revert refused',
    'copied',
    'copied into',
    'copied into with force',
    'COPY_FAILED: series differ',
    'promoted',
    'deleted',
  ],
  ...['COPY_FAILED: instances exist', 'copy refused', 'deletion refused'],
]

test('every response is as documented after every step of random histories', documented, async (context) => {
  const events = new Map<string, number>()
  const onEvent = (event: string) => events.set(event, (events.get(event) ?? 0) + 1)
  const history = fc.asyncProperty(
    fc.array(step, { minLength: 8, maxLength: 30, size: 'max' }),
    async (steps: Step[]) => {
      const datastoreId = await activeDatastore(server.sdk)
      const player = new Player({ server, datastoreId, clock, onEvent })
      for (const each of steps) await player.play(each)
      await player.compareAll()
    },
  )
  await fc.assert(history, asked > 0 ? { numRuns: asked } : { numRuns: 20, seed: 20260401 })
  context.diagnostic(JSON.stringify(Object.fromEntries([...events].sort())))
  assert.deepEqual(
    EVENTS.filter((event) => !events.has(event)),
    [],
  )
})

test('concurrent requests of many clients are serialised', choice, async (context) => {
  // Another server, with a running clock.
  const going = await openHilum()
  context.diagnostic(await interleave(going, asked > 0 ? asked : undefined))
})
