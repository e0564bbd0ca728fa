/** What is done once for a data folder before it is served: the lock, the keys that a first start creates, and the encryption of its catalog. */
import type { Log } from '../app.ts'
import type { Limits } from '../limits.ts'
import { agreedSettings } from '../server/agreed-settings.ts'
import { withAwsQuotas } from '../server/aws-quotas.ts'
import { encryptCatalog } from '../server/catalog-key.ts'
import type { AccessKey, Config } from '../server/config.ts'
import { loadCredentials } from '../server/credentials.ts'
import { findOpenFolder, lockDataFolder } from '../server/data-folder.ts'
import { openCatalog, placesOf, type StorePlaces } from '../server/open-stores.ts'
import { findOpenFiles } from '../server/private-files.ts'
import { loadSealingKey } from '../server/sealing-key.ts'
import { agreeOnKeys } from '../server/shared-keys.ts'
import { joinServers, type LiveServers, ONE_SERVER } from './live-servers.ts'
import type { StopSteps } from './stop-steps.ts'

const CATALOG_ENCRYPTED =
  'the catalog, which was plain, is encrypted now; its old bytes were overwritten, but snapshots of the file system and backups may have them'

export interface OwnedFolder {
  readonly limits: Limits
  readonly places: StorePlaces
  /** The owner's key. */
  readonly credentials: AccessKey
  readonly sealingKey: Uint8Array
  readonly servers: LiveServers
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
  const places = placesOf({ ...config, limits })
  if (config.catalog !== undefined) return { limits, places, ...(await joinOthers(config, { places, log, steps })) }
  const { accessKeyId, secretAccessKey, warning } = await loadCredentials(config.dataFolder, config.credentials)
  if (warning !== undefined) log.warn({}, warning)
  const sealing = await loadSealingKey(config.dataFolder, config.sealingKey)
  if (sealing.warning !== undefined) log.warn({}, sealing.warning)
  if (await encryptCatalog(places)) log.info({}, CATALOG_ENCRYPTED)
  const credentials = { accessKeyId, secretAccessKey }
  return { limits, places, credentials, sealingKey: sealing.key, servers: ONE_SERVER }
}

/** On PostgreSQL, other servers may share the catalog. Connections of its own, so that no request delays the sign of life. */
async function joinOthers(
  config: Config,
  { places, log, steps }: { readonly places: StorePlaces; readonly log: Log; readonly steps: StopSteps },
): Promise<Pick<OwnedFolder, 'credentials' | 'sealingKey' | 'servers'>> {
  const { limits } = places
  const few = { ...limits, catalogReadConnections: 1, catalogWriteConnections: 1 }
  const catalog = await openCatalog({ ...places, limits: few })
  steps.push(() => catalog.close())
  const { credentials, sealingKey, sealingKeyDigest, warnings, keep } = await agreeOnKeys(config, catalog.servers)
  const settings = agreedSettings({ ...config, limits }, { credentials, sealingKey, sealingKeyDigest })
  const servers = await joinServers(catalog, { settings, port: config.port, limits, log })
  steps.push(() => servers.leave())
  await keep()
  for (const warning of warnings) log.warn({}, warning)
  return { credentials, sealingKey, servers }
}
