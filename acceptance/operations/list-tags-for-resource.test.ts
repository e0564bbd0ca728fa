/** ListTagsForResource: the tags of data stores and image sets, an empty list, and resources that do not exist. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeleteDatastoreCommand, ListTagsForResourceCommand, TagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore, untilDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const { hilum, sdk } = await openHilum()
const arnOf = (datastoreId: string) => `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
const list = (resourceArn: string) => sdk.send(new ListTagsForResourceCommand({ resourceArn }))

test('tags given at creation are listed, and a data store without any has an empty map', documented, async () => {
  const tagged = await activeDatastore(sdk, { tags: { Deployment: 'Development', Empty: '' } })
  assert.deepEqual((await list(arnOf(tagged))).tags, { Deployment: 'Development', Empty: '' })
  const bare = await activeDatastore(sdk)
  const reply = await sendSigned(hilum, { method: 'GET', path: `/tags/${encodeURIComponent(arnOf(bare))}` })
  assert.deepEqual([reply.status, reply.body], [200, '{"tags":{}}'])
})

test('the ARN may have unencoded colons, as the SDK for C++ sends it', recorded, async () => {
  const arn = arnOf(await activeDatastore(sdk, { tags: { a: 'b' } }))
  const reply = await sendSigned(hilum, { method: 'GET', path: `/tags/${arn.replaceAll('/', '%2F')}` })
  assert.deepEqual([reply.status, reply.json()], [200, { tags: { a: 'b' } }])
})

test('a deleted data store has no tags', choice, async () => {
  const datastoreId = await activeDatastore(sdk, { tags: { a: 'b' } })
  await sdk.send(new DeleteDatastoreCommand({ datastoreId }))
  await untilDatastore(sdk, { datastoreId, is: 'DELETED' })
  await rejectsAs(list(arnOf(datastoreId)), 'ResourceNotFoundException')
  await rejectsAs(
    sdk.send(new TagResourceCommand({ resourceArn: arnOf(datastoreId), tags: { a: 'b' } })),
    'ResourceNotFoundException',
  )
})

test(
  'a resource that does not exist is not found, one of another account denied, one of another kind refused',
  choice,
  async () => {
    const arn = arnOf('0123456789abcdef0123456789abcdef')
    await rejectsAs(list(arn), 'ResourceNotFoundException', new RegExp(arn))
    await rejectsAs(list(`${arn}/imageset/0123456789abcdef0123456789abcdef`), 'ResourceNotFoundException')
    await rejectsAs(list(arn.replace('us-east-1', 'us-west-2')), 'ResourceNotFoundException')
    await rejectsAs(list(arn.replace('000000000000', '123456789012')), 'AccessDeniedException')
    await rejectsAs(list('arn:aws:iam::000000000000:role/x'), 'ValidationException', /'resourceArn'/)
  },
)
