/** Exchanges a one-time link for the access key that it was made with. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { WireRequest } from '../http/wire.ts'
import type { ConsoleLinks } from './console-links.ts'

export async function redeemLink(
  request: WireRequest,
  { app, links }: { readonly app: Pick<App, 'clock' | 'callers' | 'limits'>; readonly links: ConsoleLinks },
): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }> {
  if (!isLoopback(request.remoteAddress)) {
    throw accessDenied(
      'Sign-in links work only in a browser on the machine of the server. Sign in with the access key instead.',
    )
  }
  const accessKeyId = links.redeem(await readToken(request, app.limits.consoleLinkBodyBytes), app.clock())
  const key = accessKeyId === undefined ? undefined : await app.callers.find({ accessKeyId, sessionToken: undefined })
  if (accessKeyId !== undefined && key !== undefined) return { accessKeyId, secretAccessKey: key.secretAccessKey }
  const minutes = Math.round(app.limits.consoleLinkMs / 60_000)
  throw accessDenied(
    `This sign-in link has expired or was already used. It works once, within ${minutes} minutes. Run hilum console for a new one.`,
  )
}

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

const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address)

const accessDenied = (message: string) => new ContractError('AccessDeniedException', message)
