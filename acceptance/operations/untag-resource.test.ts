/** UntagResource: removes keys from data stores and image sets, one or many, in any URL encoding. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const server = await openHilum()
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const datastoreArn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': instance() } })
const imageSetArn = `${datastoreArn}/imageset/${manifest.imageSetsSummary[0]!.imageSetId}`

const tag = (resourceArn: string, tags: Record<string, string>) =>
  sdk.send(new TagResourceCommand({ resourceArn, tags }))
const untag = (resourceArn: string, tagKeys: readonly string[]) =>
  sdk.send(new UntagResourceCommand({ resourceArn, tagKeys: [...tagKeys] }))
const tagsOf = async (resourceArn: string) => (await sdk.send(new ListTagsForResourceCommand({ resourceArn }))).tags

test('keys are removed with status 204 and an empty body, and others are kept', recorded, async () => {
  for (const arn of [datastoreArn, imageSetArn]) {
    await tag(arn, { a: '1', b: '2', c: '3' })
    const { $metadata, ...answer } = await untag(arn, ['a', 'c'])
    assert.deepEqual([$metadata.httpStatusCode, answer], [204, {}])
    assert.deepEqual(await tagsOf(arn), { b: '2' })
    await untag(arn, ['b'])
    assert.deepEqual(await tagsOf(arn), {})
  }
})

test('a key that does not exist, or is given twice, is not an error', choice, async () => {
  await tag(datastoreArn, { here: 'x' })
  await untag(datastoreArn, ['never', 'here', 'here'])
  await untag(datastoreArn, ['here'])
  assert.deepEqual(await tagsOf(datastoreArn), {})
})

test('keys that need URL encoding are removed', documented, async () => {
  const keys = ['a+b', 'a/b', 'a:b', 'a=b', 'a;b', 'a,b', 'a<b']
  await tag(datastoreArn, Object.fromEntries(keys.map((key) => [key, 'x'])))
  await untag(datastoreArn, keys.slice(1))
  assert.deepEqual(await tagsOf(datastoreArn), { 'a+b': 'x' })
  await untag(datastoreArn, ['a+b'])
  assert.deepEqual(await tagsOf(datastoreArn), {})
})

test('keys are case-sensitive', choice, async () => {
  await tag(datastoreArn, { Key: 'x' })
  await untag(datastoreArn, ['key'])
  assert.deepEqual(await tagsOf(datastoreArn), { Key: 'x' })
  await untag(datastoreArn, ['Key'])
})

test('the ARN may have unencoded colons, as the SDK for C++ sends it', recorded, async () => {
  await tag(imageSetArn, { a: '1', b: '2' })
  const path = `/tags/${imageSetArn.replaceAll('/', '%2F')}`
  const reply = await sendSigned(server.hilum, { method: 'DELETE', path, query: 'tagKeys=a' })
  assert.deepEqual([reply.status, reply.body], [204, ''])
  assert.deepEqual(await tagsOf(imageSetArn), { b: '2' })
})

test('two hundred keys can be removed at once, and one more is refused', documented, async () => {
  const keys = Array.from({ length: 201 }, (_, index) => `k${index}`)
  await tag(datastoreArn, { k0: 'x', k199: 'x' })
  await rejectsAs(untag(datastoreArn, keys), 'ValidationException', /'tagKeys'/)
  await untag(datastoreArn, keys.slice(0, 200))
  assert.deepEqual(await tagsOf(datastoreArn), {})
})

test('a request without keys, or with invalid keys, is refused', choice, async () => {
  await rejectsAs(untag(datastoreArn, []), 'ValidationException', /'tagKeys'/)
  for (const key of ['', 'aws:x', 'ä', 'k'.repeat(129)]) {
    await rejectsAs(untag(datastoreArn, ['fine', key]), 'ValidationException', /tagKeys/)
  }
})

test('a resource that does not exist is not found, and one of another account is denied', choice, async () => {
  await rejectsAs(untag(datastoreArn.replace(datastoreId, '0'.repeat(32)), ['a']), 'ResourceNotFoundException')
  await rejectsAs(untag(datastoreArn.replace('us-east-1', 'eu-west-1'), ['a']), 'ResourceNotFoundException')
  await rejectsAs(untag(datastoreArn.replace('000000000000', '123456789012'), ['a']), 'AccessDeniedException')
  await rejectsAs(untag('arn:aws:s3:::bucket', ['a']), 'ValidationException', /'resourceArn'/)
})
