/**
 * Reading requests: the malformed-request tables of Smithy's restJson1 protocol tests (smithy-lang/smithy,
 * smithy-aws-protocol-tests/model/restJson1/malformedRequests), and the conformance cases of search.
 *
 * Hilum is more lenient than those tables: no Content-Type is required (415) and no Accept is refused (406); the body of an operation
 * without one is ignored; timestamps may also be numeric strings or ISO 8601 with an offset. Hilum differs in the name of an error: a
 * malformed union, and a malformed integer or boolean in the query, is a ValidationException.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ContractError, type ErrorName } from '../../contract/errors.ts'
import type { Input, OperationName } from '../../contract/operations.ts'
import { inputReader } from './read-input.ts'

const ID = '0123456789abcdef0123456789abcdef'
const ARN = `arn:aws:medical-imaging:us-east-1:123456789012:datastore/${ID}`
const labels = {
  datastoreId: ID,
  imageSetId: ID,
  sourceImageSetId: ID,
  jobId: '1',
  resourceArn: encodeURIComponent(ARN),
}

type Parts = { body?: unknown; rawBody?: string | Uint8Array; query?: string; labels?: Record<string, string> }

function read<N extends OperationName>(operation: N, parts: Parts = {}): Input<N> {
  const text = parts.rawBody ?? (parts.body === undefined ? '' : JSON.stringify(parts.body))
  return inputReader(operation)({
    labels: { ...labels, ...parts.labels },
    query: parts.query ?? '',
    body: typeof text === 'string' ? Buffer.from(text) : text,
  })
}

function refusal(operation: OperationName, parts: Parts): ContractError {
  try {
    read(operation, parts)
  } catch (error) {
    assert.ok(error instanceof ContractError, String(error))
    return error
  }
  return assert.fail('nothing was refused')
}

function refused(operation: OperationName, parts: Parts, name: ErrorName, path?: string): void {
  const error = refusal(operation, parts)
  assert.equal(error.name, name, error.message)
  assert.equal(error.status, 400)
  if (path === undefined) return
  if (name === 'ValidationException')
    assert.ok(
      error.fields.some((field) => field.path === path),
      error.message,
    )
  else assert.ok(error.message.endsWith(`'${path}'.`), error.message)
}

const filter = (...values: unknown[]) => ({ filters: [{ operator: 'EQUAL', values }] })
const create = (members: object) => ({ clientToken: 'token', ...members })

describe('a malformed request is a SerializationException', () => {
  const cases: [title: string, operation: OperationName, parts: Parts, path?: string][] = [
    ['invalid JSON', 'CreateDatastore', { rawBody: '{"clientToken": oops}' }],
    ['a truncated body', 'SearchImageSets', { rawBody: '{' }],
    ['trailing text', 'SearchImageSets', { rawBody: '{} {}' }],
    ['a trailing comma', 'SearchImageSets', { rawBody: '{"filters": null,}' }],
    ['single quotes', 'SearchImageSets', { rawBody: "{'filters': null}" }],
    ['only white space', 'SearchImageSets', { rawBody: ' ' }],
    ['a body that is not UTF-8', 'CreateDatastore', { rawBody: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) }],
    ['4 MB of open brackets', 'SearchImageSets', { rawBody: '['.repeat(4 * 1024 * 1024) }],
    [
      'deeply nested lists in place of a structure',
      'SearchImageSets',
      { rawBody: `${'['.repeat(1e5)}${']'.repeat(1e5)}` },
    ],
    ['a list as the body', 'CreateDatastore', { body: [] }, ''],
    ['a number as the body', 'CreateDatastore', { body: 10 }, ''],
    ['null as the body', 'CreateDatastore', { body: null }, ''],
    ['a string as the body', 'CreateDatastore', { body: 'clientToken' }, ''],
    ['a list as the payload', 'SearchImageSets', { body: [] }, '/searchCriteria'],
    ['null as the payload', 'GetImageFrame', { body: null }, '/imageFrameInformation'],
    ['a number for a string', 'CreateDatastore', { body: create({ datastoreName: 123 }) }, '/datastoreName'],
    ['a boolean for a string', 'CreateDatastore', { body: create({ datastoreName: true }) }, '/datastoreName'],
    ['a list for a string', 'CreateDatastore', { body: create({ datastoreName: ['a'] }) }, '/datastoreName'],
    ['an object for a string', 'CreateDatastore', { body: create({ datastoreName: { a: 1 } }) }, '/datastoreName'],
    ['an object for a list', 'SearchImageSets', { body: { filters: {} } }, '/searchCriteria/filters'],
    ['a string for a list', 'SearchImageSets', { body: { filters: '[]' } }, '/searchCriteria/filters'],
    ['null in a list', 'SearchImageSets', { body: { filters: [null] } }, '/searchCriteria/filters/0'],
    ['a list for a map', 'CreateDatastore', { body: create({ tags: [] }) }, '/tags'],
    ['null in a map', 'CreateDatastore', { body: create({ tags: { a: null } }) }, '/tags'],
    ['a number in a map', 'TagResource', { body: { tags: { a: 1 } } }, '/tags'],
    ['a list for a structure', 'SearchImageSets', { body: { sort: [] } }, '/searchCriteria/sort'],
    ['a list for a union', 'SearchImageSets', { body: filter([]) }, '/searchCriteria/filters/0/values/0'],
    ['"true" for a boolean', 'SearchImageSets', { body: filter({ isPrimary: 'true' }) }],
    ['1 for a boolean', 'SearchImageSets', { body: filter({ isPrimary: 1 }) }],
    ['a list for a boolean', 'SearchImageSets', { body: filter({ isPrimary: [] }) }],
    ['a boolean for a timestamp', 'SearchImageSets', { body: filter({ createdAt: true }) }],
    ['NaN as text for a timestamp', 'SearchImageSets', { body: filter({ createdAt: 'NaN' }) }],
    [
      'an HTTP date for a timestamp',
      'SearchImageSets',
      { body: filter({ createdAt: 'Tue, 29 Apr 2014 18:30:38 GMT' }) },
    ],
    ['a timestamp without offset', 'SearchImageSets', { body: filter({ createdAt: '1985-04-12T23:20:50.52' }) }],
    [
      'a timestamp out of range',
      'SearchImageSets',
      { rawBody: JSON.stringify(filter({ createdAt: 1 })).replace('1}', '1e300}') },
    ],
    ...['blob=', '=blob', 'YW\\u002fgB', 'YWJjZA', 'YWJjZA=', 'YW Jj', 'YW-_', '====', 'YR=='].map(
      (text): [string, OperationName, Parts, string] => [
        `"${text}" for base64`,
        'UpdateImageSetMetadata',
        { body: { DICOMUpdates: { updatableAttributes: text } }, query: 'latestVersion=1' },
        '/updateImageSetMetadataUpdates/DICOMUpdates/updatableAttributes',
      ],
    ),
    ['a label that is not percent-encoded', 'ListTagsForResource', { labels: { resourceArn: '%zz' } }],
    ['a label that is not UTF-8', 'ListTagsForResource', { labels: { resourceArn: '%ff' } }],
    ['a query value that is not percent-encoded', 'ListDatastores', { query: 'nextToken=%' }],
  ]
  for (const [title, operation, parts, path] of cases) {
    test(`${title} (${operation})`, () => refused(operation, parts, 'SerializationException', path))
  }
})

describe('an input outside the limits is a ValidationException with the path of the member', () => {
  const many = (count: number) => ({ operator: 'EQUAL', values: Array(count).fill({ isPrimary: true }) })
  const cases: [title: string, operation: OperationName, parts: Parts, path: string][] = [
    ['a required member is missing', 'CreateDatastore', { body: {} }, '/clientToken'],
    ['a required member is missing, and the body too', 'CreateDatastore', {}, '/clientToken'],
    ['a required member is null', 'CreateDatastore', { body: { clientToken: null } }, '/clientToken'],
    ['an empty client token', 'CreateDatastore', { body: { clientToken: '' } }, '/clientToken'],
    ['a required payload is missing', 'GetImageFrame', {}, '/imageFrameInformation'],
    ['a required payload is empty', 'GetImageFrame', { body: {} }, '/imageFrameInformation/imageFrameId'],
    [
      'a required query member is missing',
      'UpdateImageSetMetadata',
      { body: { revertToVersionId: '1' } },
      '/latestVersionId',
    ],
    ['a required list in the query is missing', 'UntagResource', {}, '/tagKeys'],
    ['a tag key of AWS', 'UntagResource', { query: 'tagKeys=a&tagKeys=aws%3Ab' }, '/tagKeys/1'],
    ['a tag value of 257 characters', 'TagResource', { body: { tags: { a: 'x'.repeat(257) } } }, '/tags'],
    ['three filters', 'SearchImageSets', { body: { filters: Array(3).fill(many(1)) } }, '/searchCriteria/filters'],
    ['no filters', 'SearchImageSets', { body: { filters: [] } }, '/searchCriteria/filters'],
    ['three values', 'SearchImageSets', { body: { filters: [many(3)] } }, '/searchCriteria/filters/0/values'],
    ['no values', 'SearchImageSets', { body: { filters: [many(0)] } }, '/searchCriteria/filters/0/values'],
    ['an empty filter', 'SearchImageSets', { body: { filters: [{}] } }, '/searchCriteria/filters/0/operator'],
    ['maxResults 0', 'SearchImageSets', { query: 'maxResults=0' }, '/maxResults'],
    ['maxResults 51', 'SearchImageSets', { query: 'maxResults=51' }, '/maxResults'],
    ['maxResults x', 'SearchImageSets', { query: 'maxResults=x' }, '/maxResults'],
    ['maxResults 1.5', 'ListDatastores', { query: 'maxResults=1.5' }, '/maxResults'],
    ['an empty maxResults', 'ListDatastores', { query: 'maxResults=' }, '/maxResults'],
    ['a maxResults of 400 digits', 'ListDatastores', { query: `maxResults=${'9'.repeat(400)}` }, '/maxResults'],
    ['force=True', 'CopyImageSet', { body: {}, query: 'force=True' }, '/force'],
    ['an empty next token', 'ListDatastores', { query: 'nextToken=' }, '/nextToken'],
    ['a next token beyond ASCII', 'ListDatastores', { query: 'nextToken=%C3%A9' }, '/nextToken'],
    ['an unknown data store status', 'ListDatastores', { query: 'datastoreStatus=active' }, '/datastoreStatus'],
    [
      'two members in a union',
      'SearchImageSets',
      { body: filter({ isPrimary: true, DICOMStudyId: '1' }) },
      '/searchCriteria/filters/0/values/0',
    ],
    ['no member in a union', 'SearchImageSets', { body: filter({}) }, '/searchCriteria/filters/0/values/0'],
    [
      'null alone in a union',
      'SearchImageSets',
      { body: filter({ isPrimary: null }) },
      '/searchCriteria/filters/0/values/0',
    ],
    [
      'an unknown member in a union',
      'SearchImageSets',
      { body: filter({ DICOMModality: 'CT' }) },
      '/searchCriteria/filters/0/values/0',
    ],
    [
      'an unknown member beside a known one',
      'SearchImageSets',
      { body: filter({ isPrimary: true, x: 1 }) },
      '/searchCriteria/filters/0/values/0',
    ],
    [
      '__proto__ as a union member',
      'SearchImageSets',
      { rawBody: '{"filters":[{"operator":"EQUAL","values":[{"__proto__":{}}]}]}' },
      '/searchCriteria/filters/0/values/0',
    ],
    [
      'an unknown operator',
      'SearchImageSets',
      { body: { filters: [{ operator: 'LIKE', values: [{ isPrimary: true }] }] } },
      '/searchCriteria/filters/0/operator',
    ],
    [
      'an unknown sort field',
      'SearchImageSets',
      { body: { sort: { sortOrder: 'ASC', sortField: 'DICOMPatientId' } } },
      '/searchCriteria/sort/sortField',
    ],
    ['half a sort', 'SearchImageSets', { body: { sort: { sortOrder: 'ASC' } } }, '/searchCriteria/sort/sortField'],
    [
      'a UID with a letter',
      'SearchImageSets',
      { body: filter({ DICOMStudyInstanceUID: '1.2.a' }) },
      '/searchCriteria/filters/0/values/0/DICOMStudyInstanceUID',
    ],
    [
      'a patient id of 513 characters',
      'SearchImageSets',
      { body: filter({ DICOMPatientId: 'x'.repeat(513) }) },
      '/searchCriteria/filters/0/values/0/DICOMPatientId',
    ],
    ['a data store id of two letters', 'SearchImageSets', { labels: { datastoreId: 'XX' } }, '/datastoreId'],
    ['an empty data store id', 'GetDatastore', { labels: { datastoreId: '' } }, '/datastoreId'],
    [
      'an empty union of updates',
      'UpdateImageSetMetadata',
      { body: {}, query: 'latestVersion=1' },
      '/updateImageSetMetadataUpdates',
    ],
    [
      'an update of 30,001 bytes',
      'UpdateImageSetMetadata',
      {
        body: { DICOMUpdates: { removableAttributes: Buffer.alloc(30_001).toString('base64') } },
        query: 'latestVersion=1',
      },
      '/updateImageSetMetadataUpdates/DICOMUpdates/removableAttributes',
    ],
    [
      'an ARN of another service',
      'ListTagsForResource',
      { labels: { resourceArn: 'arn:aws:s3:::bucket' } },
      '/resourceArn',
    ],
  ]
  for (const [title, operation, parts, path] of cases) {
    test(`${title} (${operation})`, () => refused(operation, parts, 'ValidationException', path))
  }

  test('with all faults, in the order of the members', () => {
    const error = refusal('SearchImageSets', {
      labels: { datastoreId: 'XX' },
      query: 'maxResults=99',
      body: { filters: [] },
    })
    assert.match(
      error.message,
      /^3 validation errors detected: Value 'XX' at 'datastoreId' failed .*; Value at 'searchCriteria/,
    )
    assert.deepEqual(
      error.fields.map((field) => field.path),
      ['/datastoreId', '/searchCriteria/filters', '/maxResults'],
    )
  })

  test("never with a patient's value in its message", () => {
    const parts = {
      body: filter({ DICOMPatientId: 'DOE'.repeat(200) }, { DICOMStudyInstanceUID: 'DOE' }, { DOE: 'DOE' }),
    }
    const error = refusal('SearchImageSets', parts)
    assert.equal(error.fields.length, 4)
    assert.doesNotMatch(error.message + JSON.stringify(error.fields), /DOE/)
    assert.doesNotMatch(refusal('SearchImageSets', { rawBody: '{"DOE": DOE}' }).message, /DOE/)
  })
})

describe('a good request', () => {
  test('of search has its criteria as the body, which may be absent', () => {
    const body = {
      filters: [
        { operator: 'BETWEEN', values: [{ createdAt: 1701700800.123 }, { createdAt: '1985-04-12T23:20:50Z' }] },
      ],
    }
    assert.deepEqual(read('SearchImageSets', { body, query: 'maxResults=50&nextToken=a%2Fb%20c+d' }), {
      datastoreId: ID,
      searchCriteria: {
        filters: [{ operator: 'BETWEEN', values: [{ createdAt: 1701700800123 }, { createdAt: 482196050000 }] }],
      },
      maxResults: 50,
      nextToken: 'a/b c d',
    })
    assert.deepEqual(read('SearchImageSets'), { datastoreId: ID })
    assert.deepEqual(read('SearchImageSets', { body: {} }), { datastoreId: ID, searchCriteria: {} })
  })

  test('may have nulls, unknown members, unknown parameters and a trailing ampersand', () => {
    const body = {
      filters: null,
      sort: { sortField: 'updatedAt', sortOrder: 'ASC', more: 1 },
      unknown: [[{}]],
      __proto__: 1,
    }
    assert.deepEqual(read('SearchImageSets', { body, query: 'maxResults=5&imageFrameId=x&=&' }), {
      datastoreId: ID,
      searchCriteria: { sort: { sortField: 'updatedAt', sortOrder: 'ASC' } },
      maxResults: 5,
    })
    assert.deepEqual(
      read('SearchImageSets', { body: filter({ isPrimary: true, DICOMStudyId: null }) }).searchCriteria,
      filter({ isPrimary: true }),
    )
  })

  test('may have a body that its operation does not use', () => {
    assert.deepEqual(read('GetImageSet', { rawBody: 'anything', query: 'version=2' }), {
      datastoreId: ID,
      imageSetId: ID,
      versionId: '2',
    })
  })

  test('of tags has its ARN decoded, and every key kept', () => {
    assert.deepEqual(read('UntagResource', { query: 'tagKeys=a&tagKeys=b%3Ac&tagKeys=d+e'.replace('+', '-') }), {
      resourceArn: ARN,
      tagKeys: ['a', 'b:c', 'd-e'],
    })
    const { tags } = read('TagResource', { rawBody: '{"tags":{"__proto__":"x","constructor":"y"}}' })
    assert.deepEqual(Object.entries(tags), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
  })

  test('of an update has bytes, booleans and the version', () => {
    const text = '{"SchemaVersion":1.1}'
    const input = read('UpdateImageSetMetadata', {
      body: { DICOMUpdates: { updatableAttributes: Buffer.from(text).toString('base64') } },
      query: 'force=false&latestVersion=1&includeStudyImageSets=true',
    })
    assert.deepEqual([input.latestVersionId, input.force, input.includeStudyImageSets], ['1', false, true])
    assert.equal(Buffer.from(input.updateImageSetMetadataUpdates.DICOMUpdates!.updatableAttributes!).toString(), text)
  })
})
