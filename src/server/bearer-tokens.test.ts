/** A server whose configuration file names an authorizer: bearer tokens from end to end, and what its files say about them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand, MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { startServer } from '../main.ts'
import { bodyOf, startHttp, startProvider, tokenOf } from '../security/authorizers/authorizers.fixture.ts'
import { loadConfig } from './config.ts'
import { openLog } from './log.ts'

type Line = Readonly<Record<string, unknown>>

const ROLE = 'arn:aws:iam::000000000000:role/radiology'
const LAMBDA = 'arn:aws:lambda:us-east-1:000000000000:function:login'

test('a token opens what its policies allow, and the audit log names authorizer and caller, never the token', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-tokens-'))
  removeAtExit(folder)
  const provider = await startProvider(t, { now: Date.now() })
  const policies = [{ claim: 'groups', value: 'radiology', policy: 'HilumAdministratorAccess' }]
  const authorizers = { [LAMBDA]: { issuer: provider.issuer, audience: 'hilum', policies } }
  writeFileSync(join(folder, 'hilum.json'), JSON.stringify({ authorizers }))
  const config = loadConfig({ cwd: folder, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
  const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
  t.after(() => server.stop())
  const { endpoint, region, credentials } = server
  const client = new MedicalImagingClient({ endpoint, region, credentials, maxAttempts: 1 })
  t.after(() => client.destroy())
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ lambdaAuthorizerArn: LAMBDA }))
  const { datastoreProperties } = await client.send(new GetDatastoreCommand({ datastoreId }))
  assert.equal(datastoreProperties?.lambdaAuthorizerArn, LAMBDA)

  const ask = async (token: string, path = `/datastore/${datastoreId}/studies`) => {
    const response = await fetch(`${endpoint}${path}`, { headers: { authorization: `Bearer ${token}` } })
    return [response.status, response.headers.get('x-amzn-errortype')]
  }
  const token = await provider.token()
  const other = await provider.token({ aud: 'other' })
  assert.deepEqual(await ask(token), [200, null])
  assert.deepEqual(await ask(other), [403, 'InvalidTokenException'])
  assert.deepEqual(await ask(await provider.token({ groups: [] })), [403, 'AccessDeniedException'])
  const old = await provider.token({ exp: 1 })
  assert.deepEqual(await ask(old), [403, 'InvalidTokenException'])
  assert.deepEqual(await ask(token, `/datastore/${datastoreId}`), [403, 'IncompleteSignatureException'])

  const attributes = {
    SOPClassUID: '1.2.3',
    SOPInstanceUID: '1.2.4.5',
    StudyInstanceUID: '1.2.4',
    SeriesInstanceUID: '1.2.4.4',
  }
  const stored = await fetch(`${endpoint}/datastore/${datastoreId}/studies`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/dicom' },
    body: Buffer.from(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes })),
  })
  assert.equal(stored.status, 200, await stored.text())

  const text = readdirSync(join(folder, 'audit'))
    .map((name) => readFileSync(join(folder, 'audit', name), 'utf8'))
    .join('')
  const lines = text
    .split('\n')
    .filter((line) => line.includes('"SearchDICOMStudies"'))
    .map((line) => JSON.parse(line) as Line)
  assert.equal(lines.length, 4)
  const [accepted, refused, denied, expired] = lines as [Line, Line, Line, Line]
  assert.deepEqual(
    [denied.errorCode, denied.additionalEventData],
    ['AccessDeniedException', { lambdaAuthorizerArn: LAMBDA }],
  )
  // No authorizer was asked.
  assert.deepEqual([expired.errorCode, expired.additionalEventData], ['InvalidTokenException', undefined])
  assert.deepEqual(accepted.userIdentity, {
    ...{ type: 'WebIdentityUser', arn: 'arn:aws:sts::000000000000:federated-user/mary', accountId: '000000000000' },
    ...{ userName: 'mary', identityProvider: provider.issuer },
  })
  assert.deepEqual(accepted.additionalEventData, { lambdaAuthorizerArn: LAMBDA })
  assert.deepEqual([accepted.readOnly, accepted.eventCategory], [true, 'Management'])
  assert.deepEqual(refused.userIdentity, { type: 'Unknown' })
  assert.equal(refused.errorCode, 'InvalidTokenException')
  assert.deepEqual(refused.additionalEventData, { lambdaAuthorizerArn: LAMBDA })
  const storing = text.split('\n').filter((line) => line.includes('"StoreDICOM"'))
  assert.deepEqual(
    storing.map((line) => (JSON.parse(line) as Line).readOnly),
    [false],
  )
  // The UIDs of an instance are in no line.
  assert.ok(!text.includes('1.2.4.5'))
  for (const each of [token, other, old]) for (const part of each.split('.')) assert.ok(!text.includes(part))
})

test('wrong tokens of an address reach no authorizer beyond the limit, and those that were accepted still do', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-tokens-'))
  removeAtExit(folder)
  const now = Date.now() / 1000
  const tokenFor = (sub: string) => tokenOf({ sub, iat: now - 60, exp: now + 3_600 })
  const asked: string[] = []
  const endpoint = await startHttp(t, async (request, response) => {
    const { bearerToken } = JSON.parse(await bodyOf(request)) as { bearerToken: string }
    asked.push(bearerToken)
    response.end(JSON.stringify({ isTokenValid: bearerToken === tokenFor('mary'), roleArn: ROLE }))
  })
  const roles = { [ROLE]: { policies: ['HilumAdministratorAccess'] } }
  writeFileSync(join(folder, 'hilum.json'), JSON.stringify({ authorizers: { [LAMBDA]: { endpoint } }, roles }))
  const config = loadConfig({ cwd: folder, flags: { data: folder, port: '0', host: ['127.0.0.1'] } })
  const limits = {
    ...{ ...config.limits, failedSignatureBurstPerAddress: 3, authorizerCacheMs: 0 },
    // None is allowed again while the test runs.
    failedSignaturesPerMinutePerAddress: 0.001,
  }
  const server = await startServer({ ...config, limits }, { log: openLog({ logLevel: 'error' }) })
  t.after(() => server.stop())
  const { region, credentials } = server
  const client = new MedicalImagingClient({ endpoint: server.endpoint, region, credentials, maxAttempts: 1 })
  t.after(() => client.destroy())
  const { datastoreId } = await client.send(new CreateDatastoreCommand({ lambdaAuthorizerArn: LAMBDA }))
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` }
    return (await fetch(`${server.endpoint}/datastore/${datastoreId}/studies`, { headers })).status
  }
  const ACCEPTED = 200
  assert.equal(await ask(tokenFor('mary')), ACCEPTED)
  const expired = tokenOf({ sub: 'mary', iat: now - 60, exp: now - 3_600 })
  for (let n = 0; n < 5; n++) assert.equal(await ask(expired), 403, 'one that has expired does not count')
  for (let n = 0; n < 3; n++) assert.equal(await ask(tokenFor(`guess ${n}`)), 403)
  for (let n = 3; n < 6; n++) assert.equal(await ask(tokenFor(`guess ${n}`)), 429)
  assert.equal(await ask(tokenFor('mary')), ACCEPTED)
  assert.deepEqual(asked, ['mary', 'guess 0', 'guess 1', 'guess 2', 'mary'].map(tokenFor))
  const metrics = await (await fetch(`${server.endpoint}/metrics`)).text()
  assert.match(metrics, /hilum_refused_requests_total\{reason="signatures"\} 3$/m)
})
