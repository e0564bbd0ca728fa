/** The order of precedence; every error names the key and the source of its value. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { loadConfig } from './config.ts'
import { limitsFor } from './limits-for.ts'
import { OperatorError } from './operator-error.ts'
import { SETTINGS } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'hilum-config-'))
removeAtExit(folder)

function fileWith(content: unknown, name = 'config.json'): string {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

const GIB = 1024 ** 3
const load = (options: Omit<Parameters<typeof loadConfig>[0], 'cwd'> = {}) =>
  loadConfig({ cwd: folder, memoryBytes: 64 * GIB, cores: 4, ...options })

describe('where values come from', () => {
  test('without settings the defaults apply, with both loopback addresses', () => {
    const config = load()
    assert.deepEqual(config, {
      host: ['127.0.0.1', '::1'],
      port: 8104,
      processes: 1,
      allowPlainHttp: false,
      allowedHost: [],
      trustedProxy: [],
      dataFolder: join(folder, 'hilum-data'),
      region: 'us-east-1',
      accountId: '000000000000',
      logLevel: 'info',
      json: false,
      awsQuotas: false,
      corsOrigin: ['*'],
      encryption: 'on',
      metricsPublic: false,
      allowPlainPostgresql: false,
      auditRetentionDays: 2_557,
      verifyEvery: '7d',
      limits: DEFAULT_LIMITS,
    })
  })

  test('the defaults of limits depend on the memory of the server, and one that is set wins over that', () => {
    const flags = { config: fileWith({ limits: { frameThreadBytes: GIB } }, 'limits.json') }
    const { limits } = load({ flags, memoryBytes: GIB / 2 })
    assert.deepEqual(limits, { ...limitsFor(GIB / 2), frameThreadBytes: GIB })
    assert.ok(limits.inflatedBytes < DEFAULT_LIMITS.inflatedBytes)
  })

  test('a flag takes precedence over a variable, a variable over the file, the file over the default', () => {
    const config = fileWith({ port: 1, region: 'file-1', accountId: '111111111111' })
    const env = { HILUM_PORT: '2', HILUM_REGION: 'env-1' }
    const loaded = load({ flags: { config, port: '3' }, env })
    assert.deepEqual(
      [loaded.port, loaded.region, loaded.accountId, loaded.logLevel],
      [3, 'env-1', '111111111111', 'info'],
    )
  })

  test('HILUM_CONFIG names the file as --config does', () => {
    assert.equal(load({ env: { HILUM_CONFIG: fileWith({ port: 4 }) } }).port, 4)
  })

  test('a hilum.json in the data folder is read without being named', () => {
    fileWith({ port: 5 }, 'hilum.json')
    try {
      assert.equal(load({ flags: { data: folder } }).port, 5)
      assert.equal(load({ env: { HILUM_DATA: '.' } }).port, 5)
      assert.equal(load({ flags: { data: folder, config: fileWith({ port: 6 }) } }).port, 6)
    } finally {
      rmSync(join(folder, 'hilum.json'))
    }
  })

  test('an empty variable counts as unset', () => {
    assert.equal(load({ env: { HILUM_PORT: '' } }).port, 8104)
  })

  test('hosts are a repeated flag or a variable with commas', () => {
    assert.deepEqual(load({ flags: { host: ['0.0.0.0', '::'] } }).host, ['0.0.0.0', '::'])
    assert.deepEqual(load({ env: { HILUM_HOST: '10.0.0.1, ::1' } }).host, ['10.0.0.1', '::1'])
  })

  test('origins are a repeated flag or a variable with commas; * and none must be alone', () => {
    const origins = ['https://viewer.example', 'http://127.0.0.1:3000']
    assert.deepEqual(load({ flags: { 'cors-origin': origins } }).corsOrigin, origins)
    assert.deepEqual(load({ env: { HILUM_CORS_ORIGIN: origins.join(', ') } }).corsOrigin, origins)
    for (const alone of ['*', 'none']) {
      assert.deepEqual(load({ flags: { 'cors-origin': [alone] } }).corsOrigin, [alone])
      assert.throws(
        () => load({ flags: { 'cors-origin': [alone, ...origins] } }),
        /^OperatorError: --cors-origin must be/,
      )
    }
    for (const bad of ['viewer.example', 'https://a/b', 'HTTPS://A', 'https://a:443', 'file://', 'null', '']) {
      assert.throws(() => load({ flags: { 'cors-origin': [bad] } }), /^OperatorError: --cors-origin must be/, bad)
    }
  })

  test('the files of the certificate are named together, relative to the working folder or the file', () => {
    const env = { HILUM_TLS_CERT: 'a.crt', HILUM_TLS_KEY: '/b.key', HILUM_TLS_KEY_PASSPHRASE: 'secret' }
    assert.deepEqual(load({ env }).tls, { cert: join(folder, 'a.crt'), key: '/b.key', keyPassphrase: 'secret' })
    const config = fileWith({ tls: { cert: 'c.crt', key: 'd.key' } })
    assert.deepEqual(load({ flags: { config } }).tls, { cert: join(folder, 'c.crt'), key: join(folder, 'd.key') })
    assert.throws(
      () => load({ env: { HILUM_TLS_KEY: 'b.key' } }),
      /HILUM_TLS_KEY is set without tls\.cert \(HILUM_TLS_CERT\)/,
    )
    assert.throws(() => load({ flags: { 'tls-cert': ' ', 'tls-key': 'k' } }), /--tls-cert must be the path of a file/)
  })

  test('a data folder in the file is relative to the file', () => {
    assert.equal(load({ flags: { config: fileWith({ dataFolder: 'here' }) } }).dataFolder, join(folder, 'here'))
  })

  test('any limit can be set in the file, and the others keep their defaults', () => {
    const { limits } = load({ flags: { config: fileWith({ limits: { connections: 7 } }) } })
    assert.deepEqual(limits, { ...DEFAULT_LIMITS, connections: 7 })
  })

  test("S3 has the server's region by default", () => {
    const env = { HILUM_REGION: 'eu-west-1', HILUM_S3_ENDPOINT: 'http://127.0.0.1:9000' }
    assert.deepEqual(load({ env }).s3, { region: 'eu-west-1', endpoint: 'http://127.0.0.1:9000' })
    assert.equal(load({ env: { ...env, HILUM_S3_REGION: 'us-west-2' } }).s3?.region, 'us-west-2')
    assert.equal(load().s3, undefined)
  })

  test('blobs are in a bucket, with or without a prefix', () => {
    for (const blobs of ['s3://bucket', 's3://bucket/', 's3://my.bucket-1/a/b_c/d.e', 's3://bucket/a/']) {
      assert.equal(load({ flags: { blobs } }).blobs, blobs)
      assert.equal(load({ env: { HILUM_BLOBS: blobs } }).blobs, blobs)
    }
    const bad = [
      'bucket',
      's3://B',
      's3://bucket/a//b',
      's3://bucket/./a',
      's3://bucket/a/..',
      's3://bucket//',
      's3://bucket/ä',
    ]
    for (const blobs of bad)
      assert.throws(() => load({ flags: { blobs } }), /^OperatorError: --blobs must be an address/)
  })

  test("every setting takes precedence over a command's own defaults", () => {
    assert.equal(load({ defaults: { logLevel: 'warn' } }).logLevel, 'warn')
    assert.equal(load({ defaults: { logLevel: 'warn' }, env: { HILUM_LOG_LEVEL: 'debug' } }).logLevel, 'debug')
  })

  test('the configuration is deeply frozen', () => {
    const config = load()
    assert.throws(() => Object.assign(config.limits, { connections: 1 }), TypeError)
    assert.throws(() => (config.host as string[]).push('x'), TypeError)
  })
})

describe('a configuration is refused:', () => {
  const complains = (options: Parameters<typeof load>[0], sentence: RegExp | string) =>
    assert.throws(
      () => load(options),
      (error) => {
        assert.ok(error instanceof OperatorError)
        if (typeof sentence === 'string') assert.equal(error.message, sentence)
        else assert.match(error.message, sentence)
        assert.equal(error.exitCode, 2)
        return true
      },
    )

  const BAD: Record<string, unknown> = {
    host: ['a b'],
    port: 70_000,
    processes: 65,
    partitions: 257,
    partitionCatalogs: ['https://pg.example/hilum'],
    allowPlainHttp: 'yes',
    allowedHost: ['https://ahi.example'],
    trustedProxy: ['10.0.0.0/33'],
    'tls.cert': '',
    'tls.key': '',
    'tls.keyPassphrase': '',
    dataFolder: '',
    catalog: 'mysql://user:secret@host/db',
    blobs: 's3://bucket/../up',
    region: 'US East',
    accountId: '12',
    logLevel: 'loud',
    json: 'yes',
    awsQuotas: 1,
    authorizers: [],
    roles: [],
    corsOrigin: ['https://viewer.example/'],
    encryption: 'off',
    keyRing: '',
    keyFile: '',
    keyPassphrase: 'too short',
    'kms.endpoint': 'ftp://x',
    'kms.region': '',
    'kms.accessKeyId': '',
    'kms.secretAccessKey': '',
    's3.endpoint': 'ftp://x',
    's3.region': '',
    's3.accessKeyId': '',
    's3.secretAccessKey': '',
    'credentials.accessKeyId': 'short',
    'credentials.secretAccessKey': 'short',
    sealingKey: 'ab',
    metricsPublic: 'yes',
    allowPlainPostgresql: 'yes',
    auditRetentionDays: 0,
    verifyEvery: 'weekly',
  }

  for (const setting of SETTINGS) {
    const value = setting.key.startsWith('limits.') ? -1 : BAD[setting.key]
    test(`an invalid ${setting.key}, with its source, and without its value if it is a secret`, () => {
      assert.notEqual(value, undefined, 'this table must have a bad value for every setting')
      const [outer, inner] = setting.key.split('.') as [string, string?]
      const config = fileWith({ [outer]: inner === undefined ? value : { [inner]: value } })
      complains({ flags: { config } }, new RegExp(`^${setting.key.replace('.', '\\.')} in ${config} must be `))
      if (setting.flag !== undefined && setting.kind !== 'boolean') {
        const flags = { [setting.flag]: setting.kind === 'list' ? (value as string[]) : String(value) }
        complains({ flags }, new RegExp(`^--${setting.flag} must be `))
      }
      if (setting.variable !== undefined && String(value) !== '' && setting.key !== 'awsQuotas') {
        const env = { [setting.variable]: String(value) }
        complains(
          { env },
          new RegExp(
            `^${setting.variable} must be .*${setting.isSecret ? '(without spaces|characters)\\.$' : ', not '}`,
          ),
        )
      }
    })
  }

  test('a mistake in an authorizer or a role, with its place', () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:login'
    const row = { claim: 'groups', value: 'radiology', policy: 'AWSHealthImagingReadOnlyAccess' }
    const oidc = { issuer: 'https://idp.example', audience: 'hilum', policies: [row] }
    const authorizers: readonly [object, string][] = [
      [{ login: oidc }, 'login: the name must be an ARN such as arn:aws:lambda:us-east-1:000000000000:function:login'],
      [{ [arn]: 'x' }, `${arn}: must be an object`],
      [
        { [arn]: { ...oidc, issuers: 1 } },
        `${arn}: has no member 'issuers'. Members are issuer, audience, jwks, principalClaim, policies`,
      ],
      [
        { [arn]: { endpoint: 'http://login.example' } },
        `${arn}, endpoint: must be the address of the service: https://, or http:// on this machine`,
      ],
      [{ [arn]: { ...oidc, issuer: undefined } }, `${arn}, issuer: must be the address of the issuer`],
      [
        { [arn]: { ...oidc, audience: undefined } },
        `${arn}, audience, item 1: must be the audience of the tokens, or a list`,
      ],
      [
        { [arn]: { ...oidc, policies: [{ claim: 'groups', value: 'radiology', polcy: 'x' }] } },
        `${arn}, policies, item 1: has no member 'polcy'. Members are claim, value, policy`,
      ],
      [{ [arn]: { ...oidc, policies: [] } }, `${arn}, policies: must have one row or more`],
      [
        { [arn]: { ...oidc, policies: [row, { ...row, claim: 1 }] } },
        `${arn}, policies, item 2, claim: must be the name of a claim`,
      ],
    ]
    for (const [found, message] of authorizers) {
      const config = fileWith({ authorizers: found })
      complains({ flags: { config } }, `authorizers in ${config}: ${message}.`)
    }
    const config = fileWith({ authorizers: { [arn]: oidc, [`${arn}:live`]: { endpoint: 'http://127.0.0.1:9000/a' } } })
    assert.deepEqual(load({ flags: { config } }).authorizers, {
      [arn]: { ...oidc, audience: ['hilum'], principalClaim: 'sub' },
      [`${arn}:live`]: { endpoint: 'http://127.0.0.1:9000/a' },
    })
    const role = 'arn:aws:iam::000000000000:role/radiology'
    const s3 = 'must have either assumeRole, or accessKeyId with one of secretAccessKey and secretAccessKeyFile'
    const roles: readonly [object, string][] = [
      [{ radiology: {} }, 'radiology: the name must be an ARN such as arn:aws:iam::000000000000:role/radiology'],
      [{ [role]: { policies: 'one' } }, `${role}, policies: must be a list`],
      [{ [role]: { buckets: ['Scans'] } }, `${role}, buckets, item 1: must be the name of a bucket`],
      [{ [role]: { bucket: 'scans' } }, `${role}: has no member 'bucket'. Members are policies, s3, buckets`],
      [{ [role]: { s3: {} } }, `${role}, s3: ${s3}`],
      [
        { [role]: { s3: { accessKeyId: 'a', secretAccessKey: 'secret', secretAccessKeyFile: 'b' } } },
        `${role}, s3: ${s3}`,
      ],
      [{ [role]: { s3: { accessKeyId: 'a', secretAccessKey: 'secret', assumeRole: {} } } }, `${role}, s3: ${s3}`],
      [
        { [role]: { s3: { endpoint: 'minio', assumeRole: {} } } },
        `${role}, s3, endpoint: must be an http:// or https:// address`,
      ],
      [
        { [role]: { s3: { assumeRole: { roleArn: 'import' } } } },
        `${role}, s3, assumeRole, roleArn: must be the ARN of a role`,
      ],
    ]
    for (const [found, message] of roles) {
      const config = fileWith({ roles: found })
      complains({ flags: { config } }, `roles in ${config}: ${message}.`)
    }
  })

  test('a secret file of a role that does not exist or is empty', () => {
    const role = 'arn:aws:iam::000000000000:role/import'
    const withFile = (secretAccessKeyFile: string) =>
      fileWith({ roles: { [role]: { s3: { accessKeyId: 'KEY', secretAccessKeyFile } } } })
    complains(
      { flags: { config: withFile('none') } },
      /^The secretAccessKeyFile .*none of .* cannot be read \(ENOENT\)\.$/,
    )
    writeFileSync(join(folder, 'empty-secret'), '\n')
    complains({ flags: { config: withFile('empty-secret') } }, /^The secretAccessKeyFile .* is empty\.$/)
    writeFileSync(join(folder, 'role-secret'), 'secret\n')
    const config = withFile('role-secret')
    const loaded = load({ flags: { config } })
    assert.deepEqual(loaded.roles?.[role]?.s3, { accessKeyId: 'KEY', secretAccessKey: 'secret' })
    assert.deepEqual(loaded.privateFiles, [config, join(folder, 'role-secret')])
  })

  test('an access key id without its secret, and the reverse', () => {
    complains(
      { env: { HILUM_ACCESS_KEY_ID: 'A'.repeat(20) } },
      /^HILUM_ACCESS_KEY_ID is set without .*HILUM_SECRET_ACCESS_KEY/,
    )
    complains(
      { env: { HILUM_S3_SECRET_ACCESS_KEY: 's' } },
      /^HILUM_S3_SECRET_ACCESS_KEY is set without .*HILUM_S3_ACCESS_KEY_ID/,
    )
  })

  test('an unknown key, with the nearest known key', () => {
    const config = fileWith({ limits: { conections: 1 } })
    complains(
      { flags: { config } },
      /^limits\.conections in .* is not a setting of Hilum\. Did you mean limits\.connections\?$/,
    )
  })

  test('a file that does not exist, is not JSON, or is not an object', () => {
    complains({ flags: { config: 'none.json' } }, /none\.json does not exist/)
    complains({ flags: { config: fileWith('{') } }, /is not JSON/)
    complains({ flags: { config: fileWith([]) } }, /must hold one JSON object/)
    complains({ flags: { config: fileWith({ s3: 1 }) } }, /^s3 in .* must be a JSON object\.$/)
  })

  test('a data folder in the configuration file inside it', () => {
    fileWith({ dataFolder: 'elsewhere' }, 'hilum.json')
    try {
      complains({ flags: { data: folder } }, /dataFolder cannot be set in/)
    } finally {
      rmSync(join(folder, 'hilum.json'))
    }
  })
})
