/** GetDatastore: every property, and the day for which a deleted data store is still returned. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeleteDatastoreCommand, GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const clock = movableClock('2026-01-01T00:00:00.123Z')
const { sdk } = await openHilum({ ...clock.options, region: 'eu-west-1', accountId: '123456789012' })
const get = (datastoreId: string) => sdk.send(new GetDatastoreCommand({ datastoreId }))

test('returns every property, with times to the millisecond', recorded, async () => {
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'whole' })
  const { datastoreProperties } = await get(datastoreId)
  assert.deepEqual(datastoreProperties, {
    datastoreId,
    datastoreName: 'whole',
    datastoreStatus: 'ACTIVE',
    losslessStorageFormat: 'HTJ2K',
    datastoreArn: `arn:aws:medical-imaging:eu-west-1:123456789012:datastore/${datastoreId}`,
    createdAt: new Date('2026-01-01T00:00:00.123Z'),
    updatedAt: new Date('2026-01-01T00:00:00.123Z'),
  })
})

test('a deleted data store is DELETED for a day and then not found', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  await sdk.send(new DeleteDatastoreCommand({ datastoreId }))
  await untilDatastore(sdk, { datastoreId, is: 'DELETED' })
  clock.advance(DAY_MS - 1)
  assert.equal((await get(datastoreId)).datastoreProperties!.datastoreStatus, 'DELETED')
  clock.advance(2)
  await rejectsAs(get(datastoreId), 'ResourceNotFoundException')
})

test('a well-formed id that does not exist is not found', documented, async () => {
  await rejectsAs(get('0123456789abcdef0123456789abcdef'), 'ResourceNotFoundException')
})

test('a malformed id is refused with the exact message of the service', recorded, async () => {
  await rejectsAs(
    get('DATASTORE_ID'),
    'ValidationException',
    "1 validation error detected: Value 'DATASTORE_ID' at 'datastoreId' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-z]{32}",
  )
})

test('an id of 31, 33 or upper-case characters is malformed, as is an empty one', documented, async () => {
  for (const datastoreId of [
    'a'.repeat(31),
    'a'.repeat(33),
    'A'.repeat(32),
    '../../../../../../../../../../..',
    '%',
    'ü',
  ]) {
    await rejectsAs(get(datastoreId), 'ValidationException', /'datastoreId'/)
  }
})
