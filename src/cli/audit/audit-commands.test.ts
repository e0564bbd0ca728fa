/** The commands for the audit log, on a server that runs. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CreateDatastoreCommand, GetImageSetCommand } from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { openClient } from '../client/client.ts'

test('requests of principals are found, exported and verified', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-audit-cli-'))
  removeAtExit(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  const run = async (words: readonly string[], code = 0) => {
    const command = startHilumProcess(
      t,
      [...words, '--data', 'data', '--port', new URL(endpoint!).port, '--host', '127.0.0.1'],
      { cwd },
    )
    assert.equal(await command.ended, code, command.output())
    return command.output()
  }
  const mary = JSON.parse(
    await run(['principals', 'create', 'mary', '--policy', 'AWSHealthImagingReadOnlyAccess', '--json']),
  )
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials: mary })
  const imageSet = { datastoreId: 'a'.repeat(32), imageSetId: 'b'.repeat(32) }
  await assert.rejects(client.send(new GetImageSetCommand(imageSet)), { name: 'ResourceNotFoundException' })
  await assert.rejects(client.send(new CreateDatastoreCommand({ datastoreName: 'hers' })), {
    name: 'AccessDeniedException',
  })
  const stranger = openClient({
    endpoint: endpoint!,
    region: 'us-east-1',
    credentials: { ...mary, secretAccessKey: 'a-wrong-secret-key' },
  })
  await assert.rejects(stranger.send(new GetImageSetCommand(imageSet)), { name: 'InvalidSignatureException' })
  client.destroy()
  stranger.destroy()

  const search = async (...words: string[]) =>
    (await run(['audit', 'search', '--json', ...words]))
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const hers = await search('--principal', 'mary')
  assert.deepEqual(
    hers.map(({ eventName, errorCode, responseStatus }) => [eventName, errorCode, responseStatus]),
    [
      ['GetImageSet', 'ResourceNotFoundException', 404],
      ['CreateDatastore', 'AccessDeniedException', 403],
    ],
  )
  const arn = `arn:aws:medical-imaging:us-east-1:000000000000:datastore/${imageSet.datastoreId}`
  const ofStore = await search('--resource', arn)
  assert.deepEqual(
    ofStore.map(({ errorCode, userIdentity, resources }) => [errorCode, userIdentity.type, resources.at(-1).ARN]),
    [
      ['ResourceNotFoundException', 'IAMUser', `${arn}/imageset/${imageSet.imageSetId}`],
      ['InvalidSignatureException', 'Unknown', `${arn}/imageset/${imageSet.imageSetId}`],
    ],
  )
  const created = await search('--event', 'CreatePrincipal', '--since', '-1h', '--principal', 'root')
  assert.deepEqual(
    created.map(({ resources }) => resources[0].ARN),
    ['arn:aws:iam::000000000000:user/mary'],
  )
  assert.deepEqual(await search('--until', '2026-01-01'), [])
  assert.match(
    await run(['audit', 'search', '--principal', 'mary']),
    /mary {2}127\.0\.0\.1 {2}GetImageSet {2}404 ResourceNotFoundException/,
  )
  await run(['audit', 'search', '--since', 'yesterday'], 2)

  assert.match(await run(['audit', 'export', '--to', 'mary.jsonl', '--principal', 'mary']), /Wrote 2 lines to/)
  const exported = join(cwd, 'mary.jsonl')
  if (process.platform !== 'win32') assert.equal(statSync(exported).mode & 0o777, 0o600)
  assert.deepEqual(
    readFileSync(exported, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    hers,
  )
  assert.match(await run(['audit', 'export', '--to', 'mary.jsonl'], 1), /exists already/)

  const { fault, lines } = JSON.parse(await run(['audit', 'verify', '--json']))
  assert.equal(fault, null)
  assert.equal(lines, (await search()).length)
  const folder = join(cwd, 'data/audit')
  const name = readdirSync(folder).find((each) => each.endsWith('.jsonl'))!
  const text = readFileSync(join(folder, name), 'utf8')
  writeFileSync(join(folder, name), text.replace('"userName":"mary"', '"userName":"marc"'))
  const line = text.split('\n').findIndex((each) => each.includes('"userName":"mary"')) + 2
  assert.match(await run(['audit', 'verify'], 1), new RegExp(`${name}, line ${line}: .* altered`))
  writeFileSync(join(folder, name), text)
})
