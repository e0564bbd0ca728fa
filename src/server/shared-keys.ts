/**
 * The sealing key and the access key of the owner, where several servers share a catalog. The first server makes them if none are configured, and the
 * catalog keeps the access key, sealed, and a digest of the sealing key. No further server makes keys of its own: it takes the access key from the
 * catalog, for which it needs the sealing key, or refuses to start.
 */
import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeAccessKey } from '../security/callers/access-keys.ts'
import { sealFor } from '../security/callers/seal.ts'
import type { Servers, SharedKeys } from '../stores/catalog/server-repository.ts'
import type { AccessKey, Config } from './config.ts'
import { CREDENTIALS_FILE, keepCredentials, readCredentials } from './credentials.ts'
import { OperatorError } from './operator-error.ts'
import { keepSealingKey, readSealingKey, SEALING_KEY_FILE } from './sealing-key.ts'

interface AgreedKeys {
  readonly credentials: AccessKey
  readonly sealingKey: Uint8Array
  readonly sealingKeyDigest: string
  readonly warnings: readonly string[]
  /** To be called once no other server disagrees: keeps a configured access key in place of that of the catalog, or that of the catalog in the data folder. */
  readonly keep: () => Promise<void>
}

/** @throws OperatorError if this server cannot have the keys of the others */
export async function agreeOnKeys(
  {
    dataFolder,
    credentials: configured,
    sealingKey: configuredKey,
  }: Pick<Config, 'dataFolder' | 'credentials' | 'sealingKey'>,
  servers: Servers,
): Promise<AgreedKeys> {
  const foundKey = await readSealingKey(dataFolder, configuredKey)
  const found = await readCredentials(dataFolder, configured)
  const before = await servers.sharedKeys()
  if (foundKey === undefined && before !== undefined) throw new OperatorError(noSealingKey(dataFolder))
  const sealingKey = foundKey?.key ?? randomBytes(32)
  // Before the catalog knows it: a key that nobody has would lock all out.
  const isMadeHere = foundKey === undefined && (await keepSealingKey(dataFolder, sealingKey))
  const seal = sealFor('owner', sealingKey)
  const sealed = ({ accessKeyId, secretAccessKey }: AccessKey): SharedKeys => ({
    sealingKeyDigest: digestOf(sealingKey),
    accessKeyId,
    sealedSecret: seal.close(secretAccessKey, accessKeyId).toString('base64'),
  })
  const known = before ?? (await servers.keepKeys(sealed(found ?? makeAccessKey())))
  const replaces = configured !== undefined && configuredKey !== undefined

  if (known.sealingKeyDigest !== digestOf(sealingKey) && !replaces) {
    if (!isMadeHere) throw new OperatorError(otherSealingKey(dataFolder, configuredKey))
    // Another server was faster.
    await rm(join(dataFolder, SEALING_KEY_FILE))
    throw new OperatorError(noSealingKey(dataFolder))
  }
  const secretAccessKey = seal.open(Buffer.from(known.sealedSecret, 'base64'), known.accessKeyId)
  const ofCatalog = secretAccessKey === undefined ? undefined : { accessKeyId: known.accessKeyId, secretAccessKey }
  const credentials = configured ?? ofCatalog
  if (credentials === undefined) throw new OperatorError(otherSealingKey(dataFolder, configuredKey))
  if (configured === undefined && found !== undefined && !isSame(found, credentials)) {
    throw new OperatorError(
      `${join(dataFolder, CREDENTIALS_FILE)} has another access key than the servers of this catalog. Delete the file to use theirs, or set ` +
        'HILUM_ACCESS_KEY_ID and HILUM_SECRET_ACCESS_KEY on every server.',
    )
  }
  const warnings = [foundKey?.warning, found?.warning].filter((warning) => warning !== undefined)
  if (known.sealingKeyDigest !== digestOf(sealingKey)) {
    warnings.push(
      'the sealing key is another one than before: access keys of principals that were made with the former are refused. Rotate them.',
    )
  }
  return {
    ...{ credentials, sealingKey, sealingKeyDigest: digestOf(sealingKey), warnings },
    async keep() {
      if (ofCatalog === undefined || !isSame(ofCatalog, credentials)) await servers.replaceKeys(sealed(credentials))
      if (configured === undefined) await keepCredentials(dataFolder, credentials)
    },
  }
}

const digestOf = (sealingKey: Uint8Array): string =>
  createHash('sha256').update('hilum sealing key').update(sealingKey).digest('hex').slice(0, 32)

const isSame = (one: AccessKey, other: AccessKey): boolean =>
  one.accessKeyId === other.accessKeyId && one.secretAccessKey === other.secretAccessKey

const noSealingKey = (dataFolder: string): string =>
  `This catalog has a sealing key already, and this server has none. Copy ${SEALING_KEY_FILE} from the data folder of another server to ` +
  `${dataFolder}, or set HILUM_SEALING_KEY to its content on every server.`

const otherSealingKey = (dataFolder: string, configured: string | undefined): string =>
  `${configured === undefined ? join(dataFolder, SEALING_KEY_FILE) : 'HILUM_SEALING_KEY'} is another sealing key than that of this catalog. Use ` +
  'that of the other servers. If it is lost, stop all servers, set HILUM_SEALING_KEY, HILUM_ACCESS_KEY_ID and HILUM_SECRET_ACCESS_KEY on each, ' +
  'and rotate the keys of principals.'
