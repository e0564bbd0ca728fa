/** TagResource: tags of data stores and image sets, added and overwritten; their limits, and ARNs of resources that do not exist. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ListTagsForResourceCommand, SearchImageSetsCommand, TagResourceCommand } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice, documented, recorded } from '../support/sources.ts'

const ACCOUNT = '111122223333'
const server = await openHilum({ accountId: ACCOUNT, region: 'us-west-2' })
const { sdk } = server
const datastoreId = await activeDatastore(sdk)
const datastoreArn = `arn:aws:medical-imaging:us-west-2:${ACCOUNT}:datastore/${datastoreId}`
const { manifest } = await importFiles(server, { datastoreId, files: { 'a.dcm': instance() } })
const imageSetId = manifest.imageSetsSummary[0]!.imageSetId
const imageSetArn = `${datastoreArn}/imageset/${imageSetId}`
const NOBODY = '0'.repeat(32)

const tag = (resourceArn: string, tags: Record<string, string>) =>
  sdk.send(new TagResourceCommand({ resourceArn, tags }))
const tagsOf = async (resourceArn: string) => (await sdk.send(new ListTagsForResourceCommand({ resourceArn }))).tags

const numbered = (from: number, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`number-${from + index}`, 'x']))

/** A new resource without tags. */
async function freshArn(): Promise<string> {
  return datastoreArn.replace(datastoreId, await activeDatastore(sdk))
}

describe('tags', choice, () => {
  test('of a data store are added with status 204 and an empty body', recorded, async () => {
    const arn = await freshArn()
    const { $metadata, ...answer } = await tag(arn, { Deployment: 'Development' })
    assert.deepEqual([$metadata.httpStatusCode, answer], [204, {}])
    assert.deepEqual(await tagsOf(arn), { Deployment: 'Development' })
  })

  test('of an image set are separate from those of its data store', documented, async () => {
    await tag(imageSetArn, { Project: 'Lung' })
    assert.deepEqual([await tagsOf(imageSetArn), await tagsOf(datastoreArn)], [{ Project: 'Lung' }, {}])
  })

  test('are added to existing ones, and an existing key gets the new value', documented, async () => {
    const arn = await freshArn()
    await tag(arn, { a: '1', b: '2' })
    await tag(arn, { b: 'new', c: '' })
    assert.deepEqual(await tagsOf(arn), { a: '1', b: 'new', c: '' })
  })

  test('are kept when their image set gets a new version, and do not affect it', async () => {
    await tag(imageSetArn, { Kept: 'yes' })
    await importFiles(server, { datastoreId, files: { 'b.dcm': instance({ SOPInstanceUID: '2.25.1.1.2' }) } })
    const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
    assert.deepEqual(
      imageSetsMetadataSummaries!.map((summary) => [summary.imageSetId, summary.version]),
      [[imageSetId, 2]],
    )
    assert.equal((await tagsOf(imageSetArn))!.Kept, 'yes')
  })

  test('are fifty at most; a request with one too many adds none', async () => {
    const arn = await freshArn()
    await tag(arn, numbered(0, 49))
    await rejectsAs(tag(arn, numbered(49, 2)), 'ValidationException', /50 tags/)
    assert.equal(Object.keys((await tagsOf(arn))!).length, 49)
    await tag(arn, numbered(49, 1))
    await tag(arn, { 'number-0': 'overwritten' })
    await rejectsAs(tag(arn, { more: 'x' }), 'ValidationException', /50 tags/)
    assert.equal(Object.keys((await tagsOf(arn))!).length, 50)
  })

  test('from eight concurrent clients are all stored', async () => {
    const arn = await freshArn()
    await Promise.all(Array.from({ length: 8 }, (_, client) => tag(arn, { [`client-${client}`]: String(client) })))
    assert.equal(Object.keys((await tagsOf(arn))!).length, 8)
  })
})

describe('keys and values', documented, () => {
  test('may be as long as AWS documents, with all characters of its pattern', async () => {
    const arn = await freshArn()
    // The class `+-=` of the pattern is a range, which includes digits and `, - . / : ; <`.
    const tags = { ['k'.repeat(128)]: 'v'.repeat(256), 'a+b,c-d.e/f:g;h<i=j_9': 'ü 😀\n"\\', awsome: '' }
    await tag(arn, tags)
    assert.deepEqual(await tagsOf(arn), tags)
  })

  test('may be names that have a meaning in JavaScript', choice, async () => {
    const arn = await freshArn()
    const path = `/tags/${encodeURIComponent(arn)}`
    const body = '{"tags":{"__proto__":"1","constructor":"2"}}'
    assert.equal((await sendSigned(server.hilum, { method: 'POST', path, body })).status, 204)
    const listed = await sendSigned(server.hilum, { method: 'GET', path })
    assert.equal(listed.body, body)
  })

  test('that are longer, empty, reserved or of other characters are refused', async () => {
    for (const key of ['k'.repeat(129), '', 'aws:mine', 'ä', 'a b', 'a@b']) {
      await rejectsAs(tag(datastoreArn, { [key]: 'x' }), 'ValidationException', /'tags'/)
    }
    await rejectsAs(tag(datastoreArn, { key: 'v'.repeat(257) }), 'ValidationException', /'tags'/)
    assert.deepEqual(await tagsOf(datastoreArn), {})
  })

  test('that are not strings, or missing, are refused', async () => {
    const path = `/tags/${encodeURIComponent(datastoreArn)}`
    for (const body of ['{"tags":{"a":1}}', '{"tags":{"a":null}}', '{"tags":["a"]}', '{"tags":"a"}', '{}', '{', '']) {
      const { status, headers } = await sendSigned(server.hilum, { method: 'POST', path, body })
      assert.equal(status, 400, body)
      assert.match(headers['x-amzn-errortype']!, /^(Validation|Serialization)Exception$/, body)
    }
  })
})

describe('a resource', documented, () => {
  test('that does not exist is not found: data store, image set, image set of another data store', async () => {
    for (const arn of [
      datastoreArn.replace(datastoreId, NOBODY),
      imageSetArn.replace(imageSetId, NOBODY),
      imageSetArn.replace(datastoreId, await activeDatastore(sdk)),
      imageSetArn.replace(imageSetId, datastoreId),
    ]) {
      await rejectsAs(tag(arn, { a: 'b' }), 'ResourceNotFoundException', /arn:aws:medical-imaging/)
    }
  })

  test('in another region or partition is not found', choice, async () => {
    for (const arn of [datastoreArn.replace('us-west-2', 'us-east-1'), datastoreArn.replace('arn:aws', 'arn:aws-cn')]) {
      await rejectsAs(tag(arn, { a: 'b' }), 'ResourceNotFoundException')
    }
  })

  test('of another account is denied', choice, async () => {
    const arn = datastoreArn.replace(ACCOUNT, '123456789012')
    await rejectsAs(tag(arn, { a: 'b' }), 'AccessDeniedException', /123456789012.*111122223333/)
  })

  test('of another kind is refused', async () => {
    for (const arn of [
      'arn:aws:s3:::bucket',
      datastoreId,
      `${datastoreArn}/`,
      `${datastoreArn}/imageSet/${imageSetId}`,
      `${datastoreArn}/imageset/short`,
      datastoreArn.replace('medical-imaging', 'health'),
      ' ',
    ]) {
      await rejectsAs(tag(arn, { a: 'b' }), 'ValidationException', /'resourceArn'/)
    }
  })
})
