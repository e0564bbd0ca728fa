/** The table of settings: flags, environment variables, keys of the configuration file and help texts. */
import { z } from 'zod'
import { DEFAULT_LIMITS } from '../limits.ts'
import { ipRange } from '../security/policies/ip-range.ts'
import { authorizersSchema, rolesSchema } from './access-settings.ts'

export interface Setting {
  /** The key in the configuration file; a dot separates nested keys. */
  readonly key: string
  /** Secrets have no flag: every user of a machine can read its command lines. */
  readonly flag?: string
  readonly variable?: string
  /** How text is parsed. A list is a repeated flag, or a variable with commas. A document is JSON: its schema says what is wrong in it. */
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'document'
  readonly schema: z.ZodType
  /** Completes "must be ...". */
  readonly expects: string
  /** Names the value in the help text. */
  readonly placeholder?: string
  readonly help: string
  readonly isSecret?: true
}

const notEmpty = z.string().trim().min(1)
/** Accepts what the PostgreSQL client accepts: the host may be empty after a user, if `?host=` names a socket. */
const isReadableAddress = (url: string): boolean => URL.canParse(url) || URL.canParse(url.replace('@/', '@localhost/'))
const httpUrl = z.url({ protocol: /^https?$/ })
/** As browsers send it: scheme, lower-case host, and the port unless it is the default. */
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
    key: 'tls.cert',
    flag: 'tls-cert',
    variable: 'HILUM_TLS_CERT',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a file',
    placeholder: '<file>',
    help: 'certificate of the server and its chain (PEM): listen with TLS',
  },
  {
    key: 'tls.key',
    flag: 'tls-key',
    variable: 'HILUM_TLS_KEY',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a file',
    placeholder: '<file>',
    help: 'private key of the certificate (PEM)',
  },
  {
    key: 'tls.keyPassphrase',
    variable: 'HILUM_TLS_KEY_PASSPHRASE',
    kind: 'text',
    schema: z.string().min(1),
    expects: 'a passphrase',
    help: 'passphrase of the private key, if it is encrypted',
    isSecret: true,
  },
  {
    key: 'allowPlainHttp',
    flag: 'allow-plain-http',
    variable: 'HILUM_ALLOW_PLAIN_HTTP',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: 'listen without TLS on addresses that other machines can reach',
  },
  {
    key: 'trustedProxy',
    flag: 'trusted-proxy',
    variable: 'HILUM_TRUSTED_PROXY',
    kind: 'list',
    schema: z.array(z.string().refine((text) => ipRange(text) !== undefined)).min(1),
    expects: 'addresses or ranges such as 10.0.0.5 or 10.0.0.0/24',
    placeholder: '<address>',
    help: "proxy whose X-Forwarded-For is the client's address, repeatable; default: none",
  },
  {
    key: 'allowedHost',
    flag: 'allowed-host',
    variable: 'HILUM_ALLOWED_HOST',
    kind: 'list',
    schema: z.array(z.string().regex(/^(\*|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)$/i)).min(1),
    expects: '* or one or more names such as ahi.example (no port, no scheme)',
    placeholder: '<name>',
    help: 'name that clients call the server by, repeatable, or * for any; default: those of the certificate, localhost, addresses',
  },
  {
    key: 'dataFolder',
    flag: 'data',
    variable: 'HILUM_DATA',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a folder',
    placeholder: '<folder>',
    help: 'data folder; default: ./hilum-data',
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
      'an address such as postgres://user@host/database, with special characters as %23 (for #) and without spaces',
    placeholder: '<url>',
    help: 'PostgreSQL database of the catalog, with its password in PGPASSWORD; default: SQLite in the data folder',
    // It may hold a password.
    isSecret: true,
  },
  {
    key: 'allowPlainPostgresql',
    flag: 'allow-plain-postgresql',
    variable: 'HILUM_ALLOW_PLAIN_POSTGRESQL',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: 'connect to PostgreSQL on another machine without verified TLS',
  },
  {
    key: 'blobs',
    flag: 'blobs',
    variable: 'HILUM_BLOBS',
    kind: 'text',
    // A prefix of characters that S3 calls safe, without empty segments, `.` and `..`.
    schema: z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/(?!\.{1,2}(\/|$))[\w!.*'()-]+)*\/?$/),
    expects: 'an address such as s3://bucket or s3://bucket/prefix',
    placeholder: '<s3 url>',
    help: 'S3 bucket and prefix of the stored bytes; default: the data folder',
  },
  {
    key: 'region',
    flag: 'region',
    variable: 'HILUM_REGION',
    kind: 'text',
    schema: z.string().regex(/^[a-z0-9-]{1,63}$/),
    expects: 'lower-case letters, digits and hyphens, such as us-east-1',
    placeholder: '<region>',
    help: 'AWS region in ARNs; default: us-east-1',
  },
  {
    key: 'accountId',
    flag: 'account-id',
    variable: 'HILUM_ACCOUNT_ID',
    kind: 'text',
    schema: z.string().regex(/^\d{12}$/),
    expects: 'twelve digits in quotes',
    placeholder: '<digits>',
    help: 'AWS account in ARNs; default: 000000000000',
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
    help: 'print results as JSON',
  },
  {
    key: 'awsQuotas',
    flag: 'aws-quotas',
    variable: 'HILUM_AWS_QUOTAS',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: 'apply the quotas and throttles of AWS',
  },
  {
    key: 'corsOrigin',
    flag: 'cors-origin',
    variable: 'HILUM_CORS_ORIGIN',
    kind: 'list',
    schema: z.union([z.tuple([z.enum(['*', 'none'])]), z.array(z.string().refine(isOrigin)).min(1)]),
    expects: '*, none, or one or more origins such as https://viewer.example (no path, no slash at the end)',
    placeholder: '<origin>',
    help: 'origin whose pages may call from a browser, repeatable; default: *',
  },
  {
    key: 's3.endpoint',
    flag: 's3-endpoint',
    variable: 'HILUM_S3_ENDPOINT',
    kind: 'text',
    schema: httpUrl,
    expects: 'an http:// or https:// address',
    placeholder: '<url>',
    help: 'S3 server of import buckets and --blobs; default: the data folder',
  },
  {
    key: 's3.region',
    flag: 's3-region',
    variable: 'HILUM_S3_REGION',
    kind: 'text',
    schema: z.string().regex(/^[a-z0-9-]{1,63}$/),
    expects: 'lower-case letters, digits and hyphens, such as us-east-1',
    placeholder: '<region>',
    help: 'region of that S3 server; default: --region',
  },
  {
    key: 's3.accessKeyId',
    variable: 'HILUM_S3_ACCESS_KEY_ID',
    kind: 'text',
    schema: notEmpty,
    expects: 'an access key id',
    help: 'access key for S3; default: that of the AWS SDK',
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
    help: 'access key of clients; default: credentials.json in the data folder',
  },
  {
    key: 'credentials.secretAccessKey',
    variable: 'HILUM_SECRET_ACCESS_KEY',
    kind: 'text',
    schema: z.string().regex(/^[!-~]{16,128}$/),
    expects: '16 to 128 printable characters without spaces',
    help: 'its secret',
    isSecret: true,
  },
  {
    key: 'sealingKey',
    variable: 'HILUM_SEALING_KEY',
    kind: 'text',
    schema: z.string().regex(/^[0-9a-f]{64}$/),
    expects: '64 hexadecimal digits without spaces',
    help: 'encrypts the access keys of principals; default: sealing.key in the data folder',
    isSecret: true,
  },
  {
    key: 'encryption',
    flag: 'encryption',
    variable: 'HILUM_ENCRYPTION',
    kind: 'text',
    schema: z.enum(['on', 'none']),
    expects: 'on or none',
    placeholder: '<on|none>',
    help: 'encrypt the stored bytes of new data stores; default: on',
  },
  {
    key: 'keyRing',
    flag: 'key-ring',
    variable: 'HILUM_KEY_RING',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a file',
    placeholder: '<file>',
    help: 'key ring; default: keys/ring.json in the data folder',
  },
  {
    key: 'keyFile',
    flag: 'key-file',
    variable: 'HILUM_KEY_FILE',
    kind: 'text',
    schema: notEmpty,
    expects: 'the path of a file',
    placeholder: '<file>',
    help: 'key file that protects the key ring; default: keys/ring.key in the data folder',
  },
  {
    key: 'keyPassphrase',
    variable: 'HILUM_KEY_PASSPHRASE',
    kind: 'text',
    schema: z.string().min(12),
    expects: 'a passphrase of at least 12 characters',
    help: 'passphrase that protects the key ring, instead of a key file',
    isSecret: true,
  },
  {
    key: 'kms.endpoint',
    flag: 'kms-endpoint',
    variable: 'HILUM_KMS_ENDPOINT',
    kind: 'text',
    schema: httpUrl,
    expects: 'an http:// or https:// address',
    placeholder: '<url>',
    help: "key service of customers' keys; default: AWS KMS if --kms-region is set, else the key ring",
  },
  {
    key: 'kms.region',
    flag: 'kms-region',
    variable: 'HILUM_KMS_REGION',
    kind: 'text',
    schema: z.string().regex(/^[a-z0-9-]{1,63}$/),
    expects: 'lower-case letters, digits and hyphens, such as us-east-1',
    placeholder: '<region>',
    help: 'region of that key service; default: --region',
  },
  {
    key: 'kms.accessKeyId',
    variable: 'HILUM_KMS_ACCESS_KEY_ID',
    kind: 'text',
    schema: notEmpty,
    expects: 'an access key id',
    help: 'access key for the key service; default: that of the AWS SDK',
  },
  {
    key: 'kms.secretAccessKey',
    variable: 'HILUM_KMS_SECRET_ACCESS_KEY',
    kind: 'text',
    schema: notEmpty,
    expects: 'a secret access key',
    help: 'its secret',
    isSecret: true,
  },
  {
    key: 'auditRetentionDays',
    flag: 'audit-retention-days',
    variable: 'HILUM_AUDIT_RETENTION_DAYS',
    kind: 'number',
    schema: z.int().min(1).max(36_500),
    expects: 'a whole number of days from 1 to 36500',
    placeholder: '<days>',
    help: 'files of the audit log are removed after this time; default: 2557 (seven years)',
  },
  {
    key: 'metricsPublic',
    flag: 'metrics-public',
    variable: 'HILUM_METRICS_PUBLIC',
    kind: 'boolean',
    schema: z.boolean(),
    expects: 'true or false',
    help: 'serve /metrics to other machines too',
  },
  // The following are set in the configuration file only.
  {
    key: 'authorizers',
    kind: 'document',
    schema: authorizersSchema,
    expects: 'an object with an authorizer for each ARN of a Lambda function',
    help: 'see docs/operating/access.md',
  },
  {
    key: 'roles',
    kind: 'document',
    schema: rolesSchema,
    expects: 'an object with a role for each ARN',
    help: 'see docs/operating/access.md',
    isSecret: true,
  },
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

/** The location of the configuration file, which cannot be one of its keys. */
export const CONFIG_FILE = {
  flag: 'config',
  variable: 'HILUM_CONFIG',
  placeholder: '<file>',
  help: 'configuration file (JSON); default: hilum.json in the data folder',
} as const
