/** Lines are written before a request is answered, also when writing fails for a while. */
import assert from 'node:assert/strict'
import { fdatasync, readdirSync, readFileSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { CALLER, newFolder, openIn, request, verifyOne } from './audit.fixture.ts'
import { readHead } from './audit-files.ts'
import { searchAudit } from './search-audit.ts'

async function eventsIn(folder: string): Promise<Record<string, unknown>[]> {
  const events: Record<string, unknown>[] = []
  for await (const { event } of searchAudit([folder], {})) events.push({ ...event })
  return events
}
const linesIn = async (folder: string) => (await eventsIn(folder)).filter(({ eventType }) => eventType === 'AwsApiCall')

const diskFull = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })

test('a line has the members of CloudTrail', async () => {
  const folder = newFolder()
  const log = await openIn(folder, { clock: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6) })
  await log.record(request({ eventName: 'GetImageFrame', isDataEvent: true }))
  const [line] = await linesIn(folder)
  const { eventID, sequenceNumber, previousLineHash, ...members } = line!
  assert.match(String(eventID), /^[0-9a-f-]{36}$/)
  assert.equal(sequenceNumber, 2)
  assert.match(String(previousLineHash), /^[0-9a-f]{64}$/)
  assert.deepEqual(members, {
    eventVersion: '1.11',
    eventTime: '2026-01-02T03:04:05.006Z',
    eventSource: 'medical-imaging.amazonaws.com',
    eventName: 'GetImageFrame',
    awsRegion: 'us-east-1',
    sourceIPAddress: '192.0.2.7',
    userAgent: 'test',
    userIdentity: {
      type: 'IAMUser',
      arn: 'arn:aws:iam::123456789012:user/mary',
      accountId: '123456789012',
      accessKeyId: 'HILUMKEYOFMARY000',
      userName: 'mary',
    },
    requestID: 'r',
    eventType: 'AwsApiCall',
    readOnly: true,
    managementEvent: false,
    eventCategory: 'Data',
    recipientAccountId: '123456789012',
    resources: [
      {
        ARN: `arn:aws:medical-imaging:us-east-1:123456789012:datastore/${'a'.repeat(32)}`,
        type: 'AWS::MedicalImaging::Datastore',
      },
    ],
    responseStatus: 200,
  })
  await log.stop()
})

test('files and folder are private to their owner', { skip: process.platform === 'win32' }, async () => {
  const folder = newFolder()
  const mask = process.umask(0)
  const log = await openIn(folder).finally(() => process.umask(mask))
  await log.stop()
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
})

test('a session names the key behind it, and an unverified request the key that it claims', async () => {
  const folder = newFolder()
  const log = await openIn(folder)
  await log.record(request({ caller: { ...CALLER, accessKeyId: 'HILUMSESSIONKEY00' } }))
  await log.record(
    request({ caller: undefined, claimedKeyId: 'HILUMCLAIMEDKEY00', errorCode: 'InvalidSignatureException' }),
  )
  const [session, claimed] = (await linesIn(folder)).map((line) => line.userIdentity as Record<string, unknown>)
  assert.equal(session!.accessKeyId, 'HILUMSESSIONKEY00')
  assert.equal(
    (session as { sessionContext: { sessionIssuer: { accessKeyId: string } } }).sessionContext.sessionIssuer
      .accessKeyId,
    CALLER.accessKeyId,
  )
  assert.deepEqual(claimed, { type: 'Unknown', accessKeyId: 'HILUMCLAIMEDKEY00' })
  await log.stop()
})

/** A log, and how often it has synced its file. */
async function openCounting(folder: string, limits: { readonly auditSyncMs: number }) {
  let count = 0
  const log = await openIn(folder, {
    limits,
    calls: {
      writeSync,
      fdatasync: (file, done) => {
        count += 1
        fdatasync(file, done)
      },
    },
  })
  return { log, syncs: () => count }
}

test('the line of a read is written when record resolves, and synced soon after', async () => {
  const folder = newFolder()
  const { log, syncs } = await openCounting(folder, { auditSyncMs: 1_000 })
  const syncsBefore = syncs()
  await Promise.all(Array.from({ length: 20 }, () => log.record(request())))
  assert.equal((await linesIn(folder)).length, 20)
  assert.equal(syncs(), syncsBefore, 'not yet')
  while (syncs() === syncsBefore) await setTimeout(20)
  assert.equal(syncs(), syncsBefore + 1, 'one sync for all of them')
  await log.stop()
})

test('the line of a change is synced when record resolves, many with one sync', async () => {
  const folder = newFolder()
  const { log, syncs } = await openCounting(folder, { auditSyncMs: 60_000 })
  const syncsBefore = syncs()
  await Promise.all(
    Array.from({ length: 20 }, () => log.record(request({ isReadOnly: false, eventName: 'DeleteImageSet' }))),
  )
  assert.equal(syncs(), syncsBefore + 1)
  const [chain] = readdirSync(folder).map((name) => name.slice(0, 16))
  assert.equal(readHead(folder, chain!)!.sequence, 21)
  await log.stop()
})

for (const failing of ['write', 'short write', 'sync'] as const) {
  test(`while the ${failing} fails requests are refused, and afterwards no line is missing`, async () => {
    const folder = newFolder()
    let isFull = false
    const log = await openIn(folder, {
      calls: {
        writeSync(file, bytes, offset, length, position) {
          if (isFull && failing === 'write') throw diskFull()
          if (isFull && failing === 'short write') {
            if (length < 100) throw diskFull()
            return writeSync(file, bytes, offset, length - 99, position)
          }
          return writeSync(file, bytes, offset, length, position)
        },
        fdatasync(file, done) {
          if (isFull && failing === 'sync') setImmediate(() => done(diskFull()))
          else fdatasync(file, done)
        },
      },
    })
    const change = (requestId: string) => log.record(request({ requestId, isReadOnly: false }))
    await change('before')
    isFull = true
    const unavailable = { name: 'ServiceUnavailableException', message: /The audit log cannot be written/ }
    await Promise.all(['during 1', 'during 2'].map((id) => assert.rejects(change(id), unavailable)))
    assert.equal(log.failure, 'ENOSPC')
    for (let at = 0; at < 5; at++) assert.throws(() => log.check('192.0.2.7'), unavailable)
    // A request that was in flight when it began to fail.
    await assert.rejects(change('in flight'), unavailable)
    await setTimeout(30)
    assert.equal(log.failure, 'ENOSPC', 'it still fails after several attempts')
    isFull = false
    while (log.failure !== undefined) await setTimeout(5)
    log.check('192.0.2.7')
    await change('after')
    const ids = (await linesIn(folder)).map(({ requestID }) => requestID)
    assert.deepEqual(ids, ['before', 'during 1', 'during 2', 'in flight', 'after'])
    await log.stop()
    const refused = (await eventsIn(folder)).find(({ eventName }) => eventName === 'RefusedRequests')
    assert.equal((refused!.serviceEventDetails as { count: number }).count, 5)
    assert.equal((await verifyOne(folder)).fault, undefined)
  })
}

test('a flood of refused requests is a few lines for each address, and a count', async () => {
  const folder = newFolder()
  const log = await openIn(folder, { limits: { auditRefusalsPerMinute: 3 } })
  const refused = { caller: undefined, errorCode: 'InvalidSignatureException', status: 403 } as const
  for (let at = 0; at < 100; at++) await log.record(request(refused))
  for (let at = 0; at < 2; at++) await log.record(request({ ...refused, sourceNetwork: '2001:db8:0:0::/64' }))
  await log.record(request({ errorCode: 'AccessDeniedException', status: 403 }))
  await log.record(request())
  await log.stop()
  const events = await eventsIn(folder)
  assert.equal(events.filter(({ errorCode }) => errorCode === 'InvalidSignatureException').length, 3 + 2)
  const counts = events
    .filter(({ eventName }) => eventName === 'RefusedRequests')
    .map((each) => each.serviceEventDetails)
  assert.equal(counts.length, 1)
  const { count, sourceIPAddress } = counts[0] as { count: number; sourceIPAddress: string }
  assert.deepEqual({ count, sourceIPAddress }, { count: 97 + 1, sourceIPAddress: '192.0.2.7' })
  assert.equal(
    events.filter(({ responseStatus }) => responseStatus === 200).length,
    1,
    'answered requests are not limited',
  )
})

test('a new file begins at the size limit and at midnight, and continues the chain', async () => {
  const folder = newFolder()
  let now = Date.UTC(2026, 0, 1, 23, 59, 59)
  const log = await openIn(folder, { clock: () => now, limits: { auditFileBytes: 3_000 } })
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.jsonl')).length
  await log.record(request())
  assert.equal(files(), 1)
  now += 2_000
  await log.record(request())
  assert.equal(files(), 2)
  for (let at = 0; at < 20; at++) await log.record(request({ isReadOnly: at % 2 !== 0 }))
  assert.ok(files() > 4)
  await log.stop()
  const { fault, lines } = await verifyOne(folder)
  assert.deepEqual({ fault, lines }, { fault: undefined, lines: 24 })
})

test('files older than the retention are removed, and the log without them is intact', async () => {
  const folder = newFolder()
  const first = await openIn(folder, { limits: { auditFileBytes: 1_000 } })
  // Changes, so that no sync postpones a rotation.
  for (let at = 0; at < 10; at++) await first.record(request({ isReadOnly: false }))
  await first.stop()
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
  const old = new Date(Date.now() - 101 * 24 * 3_600_000)
  for (const name of files.slice(0, 3)) utimesSync(join(folder, name), old, old)
  const second = await openIn(folder)
  await second.record(request())
  while (readdirSync(folder).includes(files[2]!)) await setTimeout(5)
  await second.stop()
  const kept = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
  assert.deepEqual(kept.slice(0, -1), files.slice(3))
  assert.equal((await verifyOne(folder)).fault, undefined)
  // One more than the record says.
  unlinkSync(join(folder, kept[0]!))
  assert.match((await verifyOne(folder)).fault!.what, /are missing, and no line says that they were removed/)
})

test('long members are cut, so that a line stays short', async () => {
  const folder = newFolder()
  const log = await openIn(folder)
  await log.record(request({ userAgent: 'x'.repeat(20_000), resourceArns: ['y'.repeat(1_000_000)] }))
  await log.stop()
  const text = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('')
  assert.ok(text.length < 4_000, String(text.length))
})
