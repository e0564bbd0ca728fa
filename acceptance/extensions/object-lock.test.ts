/** Object lock: a legal hold or a retention, set as a tag, keeps an image set from being deleted (docs/operating/retention.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CopyImageSetCommand,
  CreateDatastoreCommand,
  DeleteDatastoreCommand,
  DeleteImageSetCommand,
  GetImageSetCommand,
  ListTagsForResourceCommand,
  MedicalImagingClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-medical-imaging'
import { DAY_MS, movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { rejectsAs } from '../support/errors.ts'
import { openHilum } from '../support/hilum.ts'
import { deleted, type ImageSet, importSeries, settled, updated } from '../support/image-sets.ts'
import { sendSigned } from '../support/raw-request.ts'
import { choice } from '../support/sources.ts'

const clock = movableClock('2026-06-01T12:00:00Z')
const server = await openHilum(clock.options)
const { sdk, hilum } = server

const arnOf = async (set: ImageSet) => (await sdk.send(new GetImageSetCommand(set))).imageSetArn!
const storeArn = (datastoreId: string) => `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${datastoreId}`
const tag = (resourceArn: string, tags: Record<string, string>) =>
  sdk.send(new TagResourceCommand({ resourceArn, tags }))
const untag = (resourceArn: string, ...tagKeys: string[]) =>
  sdk.send(new UntagResourceCommand({ resourceArn, tagKeys }))
const remove = (set: ImageSet) => sdk.send(new DeleteImageSetCommand(set))

async function newImageSet(datastoreId?: string): Promise<ImageSet & { readonly arn: string }> {
  const set = await importSeries(server, { datastoreId: datastoreId ?? (await activeDatastore(sdk)) })
  return { ...set, arn: await arnOf(set) }
}

test('an image set under legal hold is not deleted until the tag is removed', choice, async () => {
  const { arn, ...set } = await newImageSet()
  await tag(arn, { 'hilum:legal-hold': 'on' })
  await rejectsAs(
    remove(set),
    'ConflictException',
    `Image set ${set.imageSetId} is under legal hold (tag hilum:legal-hold), so that it cannot be deleted`,
  )
  await untag(arn, 'hilum:legal-hold')
  await deleted(sdk, set)
})

test('a retained image set is deleted when its retention has ended', choice, async () => {
  const { arn, ...set } = await newImageSet()
  await tag(arn, { 'hilum:retain-until': '2026-06-10' })
  await rejectsAs(remove(set), 'ConflictException', /is retained until 2026-06-10 \(tag hilum:retain-until\)/)
  clock.advance(10 * DAY_MS)
  await deleted(sdk, set)
})

test(
  'a lock of a data store locks its image sets, also those that come later, and the data store',
  choice,
  async () => {
    const datastoreId = await activeDatastore(sdk)
    await tag(storeArn(datastoreId), { 'hilum:retain-until': '2030-01-01' })
    const { arn: _, ...set } = await newImageSet(datastoreId)
    await rejectsAs(
      remove(set),
      'ConflictException',
      new RegExp(`is in data store ${datastoreId}, which is retained until 2030-01-01`),
    )
    const empty = await activeDatastore(sdk)
    await tag(storeArn(empty), { 'hilum:legal-hold': 'on' })
    await rejectsAs(
      sdk.send(new DeleteDatastoreCommand({ datastoreId: empty })),
      'ConflictException',
      `Data store ${empty} is under legal hold (tag hilum:legal-hold), so that it cannot be deleted`,
    )
    await untag(storeArn(empty), 'hilum:legal-hold')
    await sdk.send(new DeleteDatastoreCommand({ datastoreId: empty }))
  },
)

test(
  'a locked image set is updated and copied: its versions are kept, and a copy has no lock of its own',
  choice,
  async () => {
    const { arn, ...set } = await newImageSet()
    await tag(arn, { 'hilum:legal-hold': 'on' })
    await updated(sdk, { ...set, latestVersionId: '1', set: { Study: { DICOM: { StudyDescription: 'new' } } } })
    const { destinationImageSetProperties } = await sdk.send(
      new CopyImageSetCommand({
        ...{ datastoreId: set.datastoreId, sourceImageSetId: set.imageSetId },
        copyImageSetInformation: { sourceImageSet: { latestVersionId: '2' } },
      }),
    )
    const copy = { datastoreId: set.datastoreId, imageSetId: destinationImageSetProperties!.imageSetId! }
    await settled(sdk, copy)
    await settled(sdk, set)
    const { tags } = await sdk.send(new ListTagsForResourceCommand({ resourceArn: await arnOf(copy) }))
    assert.deepEqual(tags, {})
    await deleted(sdk, copy)
    await rejectsAs(remove(set), 'ConflictException', /under legal hold/)
  },
)

test('a retention is extended and not shortened', choice, async () => {
  const { arn } = await newImageSet()
  await tag(arn, { 'hilum:retain-until': '2030-01-01' })
  await tag(arn, { 'hilum:retain-until': '2031-01-01T00:00:00Z' })
  await rejectsAs(
    tag(arn, { 'hilum:retain-until': '2030-06-01' }),
    'ValidationException',
    /A retention can only be extended\. .* needs the action hilum:ReleaseObjectLock/,
  )
})

test('other values and other keys of the prefix are refused with what is right', choice, async () => {
  const { arn } = await newImageSet()
  await rejectsAs(tag(arn, { 'hilum:legal-hold': 'off' }), 'ValidationException', /must have the value on/)
  await rejectsAs(tag(arn, { 'hilum:retain-until': 'soon' }), 'ValidationException', /must be a day such as 2036-12-31/)
  await rejectsAs(tag(arn, { 'hilum:retain': '2030-01-01' }), 'ValidationException', /are reserved/)
  const create = new CreateDatastoreCommand({ datastoreName: 'x', tags: { 'hilum:legal-hold': 'no' } })
  await rejectsAs(sdk.send(create), 'ValidationException', /must have the value on/)
})

test('a principal that may remove tags does not end a lock without hilum:ReleaseObjectLock', choice, async () => {
  const { arn } = await newImageSet()
  const made = await sendSigned(hilum, { method: 'POST', path: '/hilum/principals', body: '{"principalName":"anna"}' })
  const { accessKeyId, secretAccessKey } = made.json()
  const attach = (name: string, body = '') =>
    sendSigned(hilum, { method: 'PUT', path: `/hilum/principals/anna/policies/${name}`, body })
  assert.equal((await attach('AWSHealthImagingFullAccess')).status, 204)
  const anna = new MedicalImagingClient({
    ...hilum.client,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  await anna.send(new TagResourceCommand({ resourceArn: arn, tags: { 'hilum:legal-hold': 'on', ward: '7' } }))
  const release = () => anna.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['hilum:legal-hold'] }))
  await rejectsAs(release(), 'AccessDeniedException', /hilum:ReleaseObjectLock/)
  await anna.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['ward'] }))
  const Statement = [{ Effect: 'Allow', Action: 'hilum:ReleaseObjectLock', Resource: arn }]
  const policy = JSON.stringify({ Version: '2012-10-17', Statement })
  const attached = await attach('release', policy)
  assert.equal(attached.status, 204, attached.body)
  await release()
  anna.destroy()
})
