/**
 * Loads the configuration from flags, environment variables and the configuration file, in this order of precedence. Every error names the
 * key and the source of its value.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { z } from 'zod'
import type { Limits } from '../limits.ts'
import type { AuthorizerConfig } from '../security/authorizers/authorizer-config.ts'
import { firstMistake, type RoleSettings, readRoleSecrets } from './access-settings.ts'
import { limitsFor } from './limits-for.ts'
import { memoryOfServer } from './memory-of-server.ts'
import { nearest } from './nearest.ts'
import { OperatorError } from './operator-error.ts'
import type { Setting } from './setting.ts'
import { CONFIG_FILE, SETTINGS } from './settings.ts'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface S3Config {
  readonly endpoint?: string
  readonly region: string
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
}

/** Files in PEM, as absolute paths. */
export interface TlsConfig {
  /** The certificate of the server, then those of its chain. */
  readonly cert: string
  readonly key: string
  readonly keyPassphrase?: string
}

export interface Config {
  readonly host: readonly string[]
  readonly port: number
  /** That serve requests; if there are several, there is one for jobs and a primary beside them. */
  readonly processes: number
  /** Over which the studies of data stores that are created from now on are spread; default: by the engine of the catalog. */
  readonly partitions?: number
  /** Without it the server speaks plain HTTP. */
  readonly tls?: TlsConfig
  /** Listen without TLS beyond loopback. */
  readonly allowPlainHttp: boolean
  /** Names that clients may use in the Host header beside those of the certificate, or `*`. */
  readonly allowedHost: readonly string[]
  /** Addresses and CIDR ranges of proxies. */
  readonly trustedProxy: readonly string[]
  /** An absolute path. */
  readonly dataFolder: string
  readonly region: string
  readonly accountId: string
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** Results as JSON, for programs. */
  readonly json: boolean
  readonly awsQuotas: boolean
  /** Origins whose pages may call from a browser, or `*` or `none` alone. */
  readonly corsOrigin: readonly string[]
  /** A PostgreSQL address, which may hold a password; without it the catalog is a SQLite file in the data folder. */
  readonly catalog?: string
  /** PostgreSQL addresses of the databases that have the partitions in turn; without them they are in that of the catalog. */
  readonly partitionCatalogs?: readonly string[]
  /** PostgreSQL on another machine may be used without verified TLS. */
  readonly allowPlainPostgresql: boolean
  /** Location of blobs, `s3://bucket/prefix`; without it they are in the data folder. */
  readonly blobs?: string
  /** An S3 server with the import buckets; without it they are folders in `<dataFolder>/buckets`. */
  readonly s3?: S3Config
  /** Whether new data stores are encrypted. */
  readonly encryption: 'on' | 'none'
  /** Absolute paths; default: in the data folder. */
  readonly keyRing?: string
  readonly keyFile?: string
  /** Protects the key ring instead of the key file. */
  readonly keyPassphrase?: string
  /** A key service with customers' keys; without it they are in the key ring. */
  readonly kms?: S3Config
  /** Without it, credentials.ts creates an access key in the data folder. */
  readonly credentials?: AccessKey
  /** 64 hexadecimal digits. Without it, sealing-key.ts creates a key in the data folder. */
  readonly sealingKey?: string
  /** By the ARN of the Lambda function that data stores name. */
  readonly authorizers?: Readonly<Record<string, AuthorizerConfig>>
  /** By ARN. */
  readonly roles?: Readonly<Record<string, RoleSettings>>
  /** Files with secrets that were read: the configuration file, and those that it names. */
  readonly privateFiles?: readonly string[]
  /** Other machines may read /metrics. */
  readonly metricsPublic: boolean
  /** Files of the audit log are removed after this time. */
  readonly auditRetentionDays: number
  /** `never`, or a time such as 7d: how often the server verifies all stored bytes. */
  readonly verifyEvery: string
  readonly limits: Limits
}

/** By flag name, as node:util parseArgs returns them. */
export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>

export const FILE_IN_DATA_FOLDER = 'hilum.json'

interface Given {
  readonly value: unknown
  /** "--port", "HILUM_PORT" or "port in /etc/hilum.json". */
  readonly from: string
  /** The configuration file that it is in. */
  readonly file?: string
}

/** @throws OperatorError. `defaults` are those of a command that differs from the table. */
export function loadConfig(options: {
  flags?: Flags
  env?: Readonly<Record<string, string | undefined>>
  /** Relative paths in flags and variables start here. */
  cwd: string
  defaults?: Partial<Pick<Config, 'logLevel' | 'port' | 'processes'>>
  /** What the server may take of memory, and the cores of the machine: defaults of limits depend on both. */
  memoryBytes?: number
  cores?: number
}): Config {
  const { flags = {}, env = {}, cwd, defaults } = options
  const { memoryBytes = memoryOfServer(), cores = availableParallelism() } = options
  const given = new Map<string, Given>()
  for (const setting of SETTINGS) {
    const found = fromFlag(setting, flags) ?? fromVariable(setting, env)
    if (found !== undefined) given.set(setting.key, found)
  }

  const named = flags[CONFIG_FILE.flag] ?? (env[CONFIG_FILE.variable] || undefined)
  const folder = given.get('dataFolder')
  const inDataFolder = join(
    resolve(cwd, folder === undefined ? DEFAULT_DATA_FOLDER : String(folder.value)),
    FILE_IN_DATA_FOLDER,
  )
  const path = typeof named === 'string' ? resolve(cwd, named) : inDataFolder
  for (const [key, value] of readConfigFile(path, { mayBeAbsent: typeof named !== 'string' })) {
    if (key === 'dataFolder' && path === inDataFolder) {
      throw wrong(`dataFolder cannot be set in ${path}, which is in the data folder itself. Use --data or HILUM_DATA.`)
    }
    const absolute =
      PATHS.includes(key) && typeof value === 'string' && value !== '' ? resolve(dirname(path), value) : value
    if (!given.has(key)) given.set(key, { value: absolute, from: `${key} in ${path}`, file: path })
  }
  return assemble(given, { cwd, defaults, memoryBytes, cores })
}

/** In the configuration file they are relative to its folder. */
const PATHS = ['dataFolder', 'keyRing', 'keyFile', 'tls.cert', 'tls.key']

const DEFAULT_DATA_FOLDER = './hilum-data'

interface Surroundings {
  readonly cwd: string
  readonly defaults: object | undefined
  readonly memoryBytes: number
  readonly cores: number
}

function assemble(given: ReadonlyMap<string, Given>, at: Surroundings): Config {
  const values = new Map<string, unknown>()
  for (const setting of SETTINGS) {
    const found = given.get(setting.key)
    if (found !== undefined) values.set(setting.key, validated(setting, found))
  }
  const region = values.get('region') ?? 'us-east-1'
  const config: Record<string, unknown> = {
    host: ['127.0.0.1', '::1'],
    port: 8104,
    processes: 1,
    allowPlainHttp: false,
    allowedHost: [],
    trustedProxy: [],
    region,
    accountId: '000000000000',
    logLevel: 'info',
    json: false,
    awsQuotas: false,
    corsOrigin: ['*'],
    encryption: 'on',
    allowPlainPostgresql: false,
    metricsPublic: false,
    auditRetentionDays: 2_557,
    verifyEvery: '7d',
    ...at.defaults,
  }
  const processes = (values.get('processes') ?? config.processes) as number
  config.limits = limitsFor(at.memoryBytes, at.cores, processes)
  for (const [key, given] of values) {
    const value = PATHS.includes(key) ? resolve(at.cwd, given as string) : given
    const [outer, inner] = key.split('.') as [string, string | undefined]
    if (inner === undefined) config[outer] = value
    else config[outer] = { ...(config[outer] as object | undefined), [inner]: value }
  }
  config.dataFolder ??= resolve(at.cwd, DEFAULT_DATA_FOLDER)
  for (const group of ['credentials', 's3', 'kms']) requireTogether(group, ['accessKeyId', 'secretAccessKey'], given)
  requireTogether('tls', ['cert', 'key'], given)
  for (const group of ['s3', 'kms']) {
    if (config[group] !== undefined) config[group] = { region, ...(config[group] as object) }
  }
  if (config.partitionCatalogs !== undefined && config.catalog === undefined) {
    const { from } = given.get('partitionCatalogs')!
    throw wrong(`${from} is set without a catalog on PostgreSQL. Set --catalog (HILUM_CATALOG) too.`)
  }
  addRoleSecrets(config, given)
  return deepFreeze(config) as unknown as Config
}

/** Reads the secrets of roles from their files, and remembers which files hold secrets. */
function addRoleSecrets(config: Record<string, unknown>, given: ReadonlyMap<string, Given>): void {
  const secrets = SETTINGS.filter(({ isSecret }) => isSecret).flatMap(({ key }) => given.get(key)?.file ?? [])
  const roles = given.get('roles')
  const read = roles && readRoleSecrets(config.roles as NonNullable<Config['roles']>, dirname(roles.file!))
  if (read !== undefined) config.roles = read.roles
  const files = [...new Set([...secrets, ...(read?.files ?? [])])]
  if (files.length > 0) config.privateFiles = files
}

function fromFlag(setting: Setting, flags: Flags): Given | undefined {
  const value = setting.flag === undefined ? undefined : flags[setting.flag]
  if (value === undefined) return undefined
  const from = `--${setting.flag}`
  return { value: typeof value === 'string' ? readText(setting, value) : value, from }
}

/** An empty variable counts as unset: compose files cannot omit a variable. */
function fromVariable(setting: Setting, env: Readonly<Record<string, string | undefined>>): Given | undefined {
  const text = setting.variable === undefined ? undefined : env[setting.variable]
  return text ? { value: readText(setting, text), from: setting.variable! } : undefined
}

/** Text of the wrong kind is returned unchanged, and the schema refuses it. */
function readText(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case 'number':
      return /^\d{1,15}$/.test(text) ? Number(text) : text
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text
    case 'list':
      return text.split(',').map((item) => item.trim())
    case 'text':
    case 'document':
      return text
  }
}

function validated(setting: Setting, given: Given): unknown {
  const checked = setting.schema.safeParse(given.value)
  if (checked.success) return checked.data
  if (setting.kind === 'document' && isObject(given.value)) throw wrong(sentenceOf(checked.error, given.from))
  const instead = setting.isSecret ? '' : `, not ${JSON.stringify(given.value)}`
  throw wrong(`${given.from} must be ${setting.expects}${instead}.`)
}

/** Of the first mistake in a document. */
function sentenceOf(error: z.ZodError, from: string): string {
  const { path, message } = firstMistake(error)
  const place = path.map((part) => (typeof part === 'number' ? `item ${part + 1}` : String(part))).join(', ')
  return `${from}: ${place}: ${message}.`
}

function requireTogether(group: string, pair: readonly [string, string], given: ReadonlyMap<string, Given>): void {
  for (const [one, other] of [pair, pair.toReversed()]) {
    const present = given.get(`${group}.${one}`)
    if (present === undefined || given.has(`${group}.${other}`)) continue
    const missing = SETTINGS.find((setting) => setting.key === `${group}.${other}`)!
    throw wrong(`${present.from} is set without ${group}.${other} (${missing.variable}). Set both, or neither.`)
  }
}

/** The values of the file by dotted key. */
function readConfigFile(path: string, { mayBeAbsent }: { mayBeAbsent: boolean }): [string, unknown][] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (mayBeAbsent && (code === 'ENOENT' || code === 'ENOTDIR')) return []
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    throw wrong(`The configuration file ${path} ${why}. Check --config and HILUM_CONFIG.`, cause)
  }
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (cause) {
    throw wrong(`The configuration file ${path} is not JSON: ${(cause as Error).message}.`, cause)
  }
  if (!isObject(content))
    throw wrong(`The configuration file ${path} must hold one JSON object, such as {"port": 8104}.`)
  return Object.entries(content).flatMap(([key, value]) => leavesOf(key, value, path))
}

function leavesOf(key: string, value: unknown, path: string): [string, unknown][] {
  if (SETTINGS.some((setting) => setting.key === key)) return [[key, value]]
  if (SETTINGS.some((setting) => setting.key.startsWith(`${key}.`))) {
    if (!isObject(value)) throw wrong(`${key} in ${path} must be a JSON object.`)
    return Object.entries(value).flatMap(([inner, leaf]) => leavesOf(`${key}.${inner}`, leaf, path))
  }
  const known = nearest(
    key,
    SETTINGS.map((setting) => setting.key),
  )
  throw wrong(`${key} in ${path} is not a setting of Hilum.${known === undefined ? '' : ` Did you mean ${known}?`}`)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const wrong = (message: string, cause?: unknown) => new OperatorError(message, { exitCode: 2, cause })

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
