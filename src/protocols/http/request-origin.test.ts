import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hostNameOf } from './host-name.ts'
import { bodyOf } from './request-body.fixture.ts'
import { isLocal, trustedProxies } from './request-origin.ts'

const { originOf } = trustedProxies(['10.0.0.0/8', '127.0.0.1', '2001:db8::/32'])
const from = (address: string, headers: Record<string, string>, isTls = false) => originOf({ address, isTls }, headers)
const addressFrom = (address: string, forwardedFor: string) =>
  from(address, { 'x-forwarded-for': forwardedFor }).remoteAddress

describe('the address of the client', () => {
  test('is that of the peer, whatever it claims, unless the peer is a trusted proxy', () => {
    assert.equal(addressFrom('192.0.2.1', '198.51.100.1'), '192.0.2.1')
    assert.equal(addressFrom('::1', '198.51.100.1'), '::1')
    assert.equal(addressFrom('10.1.2.3', '198.51.100.1'), '198.51.100.1')
    assert.equal(addressFrom('::ffff:10.1.2.3', '198.51.100.1'), '198.51.100.1')
    assert.equal(from('10.1.2.3', {}).remoteAddress, '10.1.2.3')
  })

  test('is the last one that is not a trusted proxy: a client can send the first ones', () => {
    assert.equal(addressFrom('10.0.0.1', '1.1.1.1, 198.51.100.1'), '198.51.100.1')
    assert.equal(addressFrom('10.0.0.1', '1.1.1.1, 198.51.100.1, 10.0.0.2,127.0.0.1'), '198.51.100.1')
    assert.equal(addressFrom('10.0.0.1', '10.0.0.3, 10.0.0.2'), '10.0.0.3')
  })

  test('is read with a port and in brackets, and malformed entries are not addresses', () => {
    assert.equal(addressFrom('10.0.0.1', '198.51.100.1:4711'), '198.51.100.1')
    assert.equal(addressFrom('10.0.0.1', '[2001:db9::1]:4711'), '2001:db9::1')
    assert.equal(addressFrom('10.0.0.1', ' [2001:db9::1] '), '2001:db9::1')
    assert.equal(addressFrom('10.0.0.1', '2001:db9::1'), '2001:db9::1')
    for (const bad of [
      'unknown',
      '',
      '_hidden',
      '198.51.100.999',
      '198.51.100.1 x',
      'fe80::1%eth0',
      '[]',
      ',,',
      '1.1.1.1;',
    ]) {
      assert.equal(addressFrom('10.0.0.1', bad), '10.0.0.1', bad)
      assert.equal(addressFrom('10.0.0.1', `198.51.100.1, ${bad}, 10.0.0.2`), '10.0.0.2', bad)
    }
  })
})

test('a connection is secure with TLS, or if a trusted proxy says so', () => {
  const isSecure = (address: string, isTls: boolean, proto?: string) =>
    from(address, proto === undefined ? {} : { 'x-forwarded-proto': proto }, isTls).isSecure
  assert.equal(isSecure('192.0.2.1', true), true)
  assert.equal(isSecure('192.0.2.1', false, 'https'), false)
  assert.equal(isSecure('192.0.2.1', true, 'http'), true)
  assert.equal(isSecure('10.0.0.1', false, 'HTTPS'), true)
  assert.equal(isSecure('10.0.0.1', false, 'https, https'), true)
  for (const proto of ['http', 'https, http', 'http, https', '', 'wss']) {
    assert.equal(isSecure('10.0.0.1', true, proto), false, proto)
  }
  assert.equal(isSecure('10.0.0.1', true), false, 'how the client connected to the proxy is not known')
})

test('a request is local if its peer is, no proxy forwarded it, and it names this machine', () => {
  const local = (address: string, headers: Record<string, string>) => {
    const origin = trustedProxies(['127.0.0.9']).originOf({ address, isTls: false }, headers)
    return isLocal({ method: 'GET', target: '/', headers, body: bodyOf(''), ...origin })
  }
  for (const host of [
    '127.0.0.1:8104',
    'localhost',
    '[::1]:8104',
    'hilum.localhost:8104',
    'runtime-localhost.',
    '127.8.0.1',
  ]) {
    assert.equal(local('127.0.0.1', { host }), true, host)
  }
  const host = 'localhost:8104'
  assert.equal(local('192.0.2.1', { host }), false)
  assert.equal(local('127.0.0.1', {}), false)
  for (const other of ['ahi.example', '192.0.2.1', 'localhost.example', '']) {
    assert.equal(local('127.0.0.1', { host: other }), false, other)
  }
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip', 'x-forwarded-proto', 'x-forwarded-host']) {
    assert.equal(local('127.0.0.1', { host, [name]: '127.0.0.1' }), false, name)
  }
  assert.equal(local('127.0.0.9', { host }), false, 'a trusted proxy forwards everything')
  assert.equal(local('127.0.0.9', { host, 'x-forwarded-for': '127.0.0.1' }), false)
})

test('the name of a host has no port, prefix, brackets or dot at the end', () => {
  const names = {
    'AHI.example:8104': 'ahi.example',
    'runtime-ahi.example.': 'ahi.example',
    '[2001:DB8::1]:8104': '2001:db8::1',
    'runtime-127.0.0.1:8104': '127.0.0.1',
    'Runtime-[::1]': '::1',
    'h:': 'h',
    '': '',
  }
  for (const [host, name] of Object.entries(names)) assert.equal(hostNameOf(host), name, host)
  assert.equal(hostNameOf(undefined), '')
})
