/** Every route of every protocol, from the tables that the server routes by: none is reached without a decision. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { App } from '../app.ts'
import type { DicomwebOperations } from '../contract/dicomweb.ts'
import { compilePolicies } from '../security/policies/compile-policies.ts'
import { ARN, open, policiesOf, SET, SET2, STORE, USER } from './authorization.fixture.ts'
import { NOW } from './aws/signed-request.fixture.ts'
import { ANSWERS } from './dicomweb/answers.ts'
import { DICOMWEB_ROUTES, nameOf } from './dicomweb/routes.ts'

const { routes } = open({ policies: policiesOf([{ Effect: 'Deny', Action: '*', Resource: '*' }]) })
const takingTokens = routes.filter(({ takesTokens }) => takesTokens).map(({ http }) => http)
/** A route of DICOMweb whose action Hilum does not have yet. */
const isUnbuilt = (http: string): boolean =>
  DICOMWEB_ROUTES.some((route) => route.http === http && !(nameOf(route) in ANSWERS))
const protectedRoutes = routes.filter(({ isPublic }) => !isPublic).map(({ http }) => http)

test('only the files of the console and the exchange of one-time links are public', () => {
  const found = routes.filter(({ isPublic }) => isPublic).map(({ http }) => http)
  const links = ['POST /hilum/console-link/redeem', 'GET /hilum/downloads/{token}']
  assert.deepEqual(found, ['* /', '* /console', '* /console/{file+}', ...links])
})
const BY_DEFAULT = ['POST /hilum/session', 'DELETE /hilum/sessions']
for (const http of BY_DEFAULT) {
  test(`a caller without policies may send ${http}, unless a policy denies it`, async () => {
    assert.ok((await open({ policies: compilePolicies([]) }).send(http)).status <= 204)
    const deny = policiesOf([{ Effect: 'Deny', Action: 'hilum:*Session*', Resource: '*' }])
    assert.equal((await open({ policies: deny }).send(http)).status, 403)
  })
}

describe('no route is reached without a decision', () => {
  assert.ok(protectedRoutes.length >= 25)
  for (const http of protectedRoutes.filter((http) => !BY_DEFAULT.includes(http))) {
    test(http, async () => {
      const without = open({ policies: compilePolicies([]) })
      const denied = await without.send(http)
      assert.deepEqual([denied.status, denied.type], [403, 'AccessDeniedException'], denied.message)
      const [, action] =
        /^User: arn:aws:iam::123456789012:user\/mary is not authorized to perform: (\S+) on resource: (?:arn:\S+|\*) because no identity-based policy allows the \1 action$/.exec(
          denied.message,
        ) ?? []
      assert.ok(action !== undefined, denied.message)
      assert.deepEqual(without.reached, [])

      const explicit = open({
        policies: policiesOf([
          { Effect: 'Allow', Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: action, Resource: '*' },
        ]),
      })
      const refused = await explicit.send(http)
      assert.match(refused.message, /^User: .* with an explicit deny in an identity-based policy$/)
      assert.deepEqual(explicit.reached, [])

      const allowed = open({ policies: policiesOf([{ Effect: 'Allow', Action: '*', Resource: '*' }]) })
      const { type } = await allowed.send(http)
      assert.notEqual(type, 'AccessDeniedException')
      // One-time links and sessions are made by the protocol itself.
      const hasHandler = !/\/(console-link|session)$/.test(http) && !isUnbuilt(http)
      assert.equal(allowed.reached.length, hasHandler ? 1 : 0)
    })
  }
})

describe('a bearer token', () => {
  test('is accepted by DICOMweb only', async () => {
    assert.equal(takingTokens.length, DICOMWEB_ROUTES.length)
    for (const http of protectedRoutes) {
      const { send, reached } = open({ policies: policiesOf([{ Effect: 'Allow', Action: '*', Resource: '*' }]) })
      const { status, type } = await send(http, {}, { token: 'token' })
      const isTaken = takingTokens.includes(http)
      assert.equal(reached.length, isTaken && !isUnbuilt(http) ? 1 : 0, http)
      if (!isTaken) assert.deepEqual([status, type], [403, 'IncompleteSignatureException'], http)
      else if (isUnbuilt(http)) assert.deepEqual([status, type], [404, 'UnknownOperationException'], http)
    }
  })

  test('gives what the policies of its caller allow, with the UIDs of the path as condition keys', async () => {
    const store = `${ARN}:datastore/${STORE}`
    const http = 'GET /datastore/{datastoreId}/studies/{study}/series/{series}/instances/{instance}'
    const allow = { Effect: 'Allow', Action: 'medical-imaging:GetDICOMInstance', Resource: store }
    for (const [study, series, isAllowed] of [
      ['1.2.3', '1.2.3.4', true],
      ['1.2.4', '1.2.3.4', false],
      ['1.2.3', '1.2.3.5', false],
    ] as const) {
      const Condition = {
        StringEquals: { 'medical-imaging:StudyInstanceUID': study, 'medical-imaging:SeriesInstanceUID': series },
      }
      const { send, reached } = open({ policies: policiesOf([{ ...allow, Condition }]) })
      for (const token of ['token', undefined]) {
        const { type } = await send(http, {}, token === undefined ? {} : { token })
        assert.equal(type === 'AccessDeniedException', !isAllowed)
      }
      assert.equal(reached.length, isAllowed ? 2 : 0)
    }
  })

  test('needs the image set too where the request names one', async () => {
    const http = 'GET /datastore/{datastoreId}/studies/{study}/series/{series}/metadata'
    const query = { imageSetId: SET }
    const { send, reached } = open({
      policies: policiesOf([{ Effect: 'Allow', Action: '*', Resource: `${ARN}:datastore/${STORE}` }]),
    })
    await send(http)
    const { message } = await send(http, {}, { query })
    assert.deepEqual(reached, ['retrieveMetadata'])
    assert.match(message, new RegExp(`GetDICOMSeriesMetadata on resource: ${ARN}:datastore/${STORE}/imageset/${SET} `))
  })
})

test('the deletion of a study needs DeleteImageSet on the data store and on each of its image sets', async () => {
  const store = `${ARN}:datastore/${STORE}`
  const deleted: string[] = []
  const dicomweb: Partial<DicomwebOperations<App>> = {
    async deleteImageSets({ authorize, studyInstanceUID }) {
      await authorize([SET, SET2])
      deleted.push(studyInstanceUID)
    },
  }
  const http = 'DELETE /datastore/{datastoreId}/studies/{study}'
  const allowed = (...resources: readonly string[]) =>
    open({
      dicomweb,
      policies: policiesOf([{ Effect: 'Allow', Action: 'medical-imaging:DeleteImageSet', Resource: resources }]),
    }).send(http)
  for (const [missing, resources] of [
    [store, [`${store}/imageset/*`]],
    [`${store}/imageset/${SET2}`, [store, `${store}/imageset/${SET}`]],
  ] as const) {
    const { status, message } = await allowed(...resources)
    assert.equal(status, 403)
    assert.ok(message.includes(`medical-imaging:DeleteImageSet on resource: ${missing} `), message)
  }
  assert.deepEqual(deleted, [])
  assert.equal((await allowed(store, `${store}/imageset/*`)).status, 204)
  const Condition = { StringEquals: { 'medical-imaging:StudyInstanceUID': '1.2.3' } }
  const ofStudy = policiesOf([{ Effect: 'Allow', Action: '*', Resource: '*', Condition }])
  assert.equal((await open({ dicomweb, policies: ofStudy }).send(http)).status, 204)
  assert.deepEqual(deleted, ['1.2.3', '1.2.3'])
})

describe('what an operation needs', () => {
  const allow = (Action: string | readonly string[], Resource: string | readonly string[]) => ({
    Effect: 'Allow',
    Action,
    Resource,
  })
  const store = `${ARN}:datastore/${STORE}`
  const isAllowed = async (http: string, ...statements: readonly object[]) => {
    const { send, reached } = open({ policies: policiesOf(statements) })
    const { message } = await send(http)
    return reached.length > 0 ? 'allowed' : message.replace(/^.* to perform: (\S+) on resource: (\S+) .*$/, '$1 $2')
  }

  test('an operation on an image set needs the data store and the image set', async () => {
    const http = 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/getImageSet'
    const action = 'medical-imaging:GetImageSet'
    assert.equal(await isAllowed(http, allow(action, store)), `${action} ${store}/imageset/${SET}`)
    assert.equal(await isAllowed(http, allow(action, `${store}/imageset/*`)), `${action} ${store}`)
    assert.equal(await isAllowed(http, allow(action, [store, `${store}/imageset/*`])), 'allowed')
  })

  test('SearchImageSets needs the data store only', async () => {
    const action = 'medical-imaging:SearchImageSets'
    assert.equal(await isAllowed('POST /datastore/{datastoreId}/searchImageSets', allow(action, store)), 'allowed')
  })

  test('a copy needs its source and its destination, an update of a study all image sets', async () => {
    const copy = 'POST /datastore/{datastoreId}/imageSet/{sourceImageSetId}/copyImageSet'
    const source = allow('medical-imaging:CopyImageSet', [store, `${store}/imageset/${SET}`])
    assert.equal(await isAllowed(copy, source), `medical-imaging:CopyImageSet ${store}/imageset/${SET2}`)
    const destination = allow('medical-imaging:*', `${store}/imageset/${SET2}`)
    assert.equal(await isAllowed(copy, source, destination), 'allowed')
    const update = 'POST /datastore/{datastoreId}/imageSet/{imageSetId}/updateImageSetMetadata'
    const one = allow('medical-imaging:Update*', [store, `${store}/imageset/${SET}`])
    assert.equal(await isAllowed(update, one), `medical-imaging:UpdateImageSetMetadata ${store}/imageset/*`)
    assert.equal(await isAllowed(update, one, allow('*', `${store}/imageset/*`)), 'allowed')
  })

  test('CreateDatastore with tags needs TagResource, and StartDICOMImportJob needs to pass its role', async () => {
    const create = allow('medical-imaging:CreateDatastore', '*')
    assert.equal(await isAllowed('POST /datastore', create), `medical-imaging:TagResource ${ARN}:datastore/*`)
    const tag = {
      ...allow('medical-imaging:TagResource', '*'),
      Condition: { StringEquals: { 'aws:RequestTag/Team': 'ct' } },
    }
    assert.equal(await isAllowed('POST /datastore', create, tag), 'allowed')
    const start = 'POST /startDICOMImportJob/datastore/{datastoreId}'
    const role = 'arn:aws:iam::123456789012:role/r'
    const service = { StringEquals: { 'iam:PassedToService': 'medical-imaging.amazonaws.com' } }
    assert.equal(await isAllowed(start, allow('medical-imaging:*', '*')), `iam:PassRole ${role}`)
    const pass = { ...allow('iam:PassRole', 'arn:aws:iam::*:role/r'), Condition: service }
    assert.equal(await isAllowed(start, allow('medical-imaging:*', '*'), pass), 'allowed')
  })

  test('the address, the time and the name of the caller are those of the request', async () => {
    const condition = {
      IpAddress: { 'aws:SourceIp': '10.0.0.0/8' },
      DateEquals: { 'aws:CurrentTime': new Date(NOW).toISOString() },
      NumericEquals: { 'aws:EpochTime': NOW / 1000 },
      StringEquals: {
        'aws:username': 'mary',
        'aws:userid': '7',
        'aws:PrincipalType': 'User',
        'aws:PrincipalTag/team': 'ct',
        'aws:PrincipalAccount': '123456789012',
        'aws:RequestedRegion': 'us-east-1',
      },
      ArnEquals: { 'aws:PrincipalArn': USER },
      Bool: { 'aws:SecureTransport': 'false' },
    }
    const { send, reached } = open({ policies: policiesOf([{ ...allow('*', '*'), Condition: condition }]) })
    await send('GET /datastore', { remoteAddress: '11.0.0.1' })
    assert.deepEqual(reached, [])
    await send('GET /datastore', { remoteAddress: '10.9.0.1' })
    assert.deepEqual(reached, ['ListDatastores'])
  })

  test('a policy can refuse requests without TLS, of the API and of the extensions', async () => {
    const insecure = { ...allow('*', '*'), Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }
    const { send, reached } = open({ policies: policiesOf([allow('*', '*'), insecure]) })
    for (const http of ['GET /datastore', 'GET /hilum/principals']) {
      for (const origin of [{}, { isSecure: false }]) {
        assert.match((await send(http, origin)).message, /with an explicit deny in an identity-based policy$/)
      }
      assert.deepEqual(reached, [])
      await send(http, { isSecure: true })
      assert.equal(reached.splice(0).length, 1)
    }
  })

  test('tags of a resource are read only for policies that ask for them', async () => {
    const http = 'GET /datastore/{datastoreId}'
    const tagged = { ...allow('*', '*'), Condition: { StringEquals: { 'aws:ResourceTag/Team': 'ct' } } }
    const other = open({ policies: policiesOf([tagged]), tags: { team: 'mr' } })
    assert.equal((await other.send(http)).type, 'AccessDeniedException')
    const same = open({ policies: policiesOf([tagged]), tags: { team: 'ct' } })
    await same.send(http)
    assert.deepEqual([same.reached, same.tagReads], [['GetDatastore'], [{ datastoreId: STORE, imageSetId: undefined }]])
    const without = open({ policies: policiesOf([allow('*', '*')]) })
    await without.send(http)
    assert.deepEqual([without.reached, without.tagReads], [['GetDatastore'], []])
  })
})
