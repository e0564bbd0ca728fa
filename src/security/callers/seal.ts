/**
 * Encrypts secret access keys and session tokens: AES-256-GCM with a key for each purpose, derived (HKDF) from the sealing key, which is
 * never in the catalog.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

export interface Seal {
  /** @param boundTo must be given again to open */
  close(text: string, boundTo: string): Buffer
  /** Undefined for bytes that another key sealed, that are bound to another text, or that were changed. */
  open(sealed: Uint8Array, boundTo: string): string | undefined
}

const KEY_MARK_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16

export function sealFor(purpose: 'access keys' | 'sessions' | 'owner', sealingKey: Uint8Array): Seal {
  const key = Buffer.from(hkdfSync('sha256', sealingKey, '', `hilum ${purpose}`, 32))
  // Says which key it was, so that another is noticed without a decryption.
  const mark = createHash('sha256').update(key).digest().subarray(0, KEY_MARK_BYTES)
  return {
    close(text, boundTo) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo))
      const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([mark, nonce, cipher.getAuthTag(), encrypted])
    },
    open(sealed, boundTo) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const tagAt = KEY_MARK_BYTES + NONCE_BYTES
      if (bytes.length < tagAt + TAG_BYTES || !bytes.subarray(0, KEY_MARK_BYTES).equals(mark)) return undefined
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(KEY_MARK_BYTES, tagAt))
        .setAAD(Buffer.from(boundTo))
        .setAuthTag(bytes.subarray(tagAt, tagAt + TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(bytes.subarray(tagAt + TAG_BYTES)), decipher.final()]).toString()
      } catch {
        return undefined
      }
    },
  }
}
