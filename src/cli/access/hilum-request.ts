/** Requests below /hilum/ of the commands for principals and policies, signed with the key of the command line. */
import { OperatorError } from '../../server/operator-error.ts'
import { explained, type Server } from '../client/client.ts'
import { type SignedRequest, signedFetch } from '../client/signed-fetch.ts'

interface HilumRequest {
  readonly method: SignedRequest['method']
  /** Segments below /hilum/, not yet percent-encoded. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The reply as JSON; undefined for 204. @throws OperatorError with the message of the server */
export async function hilumRequest(server: Server, { method, path, query = {}, body }: HilumRequest): Promise<unknown> {
  const target = `/hilum/${path.map(encodeURIComponent).join('/')}`
  let response: Response
  try {
    response = await signedFetch(server, { method, path: target, query, ...(body !== undefined && { body }) })
  } catch (error) {
    throw explained((error as Error).cause ?? error, server)
  }
  if (response.status === 204) return undefined
  const answer: unknown = await response.json().catch(() => ({}))
  if (response.ok) return answer
  const { message = '' } = answer as { readonly message?: string }
  throw new OperatorError(
    `The server at ${server.endpoint} refused: ${message || `its status was ${response.status}`}`.replace(/\.?$/, '.'),
  )
}
