/** `hilum principals` and `hilum policies` against a server, and what their keys may do there. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDatastoreCommand,
  ListDatastoresCommand,
  MedicalImagingClient,
} from '@aws-sdk/client-medical-imaging'
import { loadConfig } from '../../server/config.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { startHilum } from '../../testing.ts'
import { COMMANDS } from '../commands.ts'
import { parseArguments } from '../parse-arguments.ts'
import type { Terminal } from '../terminal/terminal.ts'

const READ_STORES = { Statement: { Effect: 'Allow', Action: 'medical-imaging:ListDatastores', Resource: '*' } }

/** A server with the data store `mine`, and a function that runs a command line. */
async function open(t: TestContext) {
  const hilum = await startHilum()
  t.after(() => hilum.stop())
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-access-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  const owner = new MedicalImagingClient(hilum.client)
  t.after(() => owner.destroy())
  const { datastoreId } = await owner.send(new CreateDatastoreCommand({ datastoreName: 'mine' }))

  async function runAs(key: { accessKeyId: string; secretAccessKey: string }, line: string) {
    const { name, operand, secondOperand, flags } = parseArguments([...line.split(' '), '--endpoint', hilum.endpoint])
    const env = { HILUM_ACCESS_KEY_ID: key.accessKeyId, HILUM_SECRET_ACCESS_KEY: key.secretAccessKey }
    const lines: string[] = []
    const terminal = {
      print: (text: string) => lines.push(text),
      note: () => {},
      styled: (_: string, text: string) => text,
    }
    const run = await COMMANDS[name!]!.load()
    const operands = { operand, ...(secondOperand !== undefined && { secondOperand }) }
    const invocation = { flags, ...operands, cwd, env, program: 'hilum', config: loadConfig({ flags, env, cwd }) }
    const code = await run({ ...invocation, terminal: terminal as unknown as Terminal })
    return { code, text: lines.join('\n') }
  }
  const run = (line: string) => runAs(hilum.client.credentials, line)
  const json = async (line: string) => JSON.parse((await run(`${line} --json`)).text)
  const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string }) => {
    const client = new MedicalImagingClient({ ...hilum.client, credentials, maxAttempts: 1 })
    t.after(() => client.destroy())
    return client
  }
  const write = (name: string, content: object) => writeFileSync(join(cwd, name), JSON.stringify(content))
  return { run, runAs, json, clientOf, write, datastoreId }
}

const refused = (message: RegExp) => (error: unknown) => error instanceof OperatorError && message.test(error.message)

test('a principal may do what its policies allow, and nothing after it was disabled', async (t) => {
  const { run, json, clientOf, datastoreId } = await open(t)
  const key = await json('principals create mary --policy AWSHealthImagingReadOnlyAccess')
  assert.deepEqual(Object.keys(key), ['accessKeyId', 'secretAccessKey'])
  const mary = clientOf(key)
  const { datastoreProperties } = await mary.send(new GetDatastoreCommand({ datastoreId }))
  assert.equal(datastoreProperties!.datastoreName, 'mine')
  await assert.rejects(mary.send(new CreateDatastoreCommand({ datastoreName: 'other' })), {
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:iam::000000000000:user/mary is not authorized to perform: medical-imaging:CreateDatastore on resource: * ' +
      'because no identity-based policy allows the medical-imaging:CreateDatastore action',
  })
  assert.deepEqual(await run('principals disable mary'), {
    code: 0,
    text: 'mary is disabled. Its keys stop within seconds.',
  })
  await assert.rejects(mary.send(new GetDatastoreCommand({ datastoreId })), { name: 'UnrecognizedClientException' })
  assert.deepEqual(await json('principals enable mary'), { principalName: 'mary' })
  await mary.send(new GetDatastoreCommand({ datastoreId }))
  await run('principals delete mary')
  await assert.rejects(mary.send(new GetDatastoreCommand({ datastoreId })), { name: 'UnrecognizedClientException' })
})

test('a tag of a principal is a condition of policies, until it is removed', async (t) => {
  const { run, json, clientOf, write } = await open(t)
  const ofTeam = { StringEquals: { 'aws:PrincipalTag/team': 'ct' } }
  write('team.json', { Statement: { ...READ_STORES.Statement, Condition: ofTeam } })
  const mary = clientOf(await json('principals create mary --policy team.json --tag Team=mr --tag site=Z=1'))
  const list = new ListDatastoresCommand({})
  await assert.rejects(mary.send(list), { name: 'AccessDeniedException' })
  assert.equal((await run('principals tag mary team=ct')).text, 'mary has the tag team=ct.')
  await mary.send(list)
  assert.deepEqual((await json('principals list')).tags, { site: 'Z=1', team: 'ct' })
  assert.match((await run('principals list')).text, /site=Z=1 team=ct/)
  const simulated = 'policies simulate --principal mary --action medical-imaging:ListDatastores'
  assert.equal((await run(simulated)).code, 0)
  assert.equal((await run(`${simulated} --context aws:PrincipalTag/team=mr`)).code, 1)
  assert.equal((await run('principals untag mary TEAM')).text, 'mary has no tag TEAM.')
  await assert.rejects(mary.send(list), { name: 'AccessDeniedException' })
  await assert.rejects(run('principals tag mary team'), refused(/^A tag must be <key>=<value>, not 'team'\.$/))
  await assert.rejects(run('principals tag mary aws:team=ct'), refused(/not begin with aws:/))
  await assert.rejects(run('principals create ann --tag a=1 --tag A=2'), refused(/not case-sensitive/))
  await assert.rejects(run('principals tag nobody team=ct'), refused(/There is no principal nobody/))
})

test('a rotated key replaces the former one, at once or after an overlap', async (t) => {
  const { json, run, clientOf } = await open(t)
  const list = new ListDatastoresCommand({})
  const first = await json('principals create scanner --policy AWSHealthImagingFullAccess')
  const second = await json('principals rotate-key scanner --overlap 60')
  for (const key of [first, second]) await clientOf(key).send(list)
  const third = await json('principals rotate-key scanner')
  for (const key of [first, second]) {
    await assert.rejects(clientOf(key).send(list), { name: 'UnrecognizedClientException' })
  }
  await clientOf(third).send(list)
  const { text } = await run('principals rotate-key scanner')
  assert.match(text, /^accessKeyId {6}HILUM[A-Z2-7]{15}\nsecretAccessKey {2}\S{40}$/)
  await assert.rejects(run('principals rotate-key scanner --overlap soon'), /must be a whole number of minutes/)
  await assert.rejects(run('principals rotate-key scanner --overlap 999999'), refused(/can be at most 10080 minutes/))
})

test('policies are stored, attached, detached and deleted', async (t) => {
  const { run, json, clientOf, write } = await open(t)
  write('stores.json', READ_STORES)
  write('empty.json', { Statement: { Effect: 'Deny', Action: '*', Resource: '*' } })
  assert.equal((await run('policies put stores stores.json')).text, 'stores is stored.')
  const mary = clientOf(await json('principals create mary'))
  const list = new ListDatastoresCommand({})
  await assert.rejects(mary.send(list), { name: 'AccessDeniedException' })
  await run('principals attach mary stores')
  await mary.send(list)
  await run('principals attach mary empty.json')
  await assert.rejects(mary.send(list), /with an explicit deny in an identity-based policy/)
  await run('principals detach mary empty')
  await mary.send(list)
  assert.match(
    (await run('principals list')).text,
    /^Name +Status +Access keys +Policies +Tags\nmary +ENABLED +HILUM\w+ +stores$/,
  )
  await assert.rejects(run('policies delete stores'), refused(/stores is attached to a principal\. Detach it first\./))
  write('stores.json', { Statement: { ...READ_STORES.Statement, Effect: 'Deny' } })
  await run('policies put stores stores.json')
  await assert.rejects(mary.send(list), { name: 'AccessDeniedException' })
  await run('principals detach mary stores')
  assert.deepEqual(await json('policies delete stores'), { policyName: 'stores' })
  assert.match((await run('policies list')).text, /^AWSHealthImagingFullAccess +managed$/m)
  const managed = JSON.parse((await run('policies show AWSHealthImagingReadOnlyAccess')).text)
  assert.equal(managed.Statement[0].Action.length, 10)
})

test('a principal of the server is simulated with all its policies', async (t) => {
  const { run, write, json } = await open(t)
  write('stores.json', READ_STORES)
  await run('principals create mary --policy stores.json --policy HilumConsoleReadOnlyAccess')
  const simulate = 'policies simulate --principal mary --action'
  assert.deepEqual(await run(`${simulate} medical-imaging:ListDatastores`), {
    code: 0,
    text: 'Allowed by statement 1 of stores.',
  })
  assert.deepEqual(await json(`${simulate} hilum:GetImportReport`), {
    outcome: 'allow',
    by: { policy: 'HilumConsoleReadOnlyAccess', statement: 1 },
  })
  assert.deepEqual(await run(`${simulate} hilum:PutPolicy --context aws:SourceIp=10.0.0.1`), {
    code: 1,
    text: 'Denied: no statement matches.',
  })
  await assert.rejects(run('policies simulate --principal john --action x'), refused(/There is no principal john/))
})

test('mistakes are refused with a sentence', async (t) => {
  const { run, write, runAs, json } = await open(t)
  await assert.rejects(run('principals create m/y'), refused(/The name of a principal must be 1 to 64 letters/))
  await assert.rejects(
    run('principals create mary --policy none'),
    refused(/One of the policies none does not exist\./),
  )
  await assert.rejects(
    run('principals create mary --policy none.json'),
    refused(/none\.json cannot be read \(ENOENT\)/),
  )
  await run('principals create mary')
  await assert.rejects(run('principals create mary'), refused(/There is a principal mary already\./))
  await assert.rejects(run('principals attach john HilumAdministratorAccess'), refused(/There is no principal john\./))
  await assert.rejects(run('principals detach mary x'), refused(/mary has no policy x\./))
  write('bad.json', { Statement: { Effect: 'Allow', Action: 'medical-imaging:Read', Resource: '*' } })
  await assert.rejects(run('policies put bad bad.json'), refused(/bad\.json is not a policy\. Statement 1, Action: /))
  write('good.json', READ_STORES)
  await assert.rejects(run('policies put HilumAdministratorAccess good.json'), refused(/cannot be changed\./))
  const eve = await json('principals create eve')
  await assert.rejects(
    runAs(eve, 'principals attach eve HilumAdministratorAccess'),
    refused(/User: \S+user\/eve is not authorized to perform: hilum:AttachPolicy on resource: \S+user\/eve because/),
  )
})
