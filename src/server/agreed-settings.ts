/** The settings on which servers of one catalog agree: those that must be the same, and those that should be. */
import { createHmac } from 'node:crypto'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import type { Limits } from '../limits.ts'
import type { LiveServer } from '../stores/catalog/server-repository.ts'
import type { AccessKey, Config } from './config.ts'
import { LIMITS_BY_MACHINE } from './limits-for.ts'
import { OperatorError } from './operator-error.ts'

/** Another value would give other answers, or keep bytes where others do not find them: such a server does not start. */
const REQUIRED: Readonly<Record<string, string>> = {
  'sealing key': 'sealing.key or HILUM_SEALING_KEY',
  'access key': 'HILUM_ACCESS_KEY_ID and HILUM_SECRET_ACCESS_KEY',
  blobs: '--blobs (HILUM_BLOBS)',
  region: '--region (HILUM_REGION)',
  'account id': '--account-id (HILUM_ACCOUNT_ID)',
  'list of databases of partitions': '--partition-catalog (HILUM_PARTITION_CATALOGS)',
}

/** By name, as text. Secrets are digests that only those with the sealing key can make. */
export function agreedSettings(
  config: Config,
  keys: { readonly credentials: AccessKey; readonly sealingKey: Uint8Array; readonly sealingKeyDigest: string },
): Record<string, string> {
  const secret = (...parts: readonly unknown[]) =>
    createHmac('sha256', keys.sealingKey).update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  const { accessKeyId, secretAccessKey } = keys.credentials
  const changed = (Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]).filter(
    (name) => !LIMITS_BY_MACHINE.has(name) && config.limits[name] !== DEFAULT_LIMITS[name],
  )
  return {
    'sealing key': keys.sealingKeyDigest,
    'access key': secret(accessKeyId, secretAccessKey),
    // A folder is that of one server.
    blobs: config.blobs?.replace(/\/$/, '') ?? `the folder ${config.dataFolder}`,
    region: config.region,
    'account id': config.accountId,
    'list of databases of partitions': (config.partitionCatalogs ?? []).map(withoutUser).join(', ') || 'none',
    partitions: `${config.partitions ?? 'default'}`,
    awsQuotas: `${config.awsQuotas}`,
    encryption: config.encryption,
    corsOrigin: config.corsOrigin.toSorted().join(' '),
    's3.endpoint': config.s3?.endpoint ?? '',
    authorizers: secret(config.authorizers),
    roles: secret(config.roles),
    ...Object.fromEntries(changed.map((name) => [`limits.${name}`, `${config.limits[name]}`])),
  }
}

/** `host:port/database`: users and ways to connect may differ. */
const withoutUser = (url: string): string => url.replace(/^\w+:\/\/([^@]*@)?/, '').replace(/\?.*$/, '')

/** @throws OperatorError if a server that lives has other values of what must be the same */
export function requireAgreement(
  own: Readonly<Record<string, string>>,
  others: readonly LiveServer[],
  { now }: { readonly now: number },
): void {
  for (const { name, settings, seenAt } of others) {
    const [differing] = Object.keys(REQUIRED).filter((setting) => own[setting] !== settings[setting])
    if (differing === undefined) continue
    const seconds = Math.max(0, Math.round((now - seenAt) / 1000))
    throw new OperatorError(
      `The server ${name} of the same catalog, which was running ${seconds} s ago, has another ${differing}${valuesOf(differing, settings)}. ` +
        `Servers of one catalog need the same ${REQUIRED[differing]}: use that of the others, or stop them first.`,
    )
  }
}

const valuesOf = (setting: string, { [setting]: value }: Readonly<Record<string, string>>): string =>
  setting.endsWith('key') || value === undefined ? '' : ` (${value})`

/** The names of settings that others have differently, though they may: a change goes from one server to the next. */
export function differingSettings(
  own: Readonly<Record<string, string>>,
  others: readonly LiveServer[],
): readonly string[] {
  const differing = others.flatMap(({ settings }) =>
    [...Object.keys(own), ...Object.keys(settings)].filter((name) => own[name] !== settings[name]),
  )
  return [...new Set(differing)].filter((name) => !(name in REQUIRED)).toSorted()
}
