/** The contract of a key service, as tests. Each adapter runs the same suite. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { ownerPolicy, SERVICE_STATEMENT, withServiceStatement } from './key-policy.ts'
import { KeyRefused, type KeyService, type RefusalReason } from './key-service.ts'

const ABSENT = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
const OWNER = ownerPolicy('123456789012')
const CONTEXT = { 'aws:medical-imaging:datastoreId': 'a'.repeat(32), 'kms-arn': ABSENT }

export function describeKeyService(name: string, open: () => Promise<KeyService>, options: { skip?: string } = {}) {
  describe(name, { skip: options.skip ?? false }, () => {
    let service: KeyService
    before(async () => {
      service = await open()
    })
    const newKey = async (policy: object = withServiceStatement(OWNER)) => (await service.create(policy)).keyArn

    test('a new key is enabled, symmetric and listed', async () => {
      const made = await service.create(undefined)
      assert.match(made.keyArn, /^arn:aws:kms:[a-z0-9-]+:\d{12}:key\/[0-9a-f-]{36}$/)
      assert.deepEqual(await service.describe(made.keyArn), made)
      assert.deepEqual([made.state, made.isSymmetric], ['Enabled', true])
      assert.ok((await service.list()).some(({ keyArn }) => keyArn === made.keyArn))
    })

    test('a key that does not exist is undefined, and refused by all else', async () => {
      assert.equal(await service.describe(ABSENT), undefined)
      for (const use of [
        () => service.createDataKey(ABSENT, CONTEXT),
        () => service.policyOf(ABSENT),
        () => service.putPolicy(ABSENT, OWNER),
        () => service.rotate(ABSENT),
        () => service.disable(ABSENT),
        () => service.enable(ABSENT),
        () => service.scheduleDeletion(ABSENT, 7),
      ]) {
        await refuses(use, 'absent')
      }
    })

    test('a data key has 32 random bytes and is unwrapped to the same', async () => {
      const keyArn = await newKey()
      const made = await service.createDataKey(keyArn, CONTEXT)
      const other = await service.createDataKey(keyArn, CONTEXT)
      assert.equal(made.plaintext.length, 32)
      assert.notDeepEqual(Buffer.from(made.plaintext), Buffer.from(other.plaintext))
      assert.equal(Buffer.from(made.wrapped).includes(Buffer.from(made.plaintext)), false)
      const unwrapped = await service.unwrap({ keyArn, context: CONTEXT, wrapped: made.wrapped })
      assert.deepEqual(Buffer.from(unwrapped), Buffer.from(made.plaintext))
    })

    test('a wrapped data key belongs to its context and its key, and a changed one is refused', async () => {
      const keyArn = await newKey()
      const { wrapped } = await service.createDataKey(keyArn, CONTEXT)
      const otherContext = { ...CONTEXT, 'aws:medical-imaging:datastoreId': 'b'.repeat(32) }
      await refuses(() => service.unwrap({ keyArn, context: otherContext, wrapped }), 'damaged')
      await refuses(() => service.unwrap({ keyArn, context: {}, wrapped }), 'damaged')
      const changed = Uint8Array.from(wrapped)
      changed[changed.length - 1]! ^= 1
      await refuses(() => service.unwrap({ keyArn, context: CONTEXT, wrapped: changed }), 'damaged')
      // KMS may answer that access is denied, so as not to reveal which key it was.
      const byOther = async () => service.unwrap({ keyArn: await newKey(), context: CONTEXT, wrapped })
      await assert.rejects(byOther, KeyRefused)
    })

    test('a policy without the statement of the service refuses it, until the statement is added', async () => {
      const keyArn = await newKey(OWNER)
      assert.deepEqual(await service.policyOf(keyArn), OWNER)
      await refuses(() => service.createDataKey(keyArn, CONTEXT), 'not-granted')
      await service.putPolicy(keyArn, withServiceStatement(OWNER))
      const { wrapped } = await service.createDataKey(keyArn, CONTEXT)
      assert.equal((await service.unwrap({ keyArn, context: CONTEXT, wrapped })).length, 32)
      await service.putPolicy(keyArn, OWNER)
      await refuses(() => service.unwrap({ keyArn, context: CONTEXT, wrapped }), 'not-granted')
    })

    test('a statement for one data store grants that one only', async () => {
      const Condition = {
        StringEquals: {
          'kms:EncryptionContext:aws:medical-imaging:datastoreId': CONTEXT['aws:medical-imaging:datastoreId'],
        },
      }
      const keyArn = await newKey({ ...OWNER, Statement: [...OWNER.Statement, { ...SERVICE_STATEMENT, Condition }] })
      await service.createDataKey(keyArn, CONTEXT)
      const other = { ...CONTEXT, 'aws:medical-imaging:datastoreId': 'c'.repeat(32) }
      await refuses(() => service.createDataKey(keyArn, other), 'not-granted')
      assert.equal(await service.isGranted(keyArn, { action: 'kms:Decrypt', context: CONTEXT }), true)
      assert.equal(await service.isGranted(keyArn, { action: 'kms:Decrypt', context: other }), false)
    })

    test('a disabled key, and one that is scheduled for deletion, is refused until it is enabled', async () => {
      const keyArn = await newKey()
      const { wrapped } = await service.createDataKey(keyArn, CONTEXT)
      const unwrap = () => service.unwrap({ keyArn, context: CONTEXT, wrapped })
      await service.disable(keyArn)
      assert.equal((await service.describe(keyArn))!.state, 'Disabled')
      await refuses(unwrap, 'disabled')
      await service.enable(keyArn)
      await unwrap()
      const deletionAt = await service.scheduleDeletion(keyArn, 7)
      assert.ok(Math.abs(deletionAt - Date.now() - 7 * 86_400_000) < 3_600_000)
      assert.equal((await service.describe(keyArn))!.state, 'PendingDeletion')
      await refuses(unwrap, 'pending-deletion')
      await service.enable(keyArn)
      await unwrap()
    })

    test('after a rotation old data keys are unwrapped, and a data key is wrapped again to the same bytes', async () => {
      const keyArn = await newKey()
      const { plaintext, wrapped } = await service.createDataKey(keyArn, CONTEXT)
      await service.rotate(keyArn)
      const again = await service.rewrap({ keyArn, context: CONTEXT, wrapped })
      assert.notDeepEqual(Buffer.from(again), Buffer.from(wrapped))
      for (const form of [wrapped, again]) {
        const unwrapped = await service.unwrap({ keyArn, context: CONTEXT, wrapped: form })
        assert.deepEqual(Buffer.from(unwrapped), Buffer.from(plaintext))
      }
    })
  })
}

const refuses = (use: () => Promise<unknown>, reason: RefusalReason) =>
  assert.rejects(use, (error) => error instanceof KeyRefused && error.reason === reason)
