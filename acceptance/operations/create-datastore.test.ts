/** CreateDatastore: response, client token, parameters and their limits (AWS model; for tags, AWS "Tagging"). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  CreateDatastoreCommand,
  type CreateDatastoreCommandInput,
  GetDatastoreCommand,
  paginateListDatastores,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { choice, documented } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const { sdk } = await openHilum(clock.options)

const create = (input: Partial<CreateDatastoreCommandInput>) =>
  sdk.send(new CreateDatastoreCommand(input as CreateDatastoreCommandInput))

async function propertiesOf(input: Partial<CreateDatastoreCommandInput>) {
  const datastoreId = await activeDatastore(sdk, input)
  const { datastoreProperties } = await sdk.send(new GetDatastoreCommand({ datastoreId }))
  return datastoreProperties!
}

describe('a new data store', documented, () => {
  test('is CREATING, with an id of 32 lower-case hex digits', async () => {
    const { datastoreId, datastoreStatus, $metadata } = await create({ datastoreName: 'new' })
    assert.equal($metadata.httpStatusCode, 200)
    assert.equal(datastoreStatus, 'CREATING')
    assert.match(datastoreId!, /^[0-9a-f]{32}$/)
  })

  test('becomes ACTIVE without another request', async () => {
    const { datastoreId } = await create({ datastoreName: 'polled' })
    await untilDatastore(sdk, { datastoreId: datastoreId!, is: 'ACTIVE' })
  })
})

describe('the client token', documented, () => {
  test('the same request again returns the same data store, and there is only one', async () => {
    const request = { datastoreName: 'once', clientToken: 'again', tags: { a: '1', b: '2' } }
    const first = await create(request)
    const second = await create({ ...request, tags: { b: '2', a: '1' } })
    assert.equal(second.datastoreId, first.datastoreId)
    assert.equal(second.datastoreStatus, 'CREATING')
    let named = 0
    for await (const page of paginateListDatastores({ client: sdk }, {})) {
      named += page.datastoreSummaries!.filter(({ datastoreName }) => datastoreName === 'once').length
    }
    assert.equal(named, 1)
  })

  test('the same token with other parameters is a conflict', choice, async () => {
    await create({ datastoreName: 'one', clientToken: 'taken' })
    await rejectsAs(create({ datastoreName: 'another', clientToken: 'taken' }), 'ConflictException')
    await rejectsAs(
      create({ datastoreName: 'one', clientToken: 'taken', losslessStorageFormat: 'JPEG_2000_LOSSLESS' }),
      'ConflictException',
    )
  })

  test('expires after a day', choice, async () => {
    const first = await create({ datastoreName: 'daily', clientToken: 'daily' })
    clock.advance(DAY_MS + 1)
    const second = await create({ datastoreName: 'daily', clientToken: 'daily' })
    assert.notEqual(second.datastoreId, first.datastoreId)
  })

  test('empty, too long or malformed is refused', async () => {
    for (const clientToken of ['', 'x'.repeat(65), 'with space', 'ü']) {
      await rejectsAs(create({ clientToken }), 'ValidationException', /'clientToken'/)
    }
    await create({ clientToken: 'x'.repeat(64) })
  })
})

describe('the name', documented, () => {
  test('can be that of another data store', async () => {
    assert.notEqual(
      await activeDatastore(sdk, { datastoreName: 'twin' }),
      await activeDatastore(sdk, { datastoreName: 'twin' }),
    )
  })

  test('keeps every character of the pattern', async () => {
    const datastoreName = 'Az09._/#-'
    assert.equal((await propertiesOf({ datastoreName })).datastoreName, datastoreName)
  })

  test('is absent in the response if it is not given', choice, async () => {
    const properties = await propertiesOf({ datastoreName: undefined })
    assert.equal('datastoreName' in properties, false)
  })

  test('has at most 256 characters', async () => {
    await create({ datastoreName: 'x'.repeat(256) })
    await rejectsAs(
      create({ datastoreName: 'x'.repeat(257) }),
      'ValidationException',
      /at 'datastoreName' failed to satisfy constraint: Member must have length less than or equal to 256/,
    )
  })

  test('empty or with other characters is refused', async () => {
    for (const datastoreName of ['', 'two words', 'naïve', 'a\nb']) {
      await rejectsAs(create({ datastoreName }), 'ValidationException', /'datastoreName'/)
    }
  })
})

describe('the storage format', documented, () => {
  test('is HTJ2K by default', async () => {
    assert.equal((await propertiesOf({})).losslessStorageFormat, 'HTJ2K')
    const chosen = await propertiesOf({ losslessStorageFormat: 'JPEG_2000_LOSSLESS' })
    assert.equal(chosen.losslessStorageFormat, 'JPEG_2000_LOSSLESS')
  })

  test('unknown is refused with a list of the allowed values', async () => {
    await rejectsAs(
      create({ losslessStorageFormat: 'PNG' as 'HTJ2K' }),
      'ValidationException',
      "1 validation error detected: Value 'PNG' at 'losslessStorageFormat' failed to satisfy constraint: Member must satisfy enum value set: [HTJ2K, JPEG_2000_LOSSLESS]",
    )
  })
})

describe('keys and authorizers', documented, () => {
  const key = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  const alias = 'arn:aws:kms:us-east-1:123456789012:alias/imaging'
  const lambda = 'arn:aws:lambda:us-east-1:123456789012:function:authorize:live'

  test('a key ARN, an alias ARN and a Lambda ARN are stored and returned', async () => {
    const authorizers = { [lambda]: { endpoint: 'https://login.example/authorize' } }
    const accepting = await openHilum({ ignoreKmsKeyArn: true, authorizers })
    for (const arns of [{ kmsKeyArn: key }, { kmsKeyArn: alias, lambdaAuthorizerArn: lambda }]) {
      const datastoreId = await activeDatastore(accepting.sdk, arns)
      const { datastoreProperties } = await accepting.sdk.send(new GetDatastoreCommand({ datastoreId }))
      const { kmsKeyArn, lambdaAuthorizerArn } = datastoreProperties!
      assert.deepEqual({ lambdaAuthorizerArn: undefined, ...arns }, { kmsKeyArn, lambdaAuthorizerArn })
    }
  })

  test('ARNs that would have no effect are refused with the reason', choice, async () => {
    await rejectsAs(create({ kmsKeyArn: key }), 'ValidationException', /kmsKeyArn would have no effect/)
  })

  test('the ARN of an authorizer that is not configured is refused with the reason', choice, async () => {
    const refused = create({ lambdaAuthorizerArn: lambda })
    await rejectsAs(refused, 'ValidationException', /^No authorizer is configured for this lambdaAuthorizerArn/)
  })

  test('other ARNs are refused', async () => {
    await rejectsAs(create({ kmsKeyArn: 'key/1' }), 'ValidationException', /'kmsKeyArn'/)
    await rejectsAs(create({ lambdaAuthorizerArn: key }), 'ValidationException', /'lambdaAuthorizerArn'/)
  })
})

describe('tags', documented, () => {
  const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, 'value']))

  test('fifty are allowed, and one more is not', async () => {
    await create({ tags: tags(50) })
    await rejectsAs(create({ tags: tags(51) }), 'ValidationException', /50/)
  })

  test('reserved keys, long keys and long values are refused', async () => {
    await create({ tags: { ['k'.repeat(128)]: 'v'.repeat(256), empty: '' } })
    for (const wrong of [
      { 'aws:mine': '' },
      { ['k'.repeat(129)]: '' },
      { '': '' },
      { key: 'v'.repeat(257) },
      { 'a b': '' },
    ]) {
      await rejectsAs(create({ tags: wrong }), 'ValidationException', /'tags'/)
    }
  })
})

test('several faults are reported together', choice, async () => {
  await rejectsAs(
    create({ datastoreName: 'no good', clientToken: 'nor this' }),
    'ValidationException',
    /^2 validation errors detected: /,
  )
})
