/** Signing keys, each derived from a secret by four HMACs. They are cached: a client uses the same key all day. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Limits } from '../../limits.ts'

interface SigningScope {
  readonly accessKeyId: string
  readonly secret: string
  readonly date: string
  readonly region: string
}

export function createSigningKeys(
  service: string,
  { signingKeysKept }: Pick<Limits, 'signingKeysKept'>,
): { sign(scope: SigningScope, text: string): Buffer } {
  const kept = new Map<string, { readonly secret: string; readonly key: KeyObject }>()

  function keyOf(scope: SigningScope): KeyObject {
    const name = `${scope.accessKeyId}/${scope.date}/${scope.region}`
    const found = kept.get(name)
    if (found !== undefined && found.secret === scope.secret) return found.key
    const key = derive(scope)
    kept.delete(name)
    kept.set(name, { secret: scope.secret, key })
    for (const oldest of kept.keys()) {
      if (kept.size <= signingKeysKept) break
      kept.delete(oldest)
    }
    return key
  }

  function derive({ secret, date, region }: SigningScope): KeyObject {
    let key = Buffer.from(`AWS4${secret}`)
    for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
    // On Node 24, createHmac with raw bytes costs five times as much as with a KeyObject.
    return createSecretKey(key)
  }

  return { sign: (scope, text) => createHmac('sha256', keyOf(scope)).update(text).digest() }
}
