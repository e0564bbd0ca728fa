/** A one-time link into the console, asked of the server with a signature: whoever has the access key may make one. */
import { OperatorError } from '../../server/operator-error.ts'
import { explained, type Server } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'

/** Throws OperatorError. */
export async function makeConsoleLink(server: Server): Promise<{ readonly link: string; readonly expiresAt: Date }> {
  const { endpoint } = server
  let response: Response
  try {
    response = await signedFetch(server, { method: 'POST', path: '/hilum/console-link' })
  } catch (error) {
    throw explained((error as Error).cause ?? error, server)
  }
  const answer = (await response.json().catch(() => ({}))) as { token?: string; expiresAt?: number; message?: string }
  if (answer.token === undefined || answer.expiresAt === undefined) {
    throw new OperatorError(
      `The server at ${endpoint} gave no link: ${answer.message || `it answered ${response.status}.`}`,
    )
  }
  // Behind the #, which no browser sends: it is in no log.
  return { link: `${endpoint}/console/#open=${answer.token}`, expiresAt: new Date(answer.expiresAt * 1000) }
}
