/**
 * Every setting of Hilum in one table: from it come the flags, the environment variables, the keys of the configuration file, the
 * `--help` text and the documentation.
 */
import { z } from 'zod'
import { DEFAULT_LIMITS } from '../limits.ts'

export interface Setting {
  /** The key in the configuration file; a dot leads into an object. */
  readonly key: string
  /** Secrets have none: every user of a machine can read a command line. */
  readonly flag?: string
  readonly variable?: string
  /** How a flag's or variable's text is read. A list is a repeated flag, or commas in a variable. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list'
  readonly schema: z.ZodType
  /** Completes "must be ...". */
  readonly expects: string
  /** The word for the value in the help text. */
  readonly placeholder?: string
  readonly help: string
  readonly isSecret?: true
}

const notEmpty = z.string().trim().min(1)
/** As the PostgreSQL client reads it: with a user, the host may be empty where `?host=` names a socket. */
const isReadableAddress = (url: string): boolean => URL.canParse(url) || URL.canParse(url.replace('@/', '@localhost/'))
const httpUrl = z.url({ protocol: /^https?$/ })
/** As browsers spell it: scheme, host in lower case, and a port that is not the usual one. */
const isOrigin = (text: string): boolean => /^https?:/.test(text) && URL.parse(text)?.origin === text

export const SETTINGS: readonly Setting[] = [
  {
    key: 'host',
    flag: 'host',
    variable: 'HILUM_HOST',
    kind: 'list',
    schema: z.array(notEmpty.regex(/^[0-9A-Za-z.:-]+$/)).min(1),
    expects: 'one or more addresses to listen on, such as 127.0.0.1 or ::1 (a port goes into --port)',
    placeholder: '<address>',
    help: 'address to listen on, repeatable; default: 127.0.0.1 and ::1',
  },
  {
    key: 'port',
    flag: 'port',
    variable: 'HILUM_PORT',
    kind: 'number',
    schema: z.int().min(0).max(65_535),
    expects: 'a whole number from 0 to 65535 (0 takes any free port)',
    placeholder: '<number>',
    help: 'port to listen on; default: 8104',
  },
  {
    key: 'dataFolder',
    flag: 'data',
    variable: 'HILUM_DATA',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a folder',
    placeholder: '<folder>',
    help: 'where everything is kept; default: ./hilum-data',
  },
  {
    key: 'catalog',
    flag: 'catalog',
    variable: 'HILUM_CATALOG',
    kind: 'text',
    schema: z
      .string()
      .regex(/^postgres(ql)?:\/\/\S+$/)
      .refine(isReadableAddress),
    expects:
      'an address such as postgres://user@host/database, special characters as %23 or the like, without partitions',
    placeholder: '<url>',
    help: 'PostgreSQL database for all but the bytes, its password in PGPASSWORD; default: a file here',
    // It may hold a password, which belongs into the variable, PGPASSWORD or ~/.pgpass.
    isSecret: true,
  },
  {
    key: 'blobs',
    flag: 'blobs',
    variable: 'HILUM_BLOBS',
    kind: 'text',
    // Characters of a prefix that S3 calls safe, no part of which is empty or leads up.
    schema: z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/(?!\.{1,2}(\/|$))[\w!.*'()-]+)*\/?$/),
    expects: 'an address such as s3://bucket or s3://bucket/prefix',
    placeholder: '<s3 url>',
    help: 'S3 bucket and prefix for the bytes of instances; default: a folder here',
  },
  {
    key: 'region',
    flag: 'region',
    variable: 'HILUM_REGION',
    kind: 'text',
    schema: z.string().regex(/^[a-z0-9-]{1,63}$/),
    expects: 'lower-case letters, digits and hyphens, such as us-east-1',
    placeholder: '<region>',
    help: 'AWS region in the names of data stores; default: us-east-1',
  },
  {
    key: 'accountId',
    flag: 'account-id',
    variable: 'HILUM_ACCOUNT_ID',
    kind: 'text',
    schema: z.string().regex(/^\d{12}$/),
    expects: 'twelve digits in quotes',
    placeholder: '<digits>',
    help: 'AWS account in the names of data stores; default: 000000000000',
  },
  {
    key: 'logLevel',
    flag: 'log-level',
    variable: 'HILUM_LOG_LEVEL',
    kind: 'text',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
    expects: 'debug, info, warn or error',
    placeholder: '<level>',
    help: 'debug, info, warn or error; default: info',
  },
  {
    key: 'json',
    flag: 'json',
    variable: 'HILUM_JSON',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: 'results as JSON on standard output',
  },
  {
    key: 'awsQuotas',
    flag: 'aws-quotas',
    variable: 'HILUM_AWS_QUOTAS',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: "apply the real service's quotas and throttles",
  },
  {
    key: 'corsOrigin',
    flag: 'cors-origin',
    variable: 'HILUM_CORS_ORIGIN',
    kind: 'list',
    schema: z.union([z.tuple([z.enum(['*', 'none'])]), z.array(z.string().refine(isOrigin)).min(1)]),
    expects: '*, none, or one or more origins such as https://viewer.example (no path, no slash at the end)',
    placeholder: '<origin>',
    help: 'whose pages may call from a browser, repeatable; default: *',
  },
  {
    key: 's3.endpoint',
    flag: 's3-endpoint',
    variable: 'HILUM_S3_ENDPOINT',
    kind: 'text',
    schema: httpUrl,
    expects: 'an http:// or https:// address',
    placeholder: '<url>',
    help: 'S3 server with the import buckets and --blobs; default: folders here',
  },
  {
    key: 's3.region',
    flag: 's3-region',
    variable: 'HILUM_S3_REGION',
    kind: 'text',
    schema: z.string().regex(/^[a-z0-9-]{1,63}$/),
    expects: 'lower-case letters, digits and hyphens, such as us-east-1',
    placeholder: '<region>',
    help: 'region of S3, for import buckets and --blobs there',
  },
  {
    key: 's3.accessKeyId',
    variable: 'HILUM_S3_ACCESS_KEY_ID',
    kind: 'text',
    schema: notEmpty,
    expects: 'an access key id',
    help: 'access key for S3; default: where the AWS SDK looks',
  },
  {
    key: 's3.secretAccessKey',
    variable: 'HILUM_S3_SECRET_ACCESS_KEY',
    kind: 'text',
    schema: notEmpty,
    expects: 'a secret access key',
    help: 'its secret',
    isSecret: true,
  },
  {
    key: 'credentials.accessKeyId',
    variable: 'HILUM_ACCESS_KEY_ID',
    kind: 'text',
    schema: z.string().regex(/^\w{16,128}$/),
    expects: '16 to 128 letters, digits and underscores',
    help: "clients' access key; default: the data folder's credentials.json",
  },
  {
    key: 'credentials.secretAccessKey',
    variable: 'HILUM_SECRET_ACCESS_KEY',
    kind: 'text',
    schema: z.string().regex(/^[!-~]{16,128}$/),
    expects: '16 to 128 printable characters without partitions',
    help: 'its secret',
    isSecret: true,
  },
  // Limits are keys of the file and nothing else: they are many, and seldom turned.
  ...Object.keys(DEFAULT_LIMITS).map(
    (name): Setting => ({
      key: `limits.${name}`,
      kind: 'number',
      schema: z.int().min(1),
      expects: 'a whole number of at least 1',
      help: 'see src/limits.ts',
    }),
  ),
]

/** Where the configuration file lies cannot be one of its keys. */
export const CONFIG_FILE = {
  flag: 'config',
  variable: 'HILUM_CONFIG',
  placeholder: '<file>',
  help: 'configuration file (JSON); default: hilum.json in the data folder',
} as const
