/** Conformance of a catalog: the servers that share it, and their keys. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OpenCatalog } from './catalog.conformance.ts'

export function testServers(open: OpenCatalog): void {
  const server = (serverId: string, workerIds: readonly string[] = []) => ({
    ...{ serverId, name: `${serverId}:8104`, workerIds },
    settings: { region: 'us-east-1' },
  })

  test('a server sees the others, until they leave or are silent', async (context) => {
    const { servers } = await open(context)
    const names = async (serverId: string, at: number, silentSince?: number) =>
      (await servers.beat(server(serverId), { at, silentSince })).others.map(({ name, seenAt }) => `${name} ${seenAt}`)
    assert.deepEqual(await names('a', 1_000), [])
    assert.deepEqual(await names('b', 1_001), ['a:8104 1000'])
    assert.deepEqual(await names('c', 1_002), ['a:8104 1000', 'b:8104 1001'])
    assert.deepEqual(await names('a', 1_010), ['b:8104 1001', 'c:8104 1002'])
    await servers.leave('b')
    assert.deepEqual(await names('a', 1_020, 1_002), ['c:8104 1002'])
    assert.deepEqual(await names('a', 1_030, 1_003), [])
    // One that was taken for lost is there again when it says so.
    assert.deepEqual(await names('c', 1_040), ['a:8104 1030'])
    const { others } = await servers.beat(server('a'), { at: 1_050 })
    assert.deepEqual(others[0]?.settings, { region: 'us-east-1' })
  })

  test('the workers of a server that is lost are told to one other server', async (context) => {
    const { servers } = await open(context)
    await servers.beat(server('a'), { at: 1_000 })
    await servers.beat(server('a', ['w1', 'w2']), { at: 1_001 })
    const lost = async (serverId: string) =>
      (await servers.beat(server(serverId), { at: 2_000, silentSince: 1_500 })).lostWorkerIds
    assert.deepEqual((await Promise.all([lost('b'), lost('c')])).flat(), ['w1', 'w2'])
    assert.deepEqual(await lost('b'), [])
  })

  test('the first keys are kept, and others only replace them', async (context) => {
    const { servers } = await open(context)
    const keys = (accessKeyId: string) => ({ sealingKeyDigest: 'd', accessKeyId, sealedSecret: 's' })
    assert.equal(await servers.sharedKeys(), undefined)
    const [one, other] = await Promise.all([servers.keepKeys(keys('A')), servers.keepKeys(keys('B'))])
    assert.deepEqual(one, other)
    assert.deepEqual(await servers.sharedKeys(), one)
    await servers.replaceKeys(keys('C'))
    assert.equal((await servers.keepKeys(keys('D'))).accessKeyId, 'C')
  })

  test('the clock of the catalog goes on', async (context) => {
    const catalog = await open(context)
    const before = catalog.now()
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(catalog.now() > before)
  })
}
