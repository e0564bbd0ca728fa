/** The lines of `hilum env`, evaluated by real shells. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { endpointForCpp, environmentFor } from '../cli/server/env.ts'
import { SHELLS, shellQuoted } from './shells.ts'

const NASTY = [
  'plain',
  '',
  "it's",
  '$HOME `id` "x" \\n \\\\',
  'a b\tc',
  '!history',
  '*',
  'a/b+c==',
  '-n',
  "'",
  "\\'",
  '~root',
  'ü山',
]

for (const [shell, program] of [
  ['sh', 'sh'],
  ['sh', 'bash'],
  ['fish', 'fish'],
] as const) {
  const isThere = spawnSync(program, ['-c', 'true']).error === undefined
  test(`${program} sets every value unchanged`, { skip: isThere ? false : `${program} is not installed` }, () => {
    for (const value of NASTY) {
      const script = `${SHELLS[shell]!('HILUM_TEST', value)}\nprintenv HILUM_TEST`
      assert.equal(execFileSync(program, ['-c', script], { encoding: 'utf8' }), `${value}\n`)
    }
  })
}

test('a quoted word is one word of the command line', () => {
  for (const word of NASTY) {
    assert.equal(execFileSync('sh', ['-c', `printf '%s|' ${shellQuoted(word)}`], { encoding: 'utf8' }), `${word}|`)
  }
  assert.equal(shellQuoted('/data/hilum'), '/data/hilum')
})

test('the region is in both variables that clients read, and host prefixes are disabled', () => {
  const credentials = { accessKeyId: 'HILUMAAAAAAAAAAAAAAA', secretAccessKey: 's' }
  assert.deepEqual(environmentFor({ endpoint: 'http://127.0.0.1:8104', region: 'eu-west-1', credentials }), {
    AWS_ENDPOINT_URL_MEDICAL_IMAGING: 'http://127.0.0.1:8104',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'HILUMAAAAAAAAAAAAAAA',
    AWS_SECRET_ACCESS_KEY: 's',
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  })
})

test('the endpoint for the SDK for C++ already begins with runtime-', () => {
  assert.equal(endpointForCpp('http://127.0.0.1:8104'), 'http://runtime-hilum.localhost:8104')
  assert.equal(endpointForCpp('http://[::1]:9000'), 'http://runtime-hilum.localhost:9000')
  assert.equal(endpointForCpp('https://ahi.example'), 'https://runtime-ahi.example')
  assert.equal(endpointForCpp('https://runtime-ahi.example:8443'), 'https://runtime-ahi.example:8443')
  for (const address of ['http://10.0.0.1:8104', 'http://[fe80::1]:8104']) {
    assert.throws(
      () => endpointForCpp(address),
      /puts runtime- before .*, which is then not an address\. Name the server/,
    )
  }
})
