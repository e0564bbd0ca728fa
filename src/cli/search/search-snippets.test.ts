/** acceptance/clients/printed-searches.test.ts runs the programs and compares what they find. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { type PrintedSearch, SNIPPETS } from './search-snippets.ts'

const printed = (language: string, searchCriteria: SearchCriteria | undefined, search: Partial<PrintedSearch> = {}) =>
  SNIPPETS[language]!({ datastoreId: 'd', searchCriteria, limit: 50, envCommand: 'bin/hilum env --port 9', ...search })

const createdUntil = (instant: string): SearchCriteria => ({
  filters: [
    {
      operator: 'BETWEEN',
      values: [{ createdAt: new Date('2024-01-01T00:00:00.001Z') }, { createdAt: new Date(instant) }],
    },
  ],
})

test('every program names the command that prints its variables', () => {
  for (const language of Object.keys(SNIPPETS)) {
    assert.match(
      printed(language, undefined),
      /^(#|\/\/) Needs the variables of: eval "\$\(bin\/hilum env --port 9\)"\n/,
    )
  }
})

test('the command of the AWS CLI quotes the criteria for a shell', () => {
  const criteria: SearchCriteria = { filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: "O'Brien" }] }] }
  assert.equal(
    printed('cli', criteria, { limit: undefined }).split('\n').slice(1).join('\n'),
    'aws medical-imaging search-image-sets --datastore-id d \\\n' +
      `  --search-criteria '{"filters":[{"operator":"EQUAL","values":[{"DICOMPatientId":"O'\\''Brien"}]}]}'`,
  )
})

test('an upper bound with a fraction is rounded up, with a comment, for clients that truncate times; a lower bound is not', () => {
  const lastMoment = createdUntil('2024-01-31T23:59:59.999Z')
  for (const [language, client] of [
    ['python', 'boto3'],
    ['cli', 'The AWS CLI'],
  ] as const) {
    const text = printed(language, lastMoment)
    assert.match(text, new RegExp(`^# ${client} sends whole seconds`, 'm'))
    assert.match(text, /2024-01-01T00:00:00\.001Z[\s\S]*2024-02-01T00:00:00\.000Z/)
    assert.doesNotMatch(printed(language, createdUntil('2024-01-31T00:00:00Z')), /whole seconds/)
  }
  assert.match(printed('js', lastMoment), /new Date\('2024-01-31T23:59:59\.999Z'\)/)
  assert.doesNotMatch(printed('js', lastMoment), /whole seconds/)
})

test('no line is longer than 120 characters', () => {
  const both = [...createdUntil('2024-01-31T23:59:59.999Z').filters!, ...createdUntil('2024-01-31T00:00:00Z').filters!]
  for (const language of ['js', 'python']) {
    const lines = printed(language, { filters: both, sort: { sortField: 'createdAt', sortOrder: 'ASC' } }).split('\n')
    assert.deepEqual(
      lines.filter((line) => line.length > 120),
      [],
    )
  }
})
