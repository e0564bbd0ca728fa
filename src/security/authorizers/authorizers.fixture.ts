/** Real HTTP servers for authorizers: the service that decides tokens, and an OpenID Connect provider with its keys. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Limits } from '../../limits.ts'
import { newId } from '../../server/new-id.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import type { AuthorizerConfig, RoleConfig } from './authorizer-config.ts'
import { type Authorizers, openAuthorizers } from './authorizers.ts'

export const NAMES = { region: 'us-east-1', accountId: '123456789012' }
export const AUTHORIZER = `arn:aws:lambda:${NAMES.region}:${NAMES.accountId}:function:login`
export const NOW = 1_800_000_000_000

export async function startHttp(
  t: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

interface Provider {
  readonly issuer: string
  /** Paths that were asked for. */
  readonly requests: string[]
  /** What it answers instead, by path. */
  readonly answers: Map<string, (response: ServerResponse) => void>
  /** A token with the first key, unless another is named. */
  token(claims?: object, options?: { kid?: string; alg?: string }): Promise<string>
  /** Another key, which replaces those before. */
  rotate(alg?: string): Promise<string>
}

/** @param now of the dates of its tokens, in milliseconds */
export async function startProvider(t: TestContext, { now = NOW, alg = 'ES256' } = {}): Promise<Provider> {
  let published: JWK[] = []
  const privateKeys = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>['privateKey']>()
  const requests: string[] = []
  const answers: Provider['answers'] = new Map()
  const issuer: string = await startHttp(t, (request, response) => {
    const path = request.url!
    requests.push(path)
    const other = answers.get(path)
    if (other !== undefined) other(response)
    else if (path === '/keys') response.end(JSON.stringify({ keys: published }))
    else if (path === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` }))
    } else response.writeHead(404).end()
  })
  let current = ''
  const rotate = async (algorithm = alg) => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm)
    current = `key-${privateKeys.size}`
    privateKeys.set(current, privateKey)
    published = [{ ...(await exportJWK(publicKey)), kid: current, alg: algorithm, use: 'sig' }]
    return current
  }
  await rotate()
  return {
    ...{ issuer, requests, answers, rotate },
    token: (claims = {}, { kid = current, alg: algorithm = alg } = {}) =>
      new SignJWT({
        ...{ iss: issuer, aud: 'hilum', sub: 'mary', groups: ['radiology'] },
        ...{ iat: now / 1000 - 60, exp: now / 1000 + 3_600 },
        ...claims,
      })
        .setProtectedHeader({ alg: algorithm, kid })
        .sign(privateKeys.get(kid)!),
  }
}

/** A token that no key of the tests has signed. The endpoint of an authorizer decides about it. */
export function tokenOf(claims: object, header: object = { alg: 'HS256' }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.c2lnbmF0dXJl`
}

export const VALID = { sub: 'mary', iat: NOW / 1000 - 60, exp: NOW / 1000 + 60 }

interface Opened {
  readonly authorizers: Authorizers
  readonly datastoreId: string
  readonly warnings: string[]
  /** With the data store's id, GetDICOMInstance and NOW. */
  authenticate(token: string, other?: object): ReturnType<Authorizers['authenticate']>
  putPolicy(policyName: string, statement: object): Promise<void>
}

/** Authorizers over a catalog with one data store. */
export async function openOver(
  t: TestContext,
  config: AuthorizerConfig | undefined,
  options: {
    readonly roles?: Record<string, RoleConfig>
    readonly limits?: Partial<Limits>
    /** Of the data store. */
    readonly arn?: string | undefined
  } = {},
): Promise<Opened> {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  t.after(() => catalog.close())
  const datastoreId = newId()
  await catalog.datastores.create({
    datastore: {
      ...{ datastoreId, datastoreName: undefined, datastoreStatus: 'ACTIVE', kmsKeyArn: undefined },
      ...{ losslessStorageFormat: 'HTJ2K', createdAt: NOW, updatedAt: NOW },
      lambdaAuthorizerArn: 'arn' in options ? options.arn : AUTHORIZER,
    },
    tags: {},
    token: { clientToken: 't', fingerprint: 't', usedSince: 0 },
  })
  const warnings: string[] = []
  const authorizers = openAuthorizers({
    ...NAMES,
    authorizers: config && { [AUTHORIZER]: config },
    roles: options.roles,
    ...catalog,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    log: { warn: (fields) => warnings.push((fields as { reason: string }).reason) },
  })
  return {
    ...{ authorizers, datastoreId, warnings },
    authenticate: (token, other) =>
      authorizers.authenticate({ token, datastoreId, operation: 'GetDICOMInstance', now: NOW, ...other }),
    async putPolicy(policyName, statement) {
      const document = JSON.stringify({ Version: '2012-10-17', Statement: [statement] })
      await catalog.access.putPolicy({ policyName, document, updatedAt: NOW }, { policiesMax: 9 })
    },
  }
}
