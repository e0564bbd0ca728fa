import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRouter } from './router.ts'

const find = createRouter([
  { http: 'GET /things' },
  { http: 'GET /things/{id}' },
  { http: 'PUT /things/{id}/{name}' },
  { http: '* /things/special' },
  { http: 'GET /files/{path+}' },
  { http: '* /files/{path+}' },
])
const found = (method: string, path: string) => {
  const match = find(method, path)
  return match && [match.route.http, match.labels]
}

test('a route is found by its method and path template, with its labels as received', () => {
  assert.deepEqual(found('GET', '/things'), ['GET /things', {}])
  assert.deepEqual(found('GET', '/things/a%2Fb'), ['GET /things/{id}', { id: 'a%2Fb' }])
  assert.deepEqual(found('PUT', '/things/1/n'), ['PUT /things/{id}/{name}', { id: '1', name: 'n' }])
})

test('an empty segment is an empty label', () => {
  assert.deepEqual(found('GET', '/things/'), ['GET /things/{id}', { id: '' }])
  assert.deepEqual(found('PUT', '/things//n'), ['PUT /things/{id}/{name}', { id: '', name: 'n' }])
})

test('a rest label takes all segments that are left, which may be empty', () => {
  assert.deepEqual(found('GET', '/files/a/b'), ['GET /files/{path+}', { path: 'a/b' }])
  assert.deepEqual(found('GET', '/files/'), ['GET /files/{path+}', { path: '' }])
  assert.equal(found('GET', '/files'), undefined)
})

test('a route of the request method takes precedence over one of every method', () => {
  assert.deepEqual(found('POST', '/files/a'), ['* /files/{path+}', { path: 'a' }])
  assert.deepEqual(found('GET', '/things/special'), ['GET /things/{id}', { id: 'special' }])
  assert.deepEqual(found('POST', '/things/special'), ['* /things/special', {}])
})

test('another method, another path, and a path without a leading slash match no route', () => {
  for (const [method, path] of [
    ['POST', '/things'],
    ['GET', '/Things'],
    ['GET', '/things/a/b'],
    ['GET', ''],
    ['OPTIONS', '*'],
    ['__proto__', '/things'],
  ] as const) {
    assert.equal(find(method, path), undefined, `${method} ${path}`)
  }
})
