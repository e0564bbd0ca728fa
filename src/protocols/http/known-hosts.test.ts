import assert from 'node:assert/strict'
import { test } from 'node:test'
import { knownHosts, unknownHostSentence } from './known-hosts.ts'

const refused = (isKnown: (host: string | undefined) => boolean, hosts: readonly (string | undefined)[]) =>
  hosts.filter((host) => !isKnown(host))

const EVERYWHERE = [
  '127.0.0.1:8104',
  '192.0.2.1',
  '[::1]:8104',
  '[2001:db8::1]',
  'localhost:8104',
  'LOCALHOST.',
  undefined,
  '',
]
const ON_LOOPBACK = [
  'hilum.localhost:8104',
  'runtime-localhost:8104',
  'runtime-127.0.0.1:8104',
  'runtime-hilum.localhost',
]
const OTHERS = [
  'evil.example',
  'evil.example:8104',
  'hilum',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'a b',
  '*',
  '[x]',
  '127.1',
]

test('addresses, names of this machine and a missing Host are accepted, other names are not', () => {
  const isKnown = knownHosts([])
  assert.deepEqual(refused(isKnown, [...EVERYWHERE, ...ON_LOOPBACK]), [])
  assert.deepEqual(refused(isKnown, OTHERS), OTHERS)
})

test('an allowed name is accepted with and without the prefix of AWS clients, in any case and with any port', () => {
  const isKnown = knownHosts(['hilum', 'AHI.example', 'runtime-x.example'])
  const known = ['hilum:8104', 'runtime-hilum:8104', 'ahi.EXAMPLE', 'runtime-ahi.example.', 'x.example']
  assert.deepEqual(refused(isKnown, known), [])
  assert.deepEqual(refused(isKnown, ['hilum.evil.example', 'www.ahi.example']), [
    'hilum.evil.example',
    'www.ahi.example',
  ])
  assert.deepEqual(refused(knownHosts(['*']), [...EVERYWHERE, ...OTHERS]), [])
})

test('names of the certificate are accepted, and those of a renewed one', () => {
  const covering = (...names: string[]) => ({ covers: (name: string) => names.includes(name) })
  let certificate = covering('ahi.example')
  const isKnown = knownHosts([], () => certificate)
  assert.deepEqual(refused(isKnown, ['ahi.example:8104', 'runtime-ahi.example', 'ahi.example:8104', ...EVERYWHERE]), [])
  assert.deepEqual(refused(isKnown, ['new.example']), ['new.example'])
  certificate = covering('new.example')
  assert.deepEqual(refused(isKnown, ['new.example', 'ahi.example:8104']), ['ahi.example:8104'])
})

test('the sentence names the flag, and repeats names only', () => {
  assert.match(
    unknownHostSentence('runtime-evil.example:80'),
    /the name evil\.example\. .*--allowed-host evil\.example \(HILUM_ALLOWED_HOST\)/,
  )
  for (const host of ['a"b', `${'x'.repeat(254)}`, '<script>']) {
    assert.equal(unknownHostSentence(host), 'The Host header has no name that this server answers to.')
  }
})
