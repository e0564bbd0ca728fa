/** What is done once for a data folder before it is served: the lock, the keys that a first start creates, and the encryption of its catalog. */
import type { Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import { withAwsQuotas } from '../server/aws-quotas.ts'
import { encryptCatalog } from '../server/catalog-key.ts'
import type { AccessKey, Config } from '../server/config.ts'
import { loadCredentials } from '../server/credentials.ts'
import { findOpenFolder, lockDataFolder } from '../server/data-folder.ts'
import { placesOf, type StorePlaces } from '../server/open-stores.ts'
import { findOpenFiles } from '../server/private-files.ts'
import { loadSealingKey } from '../server/sealing-key.ts'
import type { StopSteps } from './stop-steps.ts'

const CATALOG_ENCRYPTED =
  'the catalog, which was plain, is encrypted now; its old bytes were overwritten, but snapshots of the file system and backups may have them'

export interface OwnedFolder {
  readonly limits: Limits
  readonly places: StorePlaces
  /** The owner's key. */
  readonly credentials: AccessKey
  readonly sealingKey: Uint8Array
}

export async function ownDataFolder(
  config: Config,
  { log, steps }: { readonly log: Log; readonly steps: StopSteps },
): Promise<OwnedFolder> {
  const limits = config.awsQuotas ? withAwsQuotas(config.limits) : config.limits
  const lock = await lockDataFolder(config.dataFolder)
  steps.push(() => lock.release())
  const open = await findOpenFolder(config.dataFolder)
  if (open !== undefined) log.warn({}, `the data folder ${open.detail}. Run: ${open.fix}`)
  for (const { path, fix } of await findOpenFiles(config.privateFiles ?? [])) {
    log.warn({}, `other users of this machine can read the secrets in ${path}. Run: ${fix}`)
  }
  const { accessKeyId, secretAccessKey, warning } = await loadCredentials(config.dataFolder, config.credentials)
  if (warning !== undefined) log.warn({}, warning)
  const sealing = await loadSealingKey(config.dataFolder, config.sealingKey)
  if (sealing.warning !== undefined) log.warn({}, sealing.warning)
  const places = placesOf({ ...config, limits })
  if (config.catalog === undefined && (await encryptCatalog(places))) log.info({}, CATALOG_ENCRYPTED)
  return { limits, places, credentials: { accessKeyId, secretAccessKey }, sealingKey: sealing.key }
}
