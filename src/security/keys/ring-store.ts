/**
 * Reads and writes the file of a key ring. A change is written to another file, synced and renamed; processes that change the file take
 * turns by a lock file. A reader sees the latest file: each read compares its identity with that of the cached content.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { createExclusively, replaceDurably } from '../private-file.ts'
import {
  decodeRing,
  encodeRing,
  newProtection,
  type Protection,
  protectionOf,
  type Ring,
  RingKeys,
  type RingSecret,
  UnreadableRing,
} from './ring-file.ts'

export interface RingPlace {
  /** The path of the key ring. */
  readonly ringFile: string
  /** The path of its key file; not used if there is a passphrase. */
  readonly keyFile: string
  readonly passphrase: string | undefined
}

const KEY_FILE_BYTES = 32
/** A change takes milliseconds. An older lock file was left by a crash. */
const LOCK_MS = 10_000
const LOCK_RETRY_MS = 20

export class RingStore {
  readonly #place: RingPlace
  #cached: { readonly identity: string; readonly ring: Ring; readonly keys: RingKeys } | undefined

  constructor(place: RingPlace) {
    this.#place = place
  }

  /** @throws UnreadableRing, StoreUnavailable */
  async read(): Promise<{ readonly ring: Ring; readonly keys: RingKeys }> {
    const { ringFile } = this.#place
    try {
      const { dev, ino, size, mtimeNs } = await stat(ringFile, { bigint: true })
      const identity = [dev, ino, size, mtimeNs].join(' ')
      if (this.#cached?.identity === identity) return this.#cached
      const text = await readFile(ringFile, 'utf8')
      const keys = await this.#keysFor(text)
      this.#cached = { identity, ring: decodeRing(text, keys), keys }
      return this.#cached
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  async #keysFor(text: string): Promise<RingKeys> {
    const protection = protectionOf(text)
    const known = this.#cached?.keys
    if (known !== undefined && JSON.stringify(known.protection) === JSON.stringify(protection)) return known
    this.#requireKind(protection)
    return RingKeys.derive(await this.#secret(), protection)
  }

  #requireKind({ kind }: Protection): void {
    const hasPassphrase = this.#place.passphrase !== undefined
    if (hasPassphrase === (kind === 'passphrase')) return
    throw new UnreadableRing(
      `the key ring is protected by ${hasPassphrase ? 'a key file, not by a passphrase' : 'a passphrase (HILUM_KEY_PASSPHRASE)'}`,
    )
  }

  async #secret(): Promise<RingSecret> {
    const { passphrase, keyFile } = this.#place
    if (passphrase !== undefined) return Buffer.from(passphrase.normalize('NFC'))
    const bytes = Buffer.from((await readFile(keyFile, 'utf8')).trim(), 'base64')
    if (bytes.length !== KEY_FILE_BYTES) throw new UnreadableRing('its key file must hold 32 bytes in base64')
    return bytes
  }

  /** Creates the ring, and its key file if it needs one, unless there is a ring. */
  async createIfMissing(keysOf: (keys: RingKeys) => Ring['keys']): Promise<void> {
    const { ringFile, keyFile, passphrase } = this.#place
    try {
      if (await exists(ringFile)) return
      await mkdir(dirname(ringFile), { recursive: true, mode: 0o700 })
      await this.#locked(async () => {
        if (await exists(ringFile)) return
        if (passphrase === undefined && !(await exists(keyFile))) {
          await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 })
          await createExclusively(keyFile, `${randomBytes(KEY_FILE_BYTES).toString('base64')}\n`)
        }
        const keys = await RingKeys.derive(
          await this.#secret(),
          newProtection(passphrase === undefined ? 'key-file' : 'passphrase'),
        )
        await createExclusively(ringFile, encodeRing({ generation: 1, keys: keysOf(keys) }, keys))
      })
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  /** @throws what `changed` throws; then nothing is written */
  async change(changed: (ring: Ring, keys: RingKeys) => Ring['keys']): Promise<void> {
    try {
      await this.#locked(async () => {
        const { ring, keys } = await this.read()
        const next = { generation: ring.generation + 1, keys: changed(ring, keys) }
        await replaceDurably(this.#place.ringFile, encodeRing(next, keys))
      })
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  async #locked(work: () => Promise<void>): Promise<void> {
    const lock = `${this.#place.ringFile}.lock`
    for (;;) {
      try {
        await (await open(lock, 'wx', 0o600)).close()
        break
      } catch (error) {
        if (codeOf(error) !== 'EEXIST') throw error
      }
      const lockedAt = await stat(lock).then(
        ({ mtimeMs }) => mtimeMs,
        () => Date.now(),
      )
      if (Date.now() - lockedAt > LOCK_MS) await rm(lock, { force: true })
      else await setTimeout(LOCK_RETRY_MS)
    }
    try {
      await work()
    } finally {
      await rm(lock, { force: true })
    }
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

function asUnavailable(error: unknown): unknown {
  const code = codeOf(error)
  if (!(error instanceof Error) || typeof code !== 'string' || !/^E[A-Z]+$/.test(code)) return error
  const reason = code === 'ENOSPC' ? 'full' : ['EACCES', 'EPERM'].includes(code) ? 'access' : 'away'
  return new StoreUnavailable({ store: 'the key ring', reason, code }, { cause: error })
}
