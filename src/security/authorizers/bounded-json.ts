/** Requests to authorizers: one attempt, no redirect, and a bounded answer. */
import { TokenRefused } from './authorizer-error.ts'

/** The body of a response, which may be at most so long. @throws TokenRefused, or the error of the connection */
export async function boundedBody(response: Response, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    // Leaving the loop cancels the rest.
    if (bytes > bytesMax) throw new TokenRefused('misconfigured', `the answer has more than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** @throws TokenRefused for a body that is no JSON object, or the error of the connection */
export async function jsonObject(response: Response, bytesMax: number): Promise<Readonly<Record<string, unknown>>> {
  let found: unknown
  try {
    found = JSON.parse(Buffer.from(await boundedBody(response, bytesMax)).toString())
  } catch (error) {
    if (error instanceof SyntaxError) throw new TokenRefused('misconfigured', 'the answer is not JSON')
    throw error
  }
  if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Record<string, unknown>
  throw new TokenRefused('misconfigured', 'the answer is not a JSON object')
}
