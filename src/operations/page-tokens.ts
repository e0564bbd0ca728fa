/**
 * Page tokens hold a position in a sorted list, which may be a patient's study date, and appear in logged URLs, so they are encrypted
 * (AES-256-GCM). The request is the additional authenticated data: a token cannot be used for another request.
 */
import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from 'node:crypto'
import type { PageTokens } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { OtherPartitions } from '../stores/catalog/search-repository.ts'

const IV_BYTES = 12
const TAG_BYTES = 16

/** @param secret 32 bytes that all servers of one catalog share */
export function openPageTokens(secret: Uint8Array): PageTokens {
  const key = createSecretKey(createHash('sha256').update('page-token').update(secret).digest())
  return {
    seal(request, position) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(JSON.stringify(request)))
      const sealed = Buffer.concat([cipher.update(JSON.stringify(position), 'utf8'), cipher.final()])
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(request, token) {
      const bytes = Buffer.from(token, 'base64url')
      if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(JSON.stringify(request)))
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
      try {
        const sealed = bytes.subarray(IV_BYTES + TAG_BYTES)
        return JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8'))
      } catch {
        // final() throws if authentication fails: a token of another catalog or another request.
        return undefined
      }
    },
  }
}

/** The position in the token of a request; undefined for the first page. @throws ContractError for an invalid token */
export function positionOfPage<Position>(
  tokens: PageTokens,
  page: { readonly request: unknown; readonly nextToken: string | undefined },
): Position | undefined {
  if (page.nextToken === undefined) return undefined
  const position = tokens.open(page.request, page.nextToken)
  if (position !== undefined) return position as Position
  throw invalidToken('The token was not issued for this request: repeat the first request unchanged, without nextToken')
}

function invalidToken(message: string, cause?: unknown): ContractError {
  return new ContractError(
    'ValidationException',
    `1 validation error detected: Value at 'nextToken' failed to satisfy constraint: ${message}`,
    { fields: [{ path: '/nextToken', message }], ...(cause !== undefined && { cause }) },
  )
}

/** Of a search that continues. @throws ContractError for a token from before the data store was restored into other partitions */
export function refuseOtherPartitions(cause: unknown): never {
  if (!(cause instanceof OtherPartitions)) throw cause
  throw invalidToken('The token is from before the data store was restored: begin again without nextToken', cause)
}

/** A page and the token of the next one. `rows` has one row more than the page if there is a next page. */
export function takePage<Row>(
  rows: readonly Row[],
  options: { readonly size: number; readonly tokenAfter: (last: Row) => string },
): { readonly rows: readonly Row[]; readonly nextToken: string | undefined } {
  if (rows.length <= options.size) return { rows, nextToken: undefined }
  const page = rows.slice(0, options.size)
  return { rows: page, nextToken: options.tokenAfter(page[options.size - 1]!) }
}
