/** Only named members reach the log. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loggedFields } from './logged-fields.ts'

test('members of other names and nested values are left out', () => {
  const fields = {
    jobId: 'a',
    PatientName: 'Doe^Jane',
    reason: { PatientName: 'Doe^Jane' },
    filesDone: 3,
    status: undefined,
  }
  assert.deepEqual(loggedFields(fields), { jobId: 'a', reason: 'object', filesDone: 3, omitted: ['PatientName'] })
})

test('of an error and its causes, only type, code, message and stack are logged', () => {
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (patient_name)=(Doe^Jane)' })
  const line = JSON.stringify(loggedFields({ err: new Error('failed', { cause }) }))
  assert.match(line, /"message":"failed".*"message":"duplicate key".*"code":"23505"/)
  assert.doesNotMatch(line, /Doe/)
})

test('text that JSON.parse refuses is not quoted', () => {
  let err: unknown
  try {
    JSON.parse('{"PatientName": Doe^Jane}')
  } catch (thrown) {
    err = thrown
  }
  assert.match(String((err as Error).message), /Doe/)
  for (const fields of [{ err }, { err: new Error('failed', { cause: err }) }]) {
    const line = JSON.stringify(loggedFields(fields))
    assert.match(line, /SyntaxError/)
    assert.doesNotMatch(line, /Doe/)
  }
})

test('every member that the code logs is allowed', () => {
  const src = dirname(import.meta.dirname)
  const names = new Set<string>()
  for (const path of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || /\.(test|conformance|fixture)\.ts$/.test(path)) continue
    const text = readFileSync(join(src, path), 'utf8')
    for (const [, members] of text.matchAll(/\blog\.(?:debug|info|warn|error)\(\s*\{([^}]*)\}\s*,/g)) {
      for (const member of members!.split(/,(?![^(]*\))/)) {
        const name = /^\s*(\w+)/.exec(member)?.[1]
        if (name !== undefined) names.add(name)
      }
    }
  }
  assert.ok(names.size > 20, `${names.size} names were found`)
  const fields = Object.fromEntries([...names].map((name) => [name, name === 'err' ? new Error('x') : 'x']))
  assert.deepEqual((loggedFields(fields) as { omitted?: string[] }).omitted, undefined)
})
