/** CreateDatastore: its answer, its client token, its parameters and their limits (AWS model; reference for tags: AWS "Tagging"). */
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

describe('the life of a new data store', documented, () => {
  test('it is answered as CREATING with an id of 32 lower-case hex digits', async () => {
    const { datastoreId, datastoreStatus, $metadata } = await create({ datastoreName: 'new' })
    assert.equal($metadata.httpStatusCode, 200)
    assert.equal(datastoreStatus, 'CREATING')
    assert.match(datastoreId!, /^[0-9a-f]{32}$/)
  })

  test('it becomes ACTIVE without another word', async () => {
    const { datastoreId } = await create({ datastoreName: 'polled' })
    await untilDatastore(sdk, { datastoreId: datastoreId!, is: 'ACTIVE' })
  })
})

describe('the client token', documented, () => {
  test('the same request again gets the same data store, and there is only one', async () => {
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

  test('with other parameters it is a conflict', choice, async () => {
    await create({ datastoreName: 'one', clientToken: 'taken' })
    await rejectsAs(create({ datastoreName: 'another', clientToken: 'taken' }), 'ConflictException')
    await rejectsAs(
      create({ datastoreName: 'one', clientToken: 'taken', losslessStorageFormat: 'JPEG_2000_LOSSLESS' }),
      'ConflictException',
    )
  })

  test('after a day it is forgotten', choice, async () => {
    const first = await create({ datastoreName: 'daily', clientToken: 'daily' })
    clock.advance(DAY_MS + 1)
    const second = await create({ datastoreName: 'daily', clientToken: 'daily' })
    assert.notEqual(second.datastoreId, first.datastoreId)
  })

  test('an empty, a long and a malformed one are refused', async () => {
    for (const clientToken of ['', 'x'.repeat(65), 'with space', 'ü']) {
      await rejectsAs(create({ clientToken }), 'ValidationException', /'clientToken'/)
    }
    await create({ clientToken: 'x'.repeat(64) })
  })
})

describe('the name', documented, () => {
  test('two data stores may share one', async () => {
    assert.notEqual(
      await activeDatastore(sdk, { datastoreName: 'twin' }),
      await activeDatastore(sdk, { datastoreName: 'twin' }),
    )
  })

  test('every character of the pattern is kept as it is', async () => {
    const datastoreName = 'Az09._/#-'
    assert.equal((await propertiesOf({ datastoreName })).datastoreName, datastoreName)
  })

  test('none given is none answered', choice, async () => {
    const properties = await propertiesOf({ datastoreName: undefined })
    assert.equal('datastoreName' in properties, false)
  })

  test('256 characters are the most', async () => {
    await create({ datastoreName: 'x'.repeat(256) })
    await rejectsAs(
      create({ datastoreName: 'x'.repeat(257) }),
      'ValidationException',
      /at 'datastoreName' failed to satisfy constraint: Member must have length less than or equal to 256/,
    )
  })

  test('an empty one and one with other characters are refused', async () => {
    for (const datastoreName of ['', 'two words', 'naïve', 'a\nb']) {
      await rejectsAs(create({ datastoreName }), 'ValidationException', /'datastoreName'/)
    }
  })
})

describe('the storage format', documented, () => {
  test('it is HTJ2K unless asked otherwise', async () => {
    assert.equal((await propertiesOf({})).losslessStorageFormat, 'HTJ2K')
    const chosen = await propertiesOf({ losslessStorageFormat: 'JPEG_2000_LOSSLESS' })
    assert.equal(chosen.losslessStorageFormat, 'JPEG_2000_LOSSLESS')
  })

  test('an unknown one is refused with the list of the known', async () => {
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

  test('a key ARN, an alias ARN and a Lambda ARN are kept and answered', async () => {
    assert.equal((await propertiesOf({ kmsKeyArn: key })).kmsKeyArn, key)
    const both = await propertiesOf({ kmsKeyArn: alias, lambdaAuthorizerArn: lambda })
    assert.deepEqual([both.kmsKeyArn, both.lambdaAuthorizerArn], [alias, lambda])
  })

  test('what is no such ARN is refused', async () => {
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

  test('keys of AWS, long keys and long values are refused', async () => {
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

test('several faults are told together', choice, async () => {
  await rejectsAs(
    create({ datastoreName: 'no good', clientToken: 'nor this' }),
    'ValidationException',
    /^2 validation errors detected: /,
  )
})
