import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OperationName, operations } from '../../contract/operations.ts'
import { createOperationRouter } from './route.ts'

const find = createOperationRouter()
function route(method: string, path: string) {
  const match = find(method, path)
  return match && { operation: match.route.operation, labels: match.labels }
}

test('every operation is found by its own method and path', () => {
  for (const [operation, { http }] of Object.entries(operations)) {
    const [method, template] = http.split(' ') as [string, string]
    const path = template.replace(/\{(\w+)\}/g, 'the-$1')
    const labels = Object.fromEntries([...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `the-${name}`]))
    assert.deepEqual(route(method, path), { operation: operation as OperationName, labels })
  }
})

test('a tags ARN is one label, whether its colons are encoded or raw as the SDK for C++ sends them', () => {
  const encoded = 'arn%3Aaws%3Amedical-imaging%3Aus-east-1%3A123456789012%3Adatastore%2Fabc%2Fimageset%2Fdef'
  for (const arn of [encoded, encoded.replaceAll('%3A', ':')]) {
    assert.deepEqual(route('GET', `/tags/${arn}`), { operation: 'ListTagsForResource', labels: { resourceArn: arn } })
  }
  assert.equal(route('GET', `/tags/${decodeURIComponent(encoded)}`), undefined)
})

test('doubled slashes are collapsed, as the SDK for JavaScript sends them for an endpoint that ends in one', () => {
  assert.equal(route('POST', '//datastore')?.operation, 'CreateDatastore')
  assert.deepEqual(route('POST', '//datastore/abc//searchImageSets'), {
    operation: 'SearchImageSets',
    labels: { datastoreId: 'abc' },
  })
})

test('an empty segment is an empty label, so that validation can name it', () => {
  assert.deepEqual(route('GET', '/datastore/'), { operation: 'GetDatastore', labels: { datastoreId: '' } })
  assert.deepEqual(route('DELETE', '/datastore/'), { operation: 'DeleteDatastore', labels: { datastoreId: '' } })
  assert.deepEqual(route('POST', '/datastore//searchImageSets'), {
    operation: 'SearchImageSets',
    labels: { datastoreId: '' },
  })
})

test('a method or path outside the API matches no operation', () => {
  const strangers: [method: string, path: string][] = [
    ['PUT', '/datastore'],
    ['HEAD', '/datastore'],
    ['POST', '/datastore/'],
    ['GET', '/'],
    ['GET', ''],
    ['OPTIONS', '*'],
    ['GET', '/Datastore'],
    ['POST', '/datastore/abc/searchImageSets/'],
    ['POST', '/base/datastore'],
    ['POST', '/datastore/abc/search%49mageSets'],
    ['__proto__', '/datastore'],
  ]
  for (const [method, path] of strangers) assert.equal(route(method, path), undefined, `${method} ${path}`)
})
