/** The reader with arbitrary JSON for every operation: it throws nothing but ContractErrors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ContractError } from '../../contract/errors.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import { inputReader } from './read-input.ts'

const ID = '0123456789abcdef0123456789abcdef'
const labels = {
  datastoreId: ID,
  imageSetId: ID,
  sourceImageSetId: ID,
  jobId: '1',
  resourceArn: `arn:aws:medical-imaging:us-east-1:123456789012:datastore%2F${ID}`,
}

test('arbitrary JSON gives an input or a ContractError', () => {
  const names = Object.keys(operations) as OperationName[]
  const readers = new Map(names.map((name) => [name, inputReader(name)]))
  const known = [
    'filters',
    'values',
    'operator',
    'EQUAL',
    'sort',
    'tags',
    'clientToken',
    'isPrimary',
    'createdAt',
    'DICOMUpdates',
    'updatableAttributes',
    'DICOMStudyDateAndTime',
    'sourceImageSet',
    'importConfiguration',
    'dicomJsonMetadataImportConfiguration',
    'dicomMetadataMappings',
    'constructor',
    '__proto__',
  ]
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>(null, true, 0, -1.5, 1e308, '', 'EQUAL', '2024-01-01T00:00:00Z', 'AAAA'),
      fc.string(),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...known), tie('json'), { maxKeys: 5 }),
    ),
  }))
  const query = fc.array(
    fc.constantFrom(
      'maxResults=',
      'nextToken=',
      'tagKeys=',
      'latestVersion=1',
      'force=',
      '%',
      '&',
      '=',
      'true',
      '%41',
      '5',
    ),
    { maxLength: 8 },
  )
  const outcomes = new Set<string>()
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.oneof(
        json.map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      query,
      (name, text, parts) => {
        try {
          readers.get(name)!({ labels, query: parts.join(''), body: Buffer.from(text) })
          outcomes.add('read')
        } catch (error) {
          assert.ok(error instanceof ContractError, String(error))
          assert.equal(error.status, 400)
          outcomes.add(error.name)
        }
      },
    ),
    { seed: 42, numRuns: 20_000 },
  )
  assert.deepEqual([...outcomes].sort(), ['SerializationException', 'ValidationException', 'read'])
})
