/** The newest lines of an audit log, page by page. */
import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditEvent, AuditSearch } from '../../contract/audit.ts'
import { CALLER, newFolder, openIn, request } from './audit.fixture.ts'
import { type AuditPosition, readNewest } from './read-newest.ts'
import { searchAudit } from './search-audit.ts'

const START = Date.parse('2026-05-01T00:00:00Z')

/** Two chains of several files, whose events alternate. */
async function filledLog(count: number): Promise<string> {
  const folder = newFolder()
  let now = START
  const clock = () => now
  const open = async () => [
    await openIn(folder, { clock, chain: '1'.repeat(16) }),
    await openIn(folder, { clock, chain: '2'.repeat(16) }),
  ]
  let logs = await open()
  for (let at = 0; at < count; at++) {
    now += 1_000
    // Each start begins a file.
    if (at % 20 === 19) {
      for (const log of logs) await log.stop()
      logs = await open()
    }
    const caller =
      at % 3 === 0 ? { ...CALLER, name: 'paul', accessKeyId: 'KEYOFPAUL', signInKeyId: 'KEYOFPAUL' } : CALLER
    const errorCode = at % 10 === 0 ? 'ResourceNotFoundException' : undefined
    const requestId = `request-${at}`
    await logs[Math.floor(at / 2) % 2]!.record(
      request({ caller, errorCode, requestId, eventName: at % 5 === 0 ? 'GetImageSet' : 'SearchImageSets' }),
    )
  }
  for (const log of logs) await log.stop()
  return folder
}

async function allPages(folder: string, search: AuditSearch, limits: { eventsMax: number; bytesMax: number }) {
  const events: AuditEvent[] = []
  const faults = new Map<string, string>()
  let position: AuditPosition | undefined
  let pages = 0
  do {
    const page = await readNewest([folder], { search, position, ...limits })
    pages += 1
    assert.ok(page.events.length <= limits.eventsMax)
    events.push(...page.events)
    for (const { chain, fault } of page.chains) if (fault !== undefined) faults.set(chain, fault)
    // As it is in a token.
    position = page.position && JSON.parse(JSON.stringify(page.position))
  } while (position !== undefined)
  return { events, pages, faults }
}

const PAGES = [
  { eventsMax: 7, bytesMax: 1_000_000 },
  { eventsMax: 1_000, bytesMax: 1 },
  { eventsMax: 1_000, bytesMax: 1_000_000_000 },
]

test('every line is on one page, newest first over all chains and files, with any size of page', async () => {
  const folder = await filledLog(120)
  assert.ok(readdirSync(folder).length > 10, `there are ${readdirSync(folder).length} files`)
  const texts: string[] = []
  for await (const { text } of searchAudit([folder], {})) texts.push(JSON.parse(text).eventID)
  for (const limits of PAGES) {
    const { events, faults } = await allPages(folder, {}, limits)
    assert.deepEqual(events.map(({ eventID }) => eventID).toSorted(), texts.toSorted())
    const times = events.map(({ eventTime }) => eventTime)
    assert.deepEqual(times, times.toSorted().reverse())
    assert.deepEqual([...faults], [])
  }
})

test('filters are those of the search of all lines', async () => {
  const folder = await filledLog(120)
  const at = (seconds: number) => START + seconds * 1_000
  const searches: AuditSearch[] = [
    { principal: 'paul' },
    { eventName: 'GetImageSet', outcome: 'failed' },
    { outcome: 'succeeded', principal: 'mary' },
    { since: at(40), until: at(80) },
    { until: at(3) },
    { since: at(119) },
    { since: at(1_000) },
  ]
  for (const search of searches) {
    const expected: string[] = []
    for await (const { event } of searchAudit([folder], search)) if (event.requestID) expected.push(event.requestID)
    for (const limits of PAGES) {
      const { events } = await allPages(folder, search, limits)
      const found = events.flatMap(({ requestID }) => requestID ?? [])
      assert.deepEqual(found.toSorted(), expected.toSorted(), JSON.stringify(search))
    }
  }
})

test('a page reads a bounded number of bytes, and says how far it came', async () => {
  const folder = await filledLog(400)
  const bytesMax = 100_000
  const first = await readNewest([folder], {
    search: { principal: 'nobody' },
    position: undefined,
    eventsMax: 10,
    bytesMax,
  })
  assert.deepEqual(first.events, [])
  assert.ok(first.position !== undefined)
  assert.ok(first.readBackTo! > START / 1_000 && first.readBackTo! <= START / 1_000 + 400, String(first.readBackTo))
  const { pages } = await allPages(folder, { principal: 'nobody' }, { eventsMax: 10, bytesMax })
  assert.ok(pages > 2, String(pages))
})

test('a line that was altered, one that was removed, and a cut end are faults', async () => {
  const changes: readonly [string, (folder: string, file: string) => void, RegExp][] = [
    [
      'altered',
      (folder, file) =>
        writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace('mary', 'marc')),
      /one of the two was altered/,
    ],
    [
      'removed',
      (folder, file) =>
        writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace(/^(.*\n).*\n/, '$1')),
      /are missing/,
    ],
  ]
  for (const [what, change, expected] of changes) {
    const folder = await filledLog(60)
    const [, second] = readdirSync(folder).filter((name) => name.startsWith('1') && name.endsWith('.jsonl'))
    change(folder, second!)
    for (const limits of PAGES) {
      const { faults } = await allPages(folder, {}, limits)
      assert.deepEqual([...faults.keys()], ['1'.repeat(16)], what)
      assert.match(faults.get('1'.repeat(16))!, expected)
    }
  }
  const folder = await filledLog(60)
  const last = readdirSync(folder).findLast((name) => name.startsWith('1') && name.endsWith('.jsonl'))!
  const text = readFileSync(join(folder, last), 'utf8')
  truncateSync(join(folder, last), text.trimEnd().lastIndexOf('\n') + 1)
  const { faults } = await allPages(folder, {}, PAGES[2]!)
  assert.match(faults.get('1'.repeat(16))!, /which were durable, are missing/)
})

test('unfinished bytes that a crash left are no fault', async () => {
  const folder = await filledLog(20)
  const last = readdirSync(folder).findLast((name) => name.startsWith('1') && name.endsWith('.jsonl'))!
  appendFileSync(join(folder, last), '{"eventVersion":"1.11","eventTi')
  const log = await openIn(folder, { chain: '1'.repeat(16) })
  await log.stop()
  const { faults, events } = await allPages(folder, {}, PAGES[0]!)
  assert.deepEqual([...faults], [])
  assert.equal(events.filter(({ requestID }) => requestID !== undefined).length, 20)
})
