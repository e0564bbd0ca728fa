/** The exchange of a one-time link for the key it was made with: the one request of this door that nobody has signed. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { WireRequest } from '../http/wire.ts'
import type { ConsoleLinks } from './console-links.ts'

/** The greatest thing that may be sent to be exchanged, by far. */
const BODY_BYTES_MAX = 1_024

export async function redeemLink(
  request: WireRequest,
  { app, links }: { readonly app: Pick<App, 'clock' | 'credentials' | 'limits'>; readonly links: ConsoleLinks },
): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
  if (!isLoopback(request.remoteAddress)) {
    throw denied(
      'Sign-in links work only in a browser on the machine of the server. Sign in with the access key instead.',
    )
  }
  const accessKeyId = links.redeem(await tokenOf(request), app.clock())
  const secretAccessKey = accessKeyId === undefined ? undefined : app.credentials.secretOf(accessKeyId)
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey }
  const minutes = Math.round(app.limits.consoleLinkMs / 60_000)
  throw denied(
    `This sign-in link has expired or was already used. It works once, within ${minutes} minutes. Run hilum console for a new one.`,
  )
}

/** What browsers send along by themselves cannot be JSON: another site's page cannot make this request without asking first. */
async function tokenOf({ headers, body }: WireRequest): Promise<string> {
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) {
    throw new ContractError('ValidationException', 'A token is sent as application/json: {"token": "..."}.')
  }
  const bytes = await body.read(BODY_BYTES_MAX)
  try {
    const { token } = JSON.parse(Buffer.from(bytes).toString()) as { readonly token?: unknown }
    if (typeof token === 'string') return token
  } catch {
    // Said below; what JSON.parse says quotes the token.
  }
  throw new ContractError('ValidationException', 'A token is sent as JSON: {"token": "..."}.')
}

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address)

const denied = (message: string) => new ContractError('AccessDeniedException', message)
