/**
 * Signing keys derived from secrets (four HMACs each), kept while they are in use: a client signs with the same one all day.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'

interface SigningScope {
  readonly accessKeyId: string
  readonly secret: string
  readonly date: string
  readonly region: string
}

/** More than the access keys of one server; the oldest goes when a caller tries out regions. */
const KEPT_KEYS = 1_024

export function createSigningKeys(service: string): { sign(scope: SigningScope, text: string): Buffer } {
  const kept = new Map<string, { readonly secret: string; readonly key: KeyObject }>()

  function keyOf(scope: SigningScope): KeyObject {
    const name = `${scope.accessKeyId}/${scope.date}/${scope.region}`
    const found = kept.get(name)
    if (found !== undefined && found.secret === scope.secret) return found.key
    const key = derive(scope)
    kept.delete(name)
    kept.set(name, { secret: scope.secret, key })
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT_KEYS) break
      kept.delete(oldest)
    }
    return key
  }

  function derive({ secret, date, region }: SigningScope): KeyObject {
    let key = Buffer.from(`AWS4${secret}`)
    for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
    // createHmac with a raw key costs five times as much as with a KeyObject on Node 24.
    return createSecretKey(key)
  }

  return { sign: (scope, text) => createHmac('sha256', keyOf(scope)).update(text).digest() }
}
