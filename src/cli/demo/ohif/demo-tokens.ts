/**
 * Bearer tokens of the demo: an authorizer in this process that accepts the tokens that it made itself. They allow all requests of DICOMweb
 * to data stores with its ARN, since no managed policy allows less. Its key ends with the process.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { jwtVerify, SignJWT } from 'jose'
import type { Config } from '../../../server/config.ts'

const POLICY = 'AWSHealthImagingFullAccess'

export interface DemoTokens {
  /** The `lambdaAuthorizerArn` of the demo's data store. */
  readonly authorizerArn: string
  /** Of the server that accepts the tokens. */
  readonly settings: Required<Pick<Config, 'authorizers' | 'roles'>>
  newToken(): Promise<string>
  stop(): Promise<void>
}

export async function openDemoTokens(
  config: Pick<Config, 'accountId' | 'region' | 'authorizers' | 'roles'>,
): Promise<DemoTokens> {
  const key = randomBytes(32)
  const authorizerArn = `arn:aws:lambda:${config.region}:${config.accountId}:function:hilum-demo`
  const roleArn = `arn:aws:iam::${config.accountId}:role/hilum-demo-viewer`
  const server = createServer((request, response) => {
    isOwnToken(request, key).then(
      (isTokenValid) => response.end(JSON.stringify({ isTokenValid, roleArn })),
      () => response.writeHead(400).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    authorizerArn,
    settings: {
      authorizers: { ...config.authorizers, [authorizerArn]: { endpoint } },
      roles: { ...config.roles, [roleArn]: { policies: [POLICY] } },
    },
    newToken: () =>
      new SignJWT({ sub: 'demo' })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuedAt()
        .setExpirationTime('12h')
        .sign(key),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function isOwnToken(request: IncomingMessage, key: Uint8Array): Promise<boolean> {
  const { bearerToken } = JSON.parse(await text(request)) as { bearerToken: string }
  return jwtVerify(bearerToken, key).then(
    () => true,
    () => false,
  )
}
