/** Signing keys, each derived from a secret by four HMACs. They are cached: a client uses the same key all day. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Limits } from '../../limits.ts'
import type { SigningScope } from './signature-claim.ts'

type Scope = Pick<SigningScope, 'accessKeyId' | 'date' | 'region'>

export function createSigningKeys(
  service: string,
  { signingKeysKept }: Pick<Limits, 'signingKeysKept'>,
): { sign(scope: Scope, secret: string, text: string): Buffer } {
  const kept = new Map<string, { readonly secret: string; readonly key: KeyObject }>()

  function keyOf(scope: Scope, secret: string): KeyObject {
    const name = `${scope.accessKeyId}/${scope.date}/${scope.region}`
    const found = kept.get(name)
    if (found !== undefined && found.secret === secret) return found.key
    const key = derive(scope, secret)
    kept.delete(name)
    kept.set(name, { secret, key })
    for (const oldest of kept.keys()) {
      if (kept.size <= signingKeysKept) break
      kept.delete(oldest)
    }
    return key
  }

  function derive({ date, region }: Scope, secret: string): KeyObject {
    let key = Buffer.from(`AWS4${secret}`)
    for (const part of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
    // On Node 24, createHmac with raw bytes costs five times as much as with a KeyObject.
    return createSecretKey(key)
  }

  return { sign: (scope, secret, text) => createHmac('sha256', keyOf(scope, secret)).update(text).digest() }
}
