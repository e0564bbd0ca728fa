/** `hilum keys`: each command, its mistakes, and a rotation beside a running server. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CreateDatastoreCommand, MedicalImagingClient, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { startServer } from '../../main.ts'
import { ownerPolicy, withServiceStatement } from '../../security/keys/key-policy.ts'
import { loadConfig } from '../../server/config.ts'
import { openLog } from '../../server/log.ts'
import { openCatalog, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { COMMANDS } from '../commands.ts'
import { parseArguments } from '../parse-arguments.ts'

let cwd: string
before(() => {
  cwd = mkdtempSync(join(tmpdir(), 'hilum-keys-'))
})
after(() => rmSync(cwd, { recursive: true }))

const ENV = { HILUM_ACCESS_KEY_ID: 'HILUMTESTACCESSKEY', HILUM_SECRET_ACCESS_KEY: 'a-secret-of-tests' }

async function run(...words: string[]): Promise<string[]> {
  const { name, flags, operand, secondOperand } = parseArguments(words)
  const lines: string[] = []
  const terminal = { print: (line: string) => lines.push(line), note: () => {} }
  const config = loadConfig({ cwd, env: ENV, flags: { data: 'data', ...flags } })
  const command = await COMMANDS[name!]!.load()
  const code = await command({
    config,
    flags,
    operand,
    secondOperand,
    terminal,
    env: {},
    cwd,
    program: 'hilum',
  } as never)
  assert.equal(code, 0)
  return lines
}

const json = async (...words: string[]) => (await run(...words, '--json')).map((line) => JSON.parse(line))

const fails = (message: RegExp, ...words: string[]) =>
  assert.rejects(run(...words), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.match(error.message, message)
    return true
  })

describe('hilum keys', () => {
  test('a key is created before the first start, listed, and its policy replaced', async () => {
    const [{ keyArn }] = await json('keys', 'create')
    assert.match(keyArn, /^arn:aws:kms:us-east-1:000000000000:key\//)
    const listed = await json('keys', 'list')
    assert.deepEqual(
      listed.map(({ keyState, isOwn }) => [keyState, isOwn]),
      [
        ['Enabled', true],
        ['Enabled', undefined],
      ],
    )
    assert.deepEqual(await json('keys', 'get-policy', keyArn), [ownerPolicy('000000000000')])
    const policy = withServiceStatement(ownerPolicy('000000000000'))
    writeFileSync(join(cwd, 'policy.json'), JSON.stringify(policy))
    const id = keyArn.split('/')[1]
    assert.deepEqual(await json('keys', 'put-policy', id, 'policy.json'), [{ keyArn }])
    assert.deepEqual(JSON.parse((await run('keys', 'get-policy', id)).join('\n')), policy)
    const [granted] = await json('keys', 'create', '--grant-service')
    assert.deepEqual(await json('keys', 'get-policy', granted.keyArn), [policy])
    const [given] = await json('keys', 'create', '--policy', 'policy.json')
    assert.deepEqual(await json('keys', 'get-policy', given.keyArn), [policy])
  })

  test('a key is disabled, enabled and scheduled for deletion', async () => {
    const [{ keyArn }] = await json('keys', 'create')
    const keyOf = async () => (await json('keys', 'list')).find((key) => key.keyArn === keyArn)
    await run('keys', 'disable', keyArn)
    assert.equal((await keyOf()).keyState, 'Disabled')
    const [{ deletionDate }] = await json('keys', 'schedule-deletion', keyArn, '--days', '7')
    assert.ok(Math.abs(Date.parse(deletionDate) - Date.now() - 7 * 86_400_000) < 60_000)
    assert.equal((await keyOf()).deletionDate, deletionDate)
    await run('keys', 'enable', keyArn)
    assert.deepEqual([(await keyOf()).keyState, (await keyOf()).deletionDate], ['Enabled', undefined])
  })

  test('mistakes are named', async () => {
    const [{ keyArn: own }] = await json('keys', 'list')
    writeFileSync(join(cwd, 'broken.json'), '{')
    writeFileSync(join(cwd, 'empty.json'), '{}')
    await fails(/own key/, 'keys', 'disable', own)
    await fails(/There is no key nonsense/, 'keys', 'rotate', 'nonsense')
    await fails(/does not exist/, 'keys', 'enable', `${own.slice(0, -4)}0000`)
    await fails(/is not JSON/, 'keys', 'create', '--policy', 'broken.json')
    await fails(/not a key policy: it has no Statement/, 'keys', 'put-policy', own, 'empty.json')
    await fails(/cannot be read \(ENOENT\)/, 'keys', 'put-policy', own, 'absent.json')
    assert.throws(() => parseArguments(['keys']), /Commands are keys create, /)
    await assert.rejects(async () => run('keys', 'schedule-deletion', own, '--days', '5'), /from 7 to 30/)
  })

  test('a rotation beside a running server wraps its data keys again and changes no blob', async () => {
    const [{ keyArn }] = await json('keys', 'create', '--grant-service')
    const config = loadConfig({ cwd, env: ENV, flags: { data: 'data', port: '0', host: ['127.0.0.1'] } })
    const server = await startServer(config, { log: openLog({ logLevel: 'error' }) })
    const { endpoint, region, credentials } = server
    const client = new MedicalImagingClient({ endpoint, region, credentials, disableHostPrefix: true })
    try {
      const { datastoreId } = await client.send(new CreateDatastoreCommand({ kmsKeyArn: keyArn }))
      const search = () => client.send(new SearchImageSetsCommand({ datastoreId }))
      while ((await search().catch((error: Error) => error.name)) === 'ConflictException');
      const wrapped = async () => {
        const catalog = await openCatalog(placesOf(config), { readOnly: true })
        const { wrapped } = (await catalog.dataKeys.get(datastoreId!))!
        await catalog.close()
        return Buffer.from(wrapped!)
      }
      const first = await wrapped()
      assert.deepEqual(await json('keys', 'rotate', keyArn), [{ keyArn, dataKeys: 1 }])
      assert.notDeepEqual(await wrapped(), first)
      await search()
      const ring = JSON.parse(readFileSync(join(cwd, 'data/keys/ring.json'), 'utf8'))
      assert.equal(ring.keys.find((key: { keyArn: string }) => key.keyArn === keyArn).versions.length, 2)
    } finally {
      client.destroy()
      await server.stop()
    }
  })
})
