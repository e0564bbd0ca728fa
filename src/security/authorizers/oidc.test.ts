/** Tokens of an OpenID Connect provider, a real HTTP server with keys of its own. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { describe, type TestContext, test } from 'node:test'
import { UnsecuredJWT } from 'jose'
import type { ContractError } from '../../contract/errors.ts'
import type { OidcAuthorizer } from './authorizer-config.ts'
import { AUTHORIZER, NOW, openOver, startProvider, VALID } from './authorizers.fixture.ts'

const POLICIES = [
  { claim: 'groups', value: 'radiology', policy: 'AWSHealthImagingReadOnlyAccess' },
  { claim: 'realm_access.roles', value: 'admin', policy: 'HilumAdministratorAccess' },
]

async function over(
  t: TestContext,
  options: Parameters<typeof openOver>[2] & { alg?: string; config?: Partial<OidcAuthorizer> } = {},
) {
  const provider = await startProvider(t, options)
  const config = { issuer: provider.issuer, audience: ['hilum'], principalClaim: 'sub', policies: POLICIES }
  const opened = await openOver(t, { ...config, ...options.config }, options)
  const answerTo = async (token: string | Promise<string>, other?: object): Promise<string> => {
    try {
      return (await opened.authenticate(await token, other)).arn
    } catch (error) {
      assert.ok((error as ContractError).status !== undefined, (error as Error).stack)
      return (error as Error).message
    }
  }
  return { provider, ...opened, answerTo }
}

const MARY = 'arn:aws:sts::123456789012:federated-user/mary'
const REFUSED = 'Invalid or Expired Token'
const decide = (caller: Awaited<ReturnType<Awaited<ReturnType<typeof over>>['authenticate']>>, name: string) =>
  caller.policies.decide({ action: `medical-imaging:${name}`, resource: '*', valuesOf: () => undefined }).outcome

describe('a token is accepted', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
    test(`that is signed with ${alg}`, async (t) => {
      const { answerTo, provider } = await over(t, { alg })
      assert.equal(await answerTo(provider.token()), MARY)
    })
  }

  test('and has the policies of all rows that it matches', async (t) => {
    const { authenticate, provider } = await over(t)
    const reader = await authenticate(await provider.token())
    assert.deepEqual([decide(reader, 'GetImageSet'), decide(reader, 'DeleteImageSet')], ['allow', 'implicit deny'])
    assert.deepEqual(reader.bearer, {
      ...{ kind: 'provider', authorizerArn: AUTHORIZER, issuer: provider.issuer, subject: 'mary' },
    })
    const admin = await authenticate(await provider.token({ realm_access: { roles: ['user', 'admin'] } }))
    assert.equal(decide(admin, 'DeleteImageSet'), 'allow')
    const byText = await authenticate(await provider.token({ groups: 'radiology' }))
    assert.equal(decide(byText, 'GetImageSet'), 'allow')
  })

  test('whose principal is another claim, in the characters that an ARN may have', async (t) => {
    const { answerTo, provider } = await over(t, { config: { principalClaim: 'name' } })
    const arn = await answerTo(provider.token({ name: 'Ménard, A. <x>' }))
    assert.equal(arn, 'arn:aws:sts::123456789012:federated-user/M-nard,-A.--x-')
    assert.equal(await answerTo(provider.token()), REFUSED)
  })

  test('with keys of a given address, without discovery', async (t) => {
    const provider = await startProvider(t)
    const config = { issuer: provider.issuer, audience: ['other', 'hilum'], jwks: `${provider.issuer}/keys` }
    const { authenticate } = await openOver(t, { ...config, principalClaim: 'sub', policies: POLICIES })
    assert.ok(await authenticate(await provider.token({ aud: ['x', 'hilum'] })))
    assert.deepEqual(provider.requests, ['/keys'])
  })
})

describe('a token is refused', () => {
  const claims: Record<string, [object, string]> = {
    'of another issuer': [{ iss: 'https://other.example' }, REFUSED],
    'for another audience': [{ aud: 'other' }, REFUSED],
    'without an audience': [{ aud: undefined }, REFUSED],
    'that has expired': [{ exp: NOW / 1000 - 10 }, REFUSED],
    'that is not valid yet': [{ nbf: NOW / 1000 + 60 }, REFUSED],
    'without a subject': [{ sub: undefined }, REFUSED],
    'whose subject is no text': [{ sub: { name: 'mary' } }, REFUSED],
    'that matches no row': [{ groups: ['cardiology'] }, 'Access Denied'],
    'whose claim only contains the value': [{ groups: 'radiology,admin' }, 'Access Denied'],
    'whose claim is an object': [{ groups: { radiology: true } }, 'Access Denied'],
    'without the claims of the rows': [{ groups: undefined }, 'Access Denied'],
  }
  for (const [name, [changed, expected]] of Object.entries(claims)) {
    test(name, async (t) => {
      const { answerTo, provider } = await over(t)
      assert.equal(await answerTo(provider.token(changed)), expected)
    })
  }

  test('without a signature, with a changed one, and with changed claims', async (t) => {
    const { answerTo, provider } = await over(t)
    const all = { ...VALID, iss: provider.issuer, aud: 'hilum', groups: ['radiology'] }
    assert.equal(await answerTo(new UnsecuredJWT(all).encode()), REFUSED)
    const [header, payload, signature] = (await provider.token()).split('.') as [string, string, string]
    const other = (await provider.token({ sub: 'john' })).split('.')
    assert.equal(await answerTo(`${header}.${other[1]}.${signature}`), REFUSED)
    assert.equal(await answerTo(`${header}.${payload}.${other[2]}`), REFUSED)
    assert.equal(await answerTo(`${header}.${payload}.${signature}`), MARY)
  })

  test('that is signed with a public key as if it were a shared secret', async (t) => {
    const { answerTo, provider } = await over(t, { alg: 'RS256' })
    const keys = (await (await fetch(`${provider.issuer}/keys`)).json()) as { keys: { n: string; kid: string }[] }
    const { n, kid } = keys.keys[0]!
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const all = { ...VALID, iss: provider.issuer, aud: 'hilum', groups: ['radiology'] }
    const text = `${part({ alg: 'HS256', kid })}.${part(all)}`
    for (const secret of [n, Buffer.from(n, 'base64url'), JSON.stringify(keys.keys[0])]) {
      const signature = createHmac('sha256', secret).update(text).digest('base64url')
      assert.equal(await answerTo(`${text}.${signature}`), REFUSED)
    }
  })

  test('that is signed with a key of another provider', async (t) => {
    const { answerTo, provider } = await over(t)
    const other = await startProvider(t)
    assert.equal(await answerTo(other.token({ iss: provider.issuer })), REFUSED)
  })
})

type Answer = (response: ServerResponse) => void

describe('the keys of the provider', () => {
  test('are fetched once, for tokens at the same time too', async (t) => {
    const { answerTo, provider } = await over(t)
    const tokens = ['a', 'b', 'c'].map((sub) => provider.token({ sub }))
    await Promise.all(tokens.map((token) => answerTo(token)))
    await answerTo(provider.token({ sub: 'd' }))
    assert.deepEqual(provider.requests, ['/.well-known/openid-configuration', '/keys'])
  })

  test('are fetched again for an unknown key id, but not again and again', async (t) => {
    const { answerTo, provider } = await over(t)
    assert.equal(await answerTo(provider.token()), MARY)
    await provider.rotate()
    assert.equal(await answerTo(provider.token()), REFUSED)
    assert.equal(provider.requests.filter((path) => path === '/keys').length, 1)
    const rotating = await over(t, { limits: { oidcRefetchMs: 1 } })
    assert.equal(await rotating.answerTo(rotating.provider.token()), MARY)
    const former = await rotating.provider.token({ sub: 'john' })
    await rotating.provider.rotate()
    assert.equal(await rotating.answerTo(rotating.provider.token()), MARY)
    // The key that the provider withdrew.
    assert.equal(await rotating.answerTo(former), REFUSED)
  })

  const FAULTS: Record<string, readonly [path: string, Answer, expected: string]> = {
    'a discovery document that does not exist': [
      '/.well-known/openid-configuration',
      (response) => void response.writeHead(404).end(),
      'Authorizer Misconfiguration',
    ],
    'a discovery document of another issuer': [
      '/.well-known/openid-configuration',
      (response) =>
        void response.end(JSON.stringify({ issuer: 'https://other.example', jwks_uri: 'https://other.example/keys' })),
      'Authorizer Misconfiguration',
    ],
    'a provider that fails': [
      '/.well-known/openid-configuration',
      (response) => void response.writeHead(503).end(),
      'Authorizer Failed',
    ],
    'keys that are no key set': [
      '/keys',
      (response) => void response.end('{"keys": 1}'),
      'Authorizer Misconfiguration',
    ],
    'keys that cannot be read': ['/keys', (response) => void response.writeHead(500).end(), 'Authorizer Failed'],
    'keys without an end': [
      '/keys',
      (response) => void response.end(' '.repeat(300_000)),
      'Authorizer Misconfiguration',
    ],
    'a connection that breaks': ['/keys', (response) => void response.destroy(), 'Authorizer Failed'],
  }
  for (const [name, [path, answer, expected]] of Object.entries(FAULTS)) {
    test(`${name}: the token is refused, and the next one is decided when it works again`, async (t) => {
      const { answerTo, provider, warnings } = await over(t)
      provider.answers.set(path, answer)
      assert.equal(await answerTo(provider.token()), expected)
      assert.equal(warnings.length, 1)
      provider.answers.delete(path)
      assert.equal(await answerTo(provider.token()), MARY)
    })
  }

  test('that do not arrive in time', async (t) => {
    const { answerTo, provider } = await over(t, { limits: { authorizerTimeoutMs: 50 } })
    provider.answers.set('/keys', () => {})
    assert.equal(await answerTo(provider.token()), 'Authorizer Timeout')
  })
})
