import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DatastoreSummary } from '@aws-sdk/client-medical-imaging'
import { pickDatastore } from './datastores.ts'

const store = (datastoreId: string, datastoreName?: string) => ({ datastoreId, datastoreName }) as DatastoreSummary
const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string]

test('a data store is found by its id and by its name', () => {
  const all = [store(a, 'demo'), store(b)]
  assert.equal(pickDatastore(all, 'demo'), a)
  assert.equal(pickDatastore(all, b), b)
})

test('an id takes precedence over the same text as a name', () => {
  assert.equal(pickDatastore([store(a, b), store(b, 'x')], b), b)
})

test('an ambiguous name is refused with the ids', () => {
  const all = [store(a, 'ct'), store(b, 'ct'), store(c, 'mr')]
  assert.throws(
    () => pickDatastore(all, 'ct'),
    new RegExp(`^OperatorError: 2 data stores have the name 'ct'.*${a}, ct ${b}\\.$`),
  )
})

test('an unknown name is refused with a list of data stores', () => {
  assert.throws(
    () => pickDatastore([store(a, 'demo'), store(b)], 'dmo'),
    new RegExp(`The data stores are: demo ${a}, \\(no name\\) ${b}\\.`),
  )
  assert.throws(() => pickDatastore([], 'demo'), /no data store yet\. Create one: aws medical-imaging create-datastore/)
})
