import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkClock, checkNames } from './check-server.ts'
import { checkNode, drawFinding } from './doctor.ts'

/** A resolver with these names. */
const resolving = (names: Record<string, string>) => ({
  env: {},
  resolveName: async (name: string) => {
    const address = names[name]
    if (address === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    return { address }
  },
})

describe('names', () => {
  test('a runtime- name that does not resolve causes a warning, with the line for /etc/hosts', async () => {
    const found = await checkNames('http://127.0.0.1:8104', resolving({ '127.0.0.1': '127.0.0.1' }))
    assert.equal(found.state, 'warn')
    assert.match(
      found.fixes?.join('\n') ?? '',
      /echo '127\.0\.0\.1 runtime-127\.0\.0\.1 runtime-localhost' \| sudo tee -a \/etc\/hosts/,
    )
    assert.match(found.fixes?.join('\n') ?? '', /disableHostPrefix: true/)
  })

  test('one that resolves to the same machine is accepted', async () => {
    const names = { 'hilum.localhost': '::1', 'runtime-hilum.localhost': '127.0.0.1' }
    assert.equal((await checkNames('http://hilum.localhost:8104', resolving(names))).state, 'ok')
    const far = { 'ahi.example': '10.0.0.1', 'runtime-ahi.example': '10.0.0.1' }
    assert.equal((await checkNames('https://ahi.example', resolving(far))).state, 'ok')
  })

  test('one that resolves to another machine causes a warning', async () => {
    const names = { 'ahi.example': '10.0.0.1', 'runtime-ahi.example': '10.0.0.2' }
    const found = await checkNames('https://ahi.example', resolving(names))
    assert.deepEqual(
      [found.state, found.fixes?.[0]],
      ['warn', "every client:  echo '10.0.0.1 runtime-ahi.example' | sudo tee -a /etc/hosts"],
    )
  })

  test('AWS_DISABLE_HOST_PREFIX_INJECTION=true prevents the warning; clients accept no other value', async () => {
    const stateWith = async (value: string) => {
      const nothing = { ...resolving({}), env: { AWS_DISABLE_HOST_PREFIX_INJECTION: value } }
      return (await checkNames('http://127.0.0.1:8104', nothing)).state
    }
    assert.deepEqual(await Promise.all(['true', 'True', 'false', ''].map(stateWith)), ['ok', 'ok', 'warn', 'warn'])
  })

  test('an IPv6 address cannot have a runtime- name', async () => {
    assert.equal((await checkNames('http://[::1]:8104', resolving({}))).state, 'warn')
  })
})

test('a clock skew beyond a minute causes a warning, and beyond the limit of signatures a failure', () => {
  const states = [0, 1_000, -59_000, 61_000, -899_000, 901_000].map((skewMs) => checkClock(skewMs, 900_000).state)
  assert.deepEqual(states, ['ok', 'ok', 'ok', 'warn', 'warn', 'fail'])
  assert.match(checkClock(-120_000, 900_000).detail, /120 s behind/)
})

test('an old Node is a failure, and a release without long-term support a warning', () => {
  const states = ['20.20.2', '22.13.1', '22.14.0', '23.6.0', '24.21.0'].map((version) => checkNode(version).state)
  assert.deepEqual(states, ['fail', 'fail', 'ok', 'warn', 'ok'])
})

test('a finding is one line, followed by its fixes', () => {
  const plain = { styled: (_style: string, text: string) => text }
  assert.equal(
    drawFinding({ subject: 'disk', state: 'warn', detail: '1 GiB free', fixes: ['Free disk space.'] }, plain),
    'warn  disk          1 GiB free\n                    Free disk space.',
  )
})
