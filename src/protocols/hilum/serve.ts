/**
 * The door of what the console needs beyond the API, below /hilum/ (docs/extensions.md): one-time links. Signed like every request of
 * the API, but for the exchange of a link, which is what a browser without a key does.
 */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { createVerifier } from '../aws/sigv4.ts'
import { contractErrorOf, writeError } from '../aws/write-error.ts'
import { type Door, splitTarget, type WireReply, type WireRequest } from '../wire.ts'
import { createConsoleLinks } from './console-links.ts'

const BELOW = '/hilum/'

/** The greatest thing that may be sent to be exchanged, by far. */
const REDEEM_BYTES_MAX = 1_024

export const isOfHilum = (path: string): boolean => path.startsWith(BELOW)

type HilumApp = Pick<App, 'clock' | 'credentials' | 'limits' | 'log' | 'newId'>

export function hilumDoor(app: HilumApp, { verify }: { readonly verify: ReturnType<typeof createVerifier> }): Door {
  const links = createConsoleLinks(app.limits)

  function makeLink(request: WireRequest): WireReply {
    const now = app.clock()
    const { accessKeyId } = verify(request, now)
    const { token, expiresAt } = links.make(accessKeyId, now)
    return secret({ token, expiresAt: expiresAt / 1000 })
  }

  function redeemLink(request: WireRequest): WireReply {
    if (!isLoopback(request.remoteAddress)) {
      throw denied(
        'A link into the console works on the machine of the server only. Sign in with the access key instead.',
      )
    }
    const accessKeyId = links.redeem(tokenOf(request), app.clock())
    const secretAccessKey = accessKeyId === undefined ? undefined : app.credentials.secretOf(accessKeyId)
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const minutes = Math.round(app.limits.consoleLinkMs / 60_000)
      throw denied(`This link was used before, or is older than ${minutes} minutes. hilum console makes a new one.`)
    }
    return secret({ accessKeyId, secretAccessKey })
  }

  const ROUTES: Readonly<Record<string, (request: WireRequest) => WireReply>> = {
    'POST console-link': makeLink,
    'POST console-link/redeem': redeemLink,
  }

  return async (request) => {
    const { path } = splitTarget(request.target)
    const route = `${request.method} ${path.slice(BELOW.length)}`
    try {
      if (!Object.hasOwn(ROUTES, route)) throw new ContractError('UnknownOperationException', '')
      return { ...ROUTES[route]!(request), operation: route }
    } catch (thrown) {
      const error = contractErrorOf(thrown)
      if (error.cause instanceof Error) app.log.error({ stack: error.cause.stack }, 'a request of the console failed')
      return writeError(error)
    }
  }
}

/** What browsers send along by themselves cannot be JSON: another site's page cannot make this request without asking first. */
function tokenOf({ headers, body }: WireRequest): string {
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '')
  if (!isJson || body.length > REDEEM_BYTES_MAX) {
    throw new ContractError('ValidationException', 'A token is sent as application/json: {"token": "..."}.')
  }
  try {
    const { token } = JSON.parse(Buffer.from(body).toString()) as { readonly token?: unknown }
    if (typeof token === 'string') return token
  } catch {
    // Said below; what JSON.parse says quotes the token.
  }
  throw new ContractError('ValidationException', 'A token is sent as JSON: {"token": "..."}.')
}

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address)

const secret = (answer: object): WireReply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  body: JSON.stringify(answer),
})

const denied = (message: string) => new ContractError('AccessDeniedException', message)
