/** The AWS API's protocol handler from request to reply, without a socket. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ContractError } from '../../contract/errors.ts'
import { THROTTLES } from '../../contract/quotas.ts'
import { JsonText } from '../../contract/shapes.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import type { WireReply } from '../http/wire.ts'
import { type HandlerFixture, handlerOver } from './handler.fixture.ts'
import { type Signing, signed, type Unsigned } from './signed-request.fixture.ts'

const ID = '0123456789abcdef0123456789abcdef'
const get: Unsigned = { method: 'GET', path: `/datastore/${ID}` }
const search: Unsigned = { method: 'POST', path: `/datastore/${ID}/searchImageSets`, body: '{}' }

async function ask({ handler, time }: HandlerFixture, unsigned: Unsigned, signing: Signing = {}): Promise<WireReply> {
  return handler(await signed(unsigned, { at: time.now, ...signing }))
}

const summary = (members: object) => ({
  datastoreProperties: { datastoreId: ID, datastoreStatus: 'ACTIVE', ...members } as const,
})

describe('a reply', () => {
  test('has the output as JSON: times in seconds, absent members left out, stored JSON unchanged', async () => {
    const fixture = handlerOver({
      SearchImageSets: async ({ datastoreId }) => ({
        imageSetsMetadataSummaries: [
          {
            imageSetId: datastoreId,
            version: 1,
            createdAt: 1700000000123,
            updatedAt: undefined,
            isPrimary: false,
            DICOMTags: new JsonText('{"DICOMPatientSex":null}'),
          },
          { imageSetId: 'b', DICOMTags: { DICOMPatientName: 'Ö"\n', DICOMSeriesNumber: -1 } },
        ],
        sort: { sortOrder: 'DESC', sortField: 'updatedAt' },
      }),
    })
    assert.deepEqual(await ask(fixture, search), {
      status: 200,
      headers: { 'Content-Type': 'application/json', 'x-amzn-RequestId': '00000000-0000-0000-0000-000000000001' },
      body:
        `{"imageSetsMetadataSummaries":[{"imageSetId":"${ID}","version":1,"createdAt":1700000000.123,` +
        '"DICOMTags":{"DICOMPatientSex":null},"isPrimary":false},' +
        '{"imageSetId":"b","DICOMTags":{"DICOMPatientName":"Ö\\"\\n","DICOMSeriesNumber":-1}}],' +
        '"sort":{"sortOrder":"DESC","sortField":"updatedAt"}}',
      operation: 'SearchImageSets',
      requestId: '00000000-0000-0000-0000-000000000001',
    })
  })

  test('may have empty lists, maps, unions and characters that JSON must escape', async () => {
    const fixture = handlerOver({
      ListTagsForResource: async () => ({ tags: JSON.parse('{"__proto__":"a","\\"":""}') }),
      ListDatastores: async () => ({ datastoreSummaries: [] }),
      GetDICOMImportJob: async () => ({
        jobProperties: {
          jobId: '1',
          jobStatus: 'FAILED',
          datastoreId: ID,
          dataAccessRoleArn: 'r',
          inputS3Uri: 'i',
          outputS3Uri: 'o',
          importConfiguration: {
            dicomJsonMetadataImportConfiguration: {
              dicomMetadataMappings: [{ studyInstanceUID: '1', metadataFilePath: 'm' }],
            },
          },
        },
      }),
    })
    const arn = `arn%3Aaws%3Amedical-imaging%3Aus-east-1%3A123456789012%3Adatastore%2F${ID}`
    const tags = await ask(fixture, { method: 'GET', path: `/tags/${arn}` })
    assert.equal(tags.body, '{"tags":{"__proto__":"a","\\"":""}}')
    assert.equal((await ask(fixture, { method: 'GET', path: '/datastore' })).body, '{"datastoreSummaries":[]}')
    const job = await ask(fixture, { method: 'GET', path: `/getDICOMImportJob/datastore/${ID}/job/1` })
    assert.equal(
      job.body,
      `{"jobProperties":{"jobId":"1","jobStatus":"FAILED","datastoreId":"${ID}","dataAccessRoleArn":"r","inputS3Uri":"i",` +
        '"outputS3Uri":"o","importConfiguration":{"dicomJsonMetadataImportConfiguration":{"dicomMetadataMappings":' +
        '[{"studyInstanceUID":"1","metadataFilePath":"m"}]}}}}',
    )
  })

  test('is the payload stream unchanged, with the header members', async () => {
    const bytes = (async function* () {
      yield Buffer.from('frame')
    })()
    const blob = Buffer.from([1, 2])
    const fixture = handlerOver({
      GetImageFrame: async () => ({ imageFrameBlob: bytes, contentType: 'image/jph' }),
      GetImageSetMetadata: async () => ({ imageSetMetadataBlob: blob, contentEncoding: 'gzip' }),
    })
    const body = `{"imageFrameId":"${ID}"}`
    const frame = await ask(fixture, { method: 'POST', path: `/datastore/${ID}/imageSet/${ID}/getImageFrame`, body })
    assert.equal(frame.body, bytes)
    assert.equal(frame.headers['Content-Type'], 'image/jph')
    assert.equal(frame.headers['Content-Encoding'], undefined)
    const metadata = await ask(fixture, { method: 'POST', path: `/datastore/${ID}/imageSet/${ID}/getImageSetMetadata` })
    assert.equal(metadata.body, blob)
    assert.equal(metadata.headers['Content-Type'], 'application/octet-stream')
    assert.equal(metadata.headers['Content-Encoding'], 'gzip')
  })

  test('of 204 has neither body nor content type', async () => {
    const fixture = handlerOver({ UntagResource: async () => ({}) })
    const arn = `arn%3Aaws%3Amedical-imaging%3Aus-east-1%3A123456789012%3Adatastore%2F${ID}`
    const reply = await ask(fixture, { method: 'DELETE', path: `/tags/${arn}`, query: { tagKeys: 'a' } })
    assert.deepEqual([reply.status, reply.body, reply.headers['Content-Type']], [204, '', undefined])
  })

  test('can have extension headers, and the operation can read those of the request', async () => {
    const fixture = handlerOver({
      GetDatastore: async (_input, _app, { requestHeaders, replyHeaders }) => {
        replyHeaders['x-hilum-echo'] = `${requestHeaders('x-hilum-ask')}, ${requestHeaders('x-hilum-absent')}`
        return summary({})
      },
    })
    const reply = await ask(fixture, { ...get, headers: { 'x-hilum-ask': 'yes' } })
    assert.equal(reply.headers['x-hilum-echo'], 'yes, undefined')
  })
})

describe('an error', () => {
  test('of the operation has its bare name, its message and the time to retry', async () => {
    const fixture = handlerOver({
      GetDatastore: async () => {
        throw new ContractError('ThrottlingException', 'Later.', { retryAfterSeconds: 1.2 })
      },
    })
    assert.deepEqual(await ask(fixture, get), {
      status: 429,
      headers: {
        'Content-Type': 'application/json',
        'x-amzn-ErrorType': 'ThrottlingException',
        'Retry-After': '2',
        'x-amzn-RequestId': '00000000-0000-0000-0000-000000000001',
      },
      body: '{"message":"Later."}',
      operation: 'GetDatastore',
      requestId: '00000000-0000-0000-0000-000000000001',
    })
    assert.deepEqual(fixture.lines, [])
  })

  test('of validation lists its fields', async () => {
    const reply = await ask(handlerOver({}), { method: 'GET', path: '/datastore/DATASTORE_ID' })
    const message =
      "Value 'DATASTORE_ID' at 'datastoreId' failed to satisfy constraint: Member must satisfy regular expression pattern: [0-9a-z]{32}"
    assert.deepEqual(JSON.parse(reply.body as string), {
      message: `1 validation error detected: ${message}`,
      fieldList: [{ path: '/datastoreId', message }],
    })
  })

  test('of an unavailable store is a 503 with Retry-After, and one line in the log', async () => {
    const fixture = handlerOver({
      GetDatastore: async () => {
        throw new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'ECONNREFUSED' })
      },
    })
    const reply = await ask(fixture, get)
    assert.equal(reply.status, 503)
    assert.equal(reply.headers['x-amzn-ErrorType'], 'ServiceUnavailableException')
    assert.equal(reply.headers['Retry-After'], '5')
    assert.doesNotMatch(String(reply.body), /catalog|ECONN/)
    assert.deepEqual(
      fixture.lines.map(({ level, fields }) => [level, fields.reason]),
      [['error', 'the catalog cannot be reached (ECONNREFUSED)']],
    )
  })

  test('of the server itself is an InternalServerException without details, and one line in the log', async () => {
    const fixture = handlerOver({
      GetDatastore: async () => {
        throw new TypeError('x is not a function')
      },
      SearchImageSets: async () => JSON.parse('{"DICOMPatientName": DOE^JANE}'),
    })
    const reply = await ask(fixture, get)
    assert.equal(reply.status, 500)
    assert.equal(reply.body, '{"message":"The server failed to answer this request."}')
    assert.equal((await ask(fixture, search)).headers['x-amzn-ErrorType'], 'InternalServerException')
    const [first, second] = fixture.lines
    assert.equal(fixture.lines.length, 2)
    assert.equal(first?.level, 'error')
    assert.equal(first?.fields.requestId, reply.headers['x-amzn-RequestId'])
    assert.match(String(first?.fields.stack), /^TypeError: x is not a function\n {4}at /)
    assert.match(String(second?.fields.stack), /^SyntaxError\n {4}at /)
    assert.doesNotMatch(JSON.stringify(second), /DOE/)
  })

  test('that the operation does not model is returned, and logged as a server fault', async () => {
    const fixture = handlerOver({
      GetDatastore: async () => {
        throw new ContractError('ConflictException', 'No.')
      },
    })
    assert.equal((await ask(fixture, get)).status, 409)
    assert.deepEqual(
      fixture.lines.map(({ level, fields, message }) => [level, fields.error, message]),
      [['error', 'ConflictException', 'an operation returned an error that it does not model']],
    )
  })

  test('of the protocol may be returned by any operation', async () => {
    const fixture = handlerOver({
      GetDatastore: async () => {
        throw new ContractError('ServiceUnavailableException', 'Not now.')
      },
    })
    assert.equal((await ask(fixture, get)).status, 503)
    assert.deepEqual(fixture.lines, [])
  })
})

describe('without a valid signature', () => {
  const unsigned = { ...get, target: get.path, headers: { host: 'h' }, body: bodyOf() }

  test('a path outside the API is 404', async () => {
    const reply = await handlerOver({}).handler({ ...unsigned, target: '/nowhere' })
    assert.equal(reply.status, 404)
    assert.equal(reply.headers['x-amzn-ErrorType'], 'UnknownOperationException')
    assert.equal(reply.body, '{"message":""}')
  })

  test('every other request is 403', async () => {
    const { handler } = handlerOver({})
    for (const target of [get.path, '/datastore/XX', '/datastore/%zz']) {
      const reply = await handler({ ...unsigned, target })
      assert.equal(reply.headers['x-amzn-ErrorType'], 'MissingAuthenticationTokenException', target)
      assert.equal(reply.status, 403)
    }
  })
})

describe("AWS's throttles", () => {
  const { burst, perSecond } = THROTTLES.GetDatastore
  const built = { GetDatastore: async () => summary({}), ListDatastores: async () => ({}) }
  const statuses = async (fixture: HandlerFixture, count: number, signing: Signing = {}) => {
    const found: number[] = []
    for (let index = 0; index < count; index++) found.push((await ask(fixture, get, signing)).status)
    return found
  }

  test('apply after the burst, per access key and operation, and refill with time', async () => {
    const fixture = handlerOver(built, { awsQuotas: true })
    assert.deepEqual(await statuses(fixture, burst + 1), [...Array(burst).fill(200), 429])
    const reply = await ask(fixture, get)
    assert.equal(reply.body, '{"message":"Rate exceeded"}')
    assert.equal(reply.headers['Retry-After'], '1')
    assert.equal((await ask(fixture, { method: 'GET', path: '/datastore' })).status, 200)
    assert.deepEqual(await statuses(fixture, 1, { accessKeyId: 'SECOND' }), [200])
    fixture.time.now += 1000
    assert.deepEqual(await statuses(fixture, perSecond + 1), [...Array(perSecond).fill(200), 429])
    fixture.time.now += 3_600_000
    assert.deepEqual(await statuses(fixture, burst + 1), [...Array(burst).fill(200), 429])
  })

  test('do not apply unless configured', async () => {
    assert.ok((await statuses(handlerOver(built), burst * 3)).every((status) => status === 200))
  })
})
