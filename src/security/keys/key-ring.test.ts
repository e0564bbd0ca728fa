/** The key ring as a key service, and what happens to its file. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { withServiceStatement } from './key-policy.ts'
import { OwnKeyIsKept, openKeyRing } from './key-ring.ts'
import { describeKeyService } from './key-service.conformance.ts'
import { KeyRefused } from './key-service.ts'
import { UnreadableRing } from './ring-file.ts'
import type { RingPlace } from './ring-store.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function newPlace(passphrase?: string): RingPlace & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-keys-'))
  folders.push(folder)
  return { folder, ringFile: join(folder, 'ring.json'), keyFile: join(folder, 'ring.key'), passphrase }
}

const OPTIONS = { region: 'eu-central-1', accountId: '123456789012' }
const CONTEXT = { 'aws:medical-imaging:datastoreId': 'a'.repeat(32) }
const GRANTED = withServiceStatement({ Version: '2012-10-17', Statement: [] })

describeKeyService('a key ring with a key file', () => openKeyRing(newPlace(), OPTIONS))
describeKeyService('a key ring with a passphrase', () => openKeyRing(newPlace('correct horse'), OPTIONS))

test('the files are private, and a restart uses the same keys', async () => {
  const place = newPlace()
  const ring = await openKeyRing(place, OPTIONS)
  const { keyArn } = await ring.create(GRANTED)
  const { plaintext, wrapped } = await ring.createDataKey(keyArn, CONTEXT)
  assert.deepEqual((await readdir(place.folder)).sort(), ['ring.json', 'ring.key'])
  for (const file of [place.ringFile, place.keyFile]) assert.equal((await stat(file)).mode & 0o777, 0o600)
  const again = await openKeyRing(place, OPTIONS)
  assert.equal(await again.ownKeyArn(), await ring.ownKeyArn())
  assert.deepEqual(Buffer.from(await again.unwrap({ keyArn, context: CONTEXT, wrapped })), Buffer.from(plaintext))
})

test('a change by another process is seen without a restart', async () => {
  const place = newPlace()
  const [one, other] = [await openKeyRing(place, OPTIONS), await openKeyRing(place, OPTIONS)]
  const { keyArn } = await one.create(GRANTED)
  await other.createDataKey(keyArn, CONTEXT)
  await one.disable(keyArn)
  await assert.rejects(other.createDataKey(keyArn, CONTEXT), KeyRefused)
})

test('no change is lost when many are made at once', async () => {
  const place = newPlace()
  const rings = await Promise.all([1, 2, 3, 4].map(() => openKeyRing(place, OPTIONS)))
  const made = await Promise.all(rings.flatMap((ring) => [ring.create(GRANTED), ring.create(GRANTED)]))
  const listed = new Set((await rings[0]!.list()).map(({ keyArn }) => keyArn))
  assert.equal(listed.size, made.length + 1)
  assert.ok(made.every(({ keyArn }) => listed.has(keyArn)))
})

test('a lock file that a crash left does not block changes for long', async () => {
  const place = newPlace()
  const ring = await openKeyRing(place, OPTIONS)
  await writeFile(`${place.ringFile}.lock`, '')
  const long = new Date(Date.now() - 60_000)
  await utimes(`${place.ringFile}.lock`, long, long)
  await ring.create(GRANTED)
})

test('another passphrase or key file does not open the ring', async () => {
  const place = newPlace('right')
  await openKeyRing(place, OPTIONS)
  const opened = async (other: Partial<RingPlace>) => (await openKeyRing({ ...place, ...other }, OPTIONS)).ownKeyArn()
  await assert.rejects(opened({ passphrase: 'wrong' }), UnreadableRing)
  await assert.rejects(opened({ passphrase: undefined }), UnreadableRing)
  assert.ok(await opened({}))
})

test('a ring with any character changed is refused, and so is one without an entry', async () => {
  const place = newPlace()
  const ring = await openKeyRing(place, OPTIONS)
  await ring.create(GRANTED)
  const text = await readFile(place.ringFile, 'utf8')
  const opened = async (changed: string) => {
    await writeFile(place.ringFile, changed)
    return (await openKeyRing(place, OPTIONS)).list()
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('0', 'A', 'x', '}', '"'), async (at, by) => {
      const changed = text.slice(0, at) + by + text.slice(at + 1)
      // White space between the members means nothing.
      if (/\s/.test(text[at]!) || changed === text) return
      await assert.rejects(opened(changed), UnreadableRing)
    }),
    { seed: 20261126, numRuns: 300 },
  )
  const file = JSON.parse(text)
  for (const changed of [
    { ...file, keys: file.keys.slice(0, 1) },
    { ...file, keys: file.keys.toReversed() },
    { ...file, generation: file.generation + 1 },
    { ...file, keys: file.keys.map((key: object) => ({ ...key, policy: GRANTED })) },
  ]) {
    await assert.rejects(opened(JSON.stringify(changed)), UnreadableRing)
  }
  assert.equal((await opened(text)).length, 2)
})

test('material is in no file, and the ring without its key file is unreadable', async () => {
  const place = newPlace()
  await openKeyRing(place, OPTIONS)
  const keyFile = await readFile(place.keyFile, 'utf8')
  assert.equal((await readFile(place.ringFile, 'utf8')).includes(keyFile.trim()), false)
  await writeFile(place.keyFile, `${Buffer.alloc(32).toString('base64')}\n`)
  await assert.rejects(async () => (await openKeyRing(place, OPTIONS)).list(), UnreadableRing)
})

test('a key file that is empty or short protects nothing and is refused', async () => {
  for (const content of ['', '\n', 'AAAA', 'not base64 at all']) {
    const place = newPlace()
    await writeFile(place.keyFile, content)
    await assert.rejects(openKeyRing(place, OPTIONS), /must hold 32 bytes/)
  }
})

test("Hilum's own key is neither disabled nor deleted", async () => {
  const ring = await openKeyRing(newPlace(), OPTIONS)
  const own = await ring.ownKeyArn()
  await assert.rejects(ring.disable(own), OwnKeyIsKept)
  await assert.rejects(ring.scheduleDeletion(own, 7), OwnKeyIsKept)
  assert.equal((await ring.createDataKey(own, CONTEXT)).plaintext.length, 32)
})

test('a key whose deletion is due does not exist, and the next change removes its material', async () => {
  const place = newPlace()
  let now = Date.now()
  const ring = await openKeyRing(place, { ...OPTIONS, clock: () => now })
  const { keyArn } = await ring.create(GRANTED)
  const { wrapped } = await ring.createDataKey(keyArn, CONTEXT)
  await ring.scheduleDeletion(keyArn, 7)
  now += 7 * 86_400_000
  assert.equal(await ring.describe(keyArn), undefined)
  await assert.rejects(ring.unwrap({ keyArn, context: CONTEXT, wrapped }), KeyRefused)
  await assert.rejects(ring.enable(keyArn), KeyRefused)
  await ring.rotate(await ring.ownKeyArn())
  const { keys } = JSON.parse(await readFile(place.ringFile, 'utf8'))
  assert.deepEqual(keys.find((key: { keyArn: string }) => key.keyArn === keyArn).versions, [])
})

test('a ring that cannot be read is unavailable', async () => {
  const place = newPlace()
  await openKeyRing(place, OPTIONS)
  await rm(place.ringFile)
  await mkdir(place.ringFile)
  await assert.rejects(
    async () => (await openKeyRing(place, OPTIONS)).list(),
    (error) => error instanceof StoreUnavailable && error.reason === 'away',
  )
})
