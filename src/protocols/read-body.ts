/** A request's body as bytes, as long as it stays within its limit and its client stays there. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ContractError } from '../contract/errors.ts'

const EMPTY = new Uint8Array(0)

/** The body, the error to refuse the request with, or 'broken off' where nobody is left to be told. */
export async function readBody(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  maxBytes: number,
): Promise<Uint8Array | ContractError | 'broken off'> {
  const { headers } = request
  const tooLarge = () =>
    new ContractError('RequestEntityTooLargeException', `A request body may have at most ${maxBytes} bytes.`)
  const announcedBytes = Number(headers['content-length'] ?? 0)
  if (announcedBytes > maxBytes) return tooLarge()
  if (announcedBytes === 0 && headers['transfer-encoding'] === undefined) return EMPTY
  if (headers.expect?.toLowerCase() === '100-continue') response.writeContinue()

  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    request.on('data', (chunk: Uint8Array) => {
      sizeBytes += chunk.length
      if (sizeBytes <= maxBytes) chunks.push(chunk)
      else {
        request.removeAllListeners('data')
        resolve(tooLarge())
      }
    })
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes)))
    request.on('error', () => resolve('broken off'))
    request.on('close', () => resolve('broken off'))
  })
}
