/** AWS KMS as a key service, on moto's server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { freePort } from '../../fixtures/free-port.ts'
import { openS3 } from '../../fixtures/shared-servers.ts'
import { s3IsMissing } from '../../stores/blobs/s3/s3.fixture.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { describeKeyService } from './key-service.conformance.ts'
import { openKms } from './kms.ts'

const skipped = s3IsMissing === undefined ? {} : { skip: s3IsMissing }

/** Long, because moto has one thread and test machines are busy. */
const kmsPlace = async () => ({ ...(await openS3()).place, timeoutMs: 60_000 })

describeKeyService('keys in KMS', async () => openKms(await kmsPlace()), skipped)

test('an alias is resolved, and an asymmetric key is not symmetric', skipped, async () => {
  const place = await kmsPlace()
  const { accessKeyId, secretAccessKey } = place
  const client = new KMSClient({ ...place, credentials: { accessKeyId, secretAccessKey } })
  const kms = openKms(place)
  const { keyArn } = await kms.create(undefined)
  const AliasName = `alias/hilum-${keyArn.slice(-12)}`
  await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: keyArn }))
  const aliasArn = keyArn.replace(/key\/.*/, AliasName)
  assert.equal((await kms.describe(aliasArn))!.keyArn, keyArn)
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }))
  assert.equal((await kms.describe(KeyMetadata!.Arn!))!.isSymmetric, false)
})

test('a key service that cannot be reached is unavailable', async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const kms = openKms({ endpoint, region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'test', timeoutMs: 5_000 })
  await assert.rejects(
    kms.describe('arn:aws:kms:us-east-1:000000000000:alias/x'),
    (error) => error instanceof StoreUnavailable && error.reason === 'away',
  )
})
