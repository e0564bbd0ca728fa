/**
 * Asks the service of an authorizer, which receives and returns what the Lambda function does on AWS (developer guide, "Configure a Lambda
 * authorizer for OIDC authentication"): `{datastoreId, operation, bearerToken}`, and `{isTokenValid, roleArn}`.
 */
import type { Limits } from '../../limits.ts'
import { TokenRefused } from './authorizer-error.ts'
import { jsonObject } from './bounded-json.ts'

interface Question {
  readonly datastoreId: string
  /** `GetDICOMInstance` */
  readonly operation: string
  readonly bearerToken: string
}

/** The ARN of the role whose policies decide. @throws TokenRefused, or the error of the connection */
export async function askEndpoint(
  endpoint: string,
  question: Question,
  { limits, signal }: { readonly limits: Pick<Limits, 'authorizerAnswerBytes'>; readonly signal: AbortSignal },
): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(question),
    // The token is for this address only.
    redirect: 'manual',
    signal,
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    const isMissing = [404, 405, 410].includes(response.status) || response.status < 400
    throw new TokenRefused(isMissing ? 'misconfigured' : 'failed', `the endpoint answered with ${response.status}`)
  }
  const { isTokenValid, roleArn } = await jsonObject(response, limits.authorizerAnswerBytes)
  if (isTokenValid === false) throw new TokenRefused('invalid token', 'the endpoint did not accept the token')
  if (isTokenValid !== true || typeof roleArn !== 'string') {
    throw new TokenRefused('misconfigured', 'the answer must have isTokenValid (true or false) and roleArn (text)')
  }
  if (roleArn === '') throw new TokenRefused('denied', 'the endpoint returned no role')
  return roleArn
}
