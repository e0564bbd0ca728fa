/** A server with TLS as a process, and the commands and the SDK that connect to it. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { ListDatastoresCommand, MedicalImagingClient, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { openAuthority } from '../../fixtures/certificates.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'

const authority = openAuthority()
const TLS = { HILUM_TLS_CERT: 'tls.crt', HILUM_TLS_KEY: 'tls.key' }

function folderWith(names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-tls-'))
  removeAtExit(folder)
  writeFileSync(join(folder, 'ca.crt'), authority.cert)
  renew(folder, names)
  return folder
}

function renew(folder: string, names: readonly string[]): void {
  const { cert, key } = authority.issue(names)
  writeFileSync(join(folder, 'tls.crt'), cert)
  writeFileSync(join(folder, 'tls.key'), key, { mode: 0o600 })
}

async function serveIn(t: TestContext, cwd: string) {
  const words = ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1']
  const server = startHilumProcess(t, words, { cwd, env: TLS })
  const [, endpoint] = await server.printed(/^Hilum answers at (https:\S+) /m)
  return { server, endpoint: endpoint!, port: new URL(endpoint!).port }
}

test('commands connect with the name of the certificate, if they trust its authority', async (t) => {
  const cwd = folderWith(['localhost', 'runtime-localhost'])
  const { server, endpoint, port } = await serveIn(t, cwd)
  assert.equal(endpoint, `https://localhost:${port}`)
  await server.printed(/^AWS clients call each name .* covers localhost, runtime-localhost until 20\d\d-\d\d-\d\d\.$/m)
  const run = async (words: string, env: Record<string, string>) => {
    const command = startHilumProcess(t, [...words.split(' '), '--data', 'data', '--port', port], { cwd, env })
    return { code: await command.ended, output: command.output() }
  }
  const trusting = { ...TLS, NODE_EXTRA_CA_CERTS: 'ca.crt' }
  for (const words of ['datastores', 'principals list', 'env']) {
    const { code, output } = await run(words, trusting)
    assert.equal(code, 0, output)
  }
  assert.match(
    (await run('env', trusting)).output,
    new RegExp(`AWS_ENDPOINT_URL_MEDICAL_IMAGING='?https://localhost:${port}`),
  )
  assert.match((await run('console', trusting)).output, new RegExp(`^https://localhost:${port}/console/#open=`, 'm'))

  for (const words of ['datastores', 'console']) {
    const { code, output } = await run(words, TLS)
    assert.equal(code, 1)
    assert.match(output, /The certificate of the server at https:\S+ is not trusted \(\w+\)\. .*NODE_EXTRA_CA_CERTS/)
  }
  const plain = await run(`datastores --endpoint http://127.0.0.1:${port}`, trusting)
  assert.match(plain.output, /No server answers at http:\S+ \(ECONNRESET\)\. .*with https:\/\/ if it speaks TLS\.$/m)
  const found = async (env: Record<string, string>) =>
    JSON.parse((await run('doctor --json', env)).output).find(
      ({ subject }: { readonly subject: string }) => subject === 'certificate',
    )
  assert.deepEqual((await found(trusting)).state, 'ok')
  const untrusted = await found(TLS)
  assert.deepEqual([untrusted.state, /NODE_EXTRA_CA_CERTS/.test(untrusted.fixes[0])], ['fail', true])
})

test('metrics say when the certificate expires', async (t) => {
  const cwd = folderWith(['localhost', 'runtime-localhost'])
  const { port } = await serveIn(t, cwd)
  const to = { host: '127.0.0.1', port, path: '/metrics', headers: { host: 'localhost' } }
  const text = await new Promise<string>((resolve, reject) => {
    get({ ...to, ca: authority.cert, servername: 'localhost' }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks).toString()))
    }).on('error', reject)
  })
  const { validToDate } = new X509Certificate(readFileSync(join(cwd, 'tls.crt')))
  const line = `hilum_tls_certificate_expiry_timestamp_seconds ${validToDate.getTime() / 1000}`
  assert.ok(text.split('\n').includes(line), text)
})

test('the official SDK calls both names over TLS', async (t) => {
  const cwd = folderWith(['ahi.example', 'runtime-ahi.example'])
  const { endpoint, port } = await serveIn(t, cwd)
  assert.equal(endpoint, `https://ahi.example:${port}`)
  const names: string[] = []
  const httpsAgent = new Agent({
    ca: authority.cert,
    lookup(name, _options, callback) {
      names.push(name)
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const client = new MedicalImagingClient({
    endpoint,
    region: 'us-east-1',
    credentials,
    requestHandler: { httpsAgent },
  })
  await client.send(new ListDatastoresCommand({}))
  const search = new SearchImageSetsCommand({ datastoreId: '0'.repeat(32) })
  await assert.rejects(client.send(search), { name: 'ResourceNotFoundException' })
  client.destroy()
  assert.deepEqual(names, ['ahi.example', 'runtime-ahi.example'])
})

test('SIGHUP reads the certificate again, doctor names what it lacks, and a signal to stop still stops the server', async (t) => {
  const cwd = folderWith(['one.example', 'runtime-one.example'])
  const { server, port } = await serveIn(t, cwd)
  renew(cwd, ['two.example', 'runtime-two.example'])
  server.child.kill('SIGHUP')
  await server.printed(/using the new certificate in \S+tls\.crt/)
  const socket = connect({ host: '127.0.0.1', port: Number(port), ca: authority.cert, servername: 'two.example' })
  await new Promise<void>((resolve, reject) => socket.on('secureConnect', () => resolve()).on('error', reject))
  socket.destroy()

  renew(cwd, ['localhost'])
  server.child.kill('SIGHUP')
  await server.printed(/using the new certificate[\s\S]+using the new certificate/)
  const env = { ...TLS, NODE_EXTRA_CA_CERTS: 'ca.crt' }
  const doctor = startHilumProcess(t, ['doctor', '--data', 'data', '--port', port], { cwd, env })
  await doctor.ended
  assert.match(
    doctor.output(),
    /^warn {2}certificate {3}it covers localhost, but not runtime-localhost, which SDKs call/m,
  )
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0)
})

test('a server does not start without a usable certificate', async (t) => {
  const cwd = folderWith(['ahi.example'])
  writeFileSync(join(cwd, 'tls.key'), authority.issue(['ahi.example']).key)
  const words = ['serve', '--data', 'data', '--port', '0']
  const mismatched = startHilumProcess(t, words, { cwd, env: TLS })
  assert.equal(await mismatched.ended, 1)
  assert.match(
    mismatched.output(),
    /^hilum: The private key in \S+tls\.key is not that of the certificate in \S+tls\.crt\.$/m,
  )
  const alone = startHilumProcess(t, [...words, '--tls-cert', 'tls.crt'], { cwd })
  assert.equal(await alone.ended, 2)
  assert.match(
    alone.output(),
    /^hilum: --tls-cert is set without tls\.key \(HILUM_TLS_KEY\)\. Set both, or neither\.$/m,
  )
})
