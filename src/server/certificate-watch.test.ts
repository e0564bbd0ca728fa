/** Certificate files that are replaced while a server runs. */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openAuthority } from '../fixtures/certificates.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { type LogLine, logInto } from '../protocols/aws/handler.fixture.ts'
import { type CertificatePair, readCertificatePair } from './certificate.ts'
import { watchCertificate } from './certificate-watch.ts'

const authority = openAuthority()
type Pair = ReturnType<typeof authority.issue>
const NAMES = ['ahi.example', 'runtime-ahi.example']
const DAY_MS = 24 * 3_600_000

function folderWith(pair: Pair): { readonly folder: string; readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-certificate-'))
  removeAtExit(folder)
  const files = { folder, cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  write(files, pair)
  return files
}

function write(files: { readonly cert: string; readonly key: string }, { cert, key }: Pair): void {
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key, { mode: 0o600 })
}

async function watch(t: TestContext, files: { readonly cert: string; readonly key: string }) {
  const lines: LogLine[] = []
  const time = { now: Date.now() }
  const changes: CertificatePair[] = []
  const certificate = await watchCertificate(files, {
    // Tests call reload(), and one waits for the timer.
    limits: { certificateCheckMs: 10 },
    clock: () => time.now,
    log: logInto(lines),
    onChange: (pair) => changes.push(pair),
  })
  t.after(() => certificate.stop())
  const messages = (level: string) => lines.filter((line) => line.level === level).map(({ message }) => message)
  return { certificate, changes, messages, time }
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('another pair is used within a few seconds', async (t) => {
  const [first, second] = [authority.issue(NAMES), authority.issue(NAMES)]
  const files = folderWith(first)
  const { certificate, changes, messages } = await watch(t, files)
  assert.equal(certificate.current.context.cert.toString(), first.cert)
  write(files, second)
  await until(() => changes.length > 0)
  assert.equal(changes.at(-1)?.context.cert.toString(), second.cert)
  assert.equal(certificate.current.context.key.toString(), second.key)
  assert.match(messages('info').at(-1)!, /^using the new certificate in .*tls\.crt, which expires at 20/)
})

test('a folder behind a symbolic link can be swapped, as Kubernetes does', async (t) => {
  const [first, second] = [authority.issue(NAMES), authority.issue(NAMES)]
  const { folder } = folderWith(first)
  const files = { cert: join(folder, '..data', 'tls.crt'), key: join(folder, '..data', 'tls.key') }
  for (const [name, pair] of Object.entries({ one: first, two: second })) {
    mkdirSync(join(folder, name))
    write({ cert: join(folder, name, 'tls.crt'), key: join(folder, name, 'tls.key') }, pair)
  }
  symlinkSync('one', join(folder, '..data'))
  const { certificate } = await watch(t, files)
  symlinkSync('two', join(folder, '..next'))
  renameSync(join(folder, '..next'), join(folder, '..data'))
  await certificate.reload()
  assert.equal(certificate.current.context.cert.toString(), second.cert)
})

test('a broken pair leaves the former in use, and the log names the file', async (t) => {
  const [first, second] = [authority.issue(NAMES), authority.issue(NAMES)]
  const files = folderWith(first)
  const { certificate, changes, messages } = await watch(t, files)
  const cases: [write: () => void, message: RegExp][] = [
    [
      () => writeFileSync(files.cert, 'no certificate'),
      /^The file .*tls\.crt has no certificate in PEM\. The certificate before it/,
    ],
    [
      () => writeFileSync(files.cert, second.cert),
      /^The private key in .*tls\.key is not that of the certificate in .*tls\.crt\./,
    ],
    [() => writeFileSync(files.key, ''), /^The file .*tls\.key has no private key in PEM\./],
    [() => renameSync(files.key, `${files.key}.old`), /^The private key in .*tls\.key cannot be read \(ENOENT\)\./],
  ]
  for (const [breakIt, message] of cases) {
    breakIt()
    await certificate.reload()
    assert.match(messages('error').at(-1)!, message)
    assert.equal(certificate.current.context.cert.toString(), first.cert)
  }
  assert.deepEqual(changes, [])
  write(files, second)
  await certificate.reload()
  assert.equal(certificate.current.context.cert.toString(), second.cert)
})

test('a failure is logged when two checks find it, and once', async (t) => {
  const files = folderWith(authority.issue(NAMES))
  const { messages, certificate } = await watch(t, files)
  writeFileSync(files.cert, 'no certificate')
  await until(() => messages('error').length > 0)
  await certificate.reload()
  await certificate.reload()
  assert.equal(messages('error').length, 3, 'one of the timer, and one of each request')
})

test('an expiry within 14 days is a warning each day', async (t) => {
  const files = folderWith(authority.issue(NAMES, { days: 20 }))
  const { certificate, messages, time } = await watch(t, files)
  assert.deepEqual(messages('warn'), [])
  time.now += 7 * DAY_MS
  await certificate.reload()
  await certificate.reload()
  assert.match(messages('warn').join('\n'), /^the certificate in .*tls\.crt expires at \S+$/)
  time.now += 14 * DAY_MS
  await certificate.reload()
  assert.match(messages('warn').at(-1)!, /expired at/)
})

test('names without their runtime- names, and a key that others can read, are warnings at the start', async (t) => {
  const files = folderWith(authority.issue(['ahi.example', 'localhost', '127.0.0.1']))
  chmodSync(files.key, 0o644)
  const { messages } = await watch(t, files)
  assert.match(
    messages('warn')[0]!,
    /Other users of this machine can read the private key in .*Run: chmod o= '?\/.*tls\.key/,
  )
  assert.match(messages('warn')[1]!, /does not cover runtime-ahi\.example, which AWS clients call/)
  for (const names of [
    NAMES,
    ['*.ahi.example'],
    ['x.example', 'runtime-x.example', 'www.example'],
    ['localhost'],
    ['10.0.0.1'],
  ]) {
    assert.deepEqual((await watch(t, folderWith(authority.issue(names)))).messages('warn'), [], names.join())
  }
})

test('a start without a usable pair names the file', async () => {
  const files = folderWith(authority.issue(NAMES))
  await assert.rejects(readCertificatePair({ ...files, cert: join(files.folder, 'none') }), {
    name: 'OperatorError',
    message: /^The certificate in .*\/none cannot be read \(ENOENT\)\.$/,
  })
  await assert.rejects(readCertificatePair({ ...files, key: files.cert }), /tls\.crt has no private key in PEM/)
})

test('an encrypted key needs its passphrase', async () => {
  const pair = authority.issue(NAMES)
  const key = createPrivateKey(pair.key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'right',
  })
  const files = folderWith({ ...pair, key: key as string })
  const message = /^The private key in .*tls\.key is encrypted, and HILUM_TLS_KEY_PASSPHRASE does not decrypt it\.$/
  await assert.rejects(readCertificatePair(files), { message })
  await assert.rejects(readCertificatePair({ ...files, keyPassphrase: 'wrong' }), { message })
  assert.deepEqual((await readCertificatePair({ ...files, keyPassphrase: 'right' })).names, NAMES)
})
