/** Requests a one-time link into the console from the server, signed with the access key. */
import { OperatorError } from '../../server/operator-error.ts'
import { explained, type Server } from '../client/client.ts'
import { signedFetch } from '../client/signed-fetch.ts'

/** @throws OperatorError */
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
      `The server at ${endpoint} returned no link: ${answer.message || `its status was ${response.status}.`}`,
    )
  }
  // Browsers do not send the fragment, so the token is in no log.
  return { link: `${endpoint}/console/#open=${answer.token}`, expiresAt: new Date(answer.expiresAt * 1000) }
}
