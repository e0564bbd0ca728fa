/** Exchanges a one-time link for session credentials with the permissions of its requester. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Session } from '../../security/callers/sessions.ts'
import { isLocal, isProtected } from '../http/request-origin.ts'
import type { WireRequest } from '../http/wire.ts'

export async function redeemLink(
  request: WireRequest,
  app: Pick<App, 'clock' | 'callers' | 'limits' | 'consoleLinks'>,
): Promise<Session> {
  const isFromHere = isLocal(request)
  if (!isFromHere && !isProtected(request)) {
    throw accessDenied(
      'Without TLS, sign-in links work only in a browser on the machine of the server, and not through a proxy. Sign in with the access key ' +
        'instead.',
    )
  }
  const token = await readToken(request, app.limits.consoleLinkBodyBytes)
  const requester = await app.consoleLinks.redeem(token, { now: app.clock(), isLocal: isFromHere })
  // The key may have been disabled since the link was made.
  const key = requester && (await app.callers.find({ accessKeyId: requester.signInKeyId, sessionToken: undefined }))
  if (requester !== undefined && key !== undefined) {
    return sessionReply(app.callers.startSession({ ...key.caller, renewableUntil: requester.renewableUntil }))
  }
  const minutes = Math.round(app.limits.consoleLinkMs / 60_000)
  const elsewhere = isFromHere
    ? 'Run hilum console for a new one.'
    : 'One that was made on the machine of the server works only there. Run hilum console --endpoint with the address of this page for a new one.'
  throw accessDenied(
    `This sign-in link has expired or was already used. It works once, within ${minutes} minutes. ${elsewhere}`,
  )
}

/** Times are seconds since 1970, as in the API. */
export const sessionReply = ({ expiresAt, ...credentials }: Session): Session => ({
  ...credentials,
  expiresAt: expiresAt / 1000,
})

/** A browser sends application/json to another origin only after a preflight, which this route does not answer. */
async function readToken({ headers, body }: WireRequest, bodyBytes: number): Promise<string> {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) {
    throw new ContractError('ValidationException', 'Send the token as application/json: {"token": "..."}.')
  }
  const bytes = await body.read(bodyBytes)
  try {
    const { token } = JSON.parse(Buffer.from(bytes).toString()) as { readonly token?: unknown }
    if (typeof token === 'string') return token
  } catch {
    // Refused below. The message of JSON.parse would quote the token.
  }
  throw new ContractError('ValidationException', 'Send the token as JSON: {"token": "..."}.')
}

const accessDenied = (message: string) => new ContractError('AccessDeniedException', message)
