/** `hilum policies simulate`: its sentences, exit codes and mistakes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Invocation } from '../terminal/command.ts'
import { simulate } from './simulate.ts'

const cwd = mkdtempSync(join(tmpdir(), 'hilum-policies-'))
after(() => rmSync(cwd, { recursive: true }))
const ward = {
  Version: '2012-10-17',
  Statement: [
    { Sid: 'Ward', Effect: 'Allow', Action: 'medical-imaging:Get*', Resource: '*' },
    { Effect: 'Deny', Action: '*', Resource: '*', Condition: { NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
  ],
}
writeFileSync(join(cwd, 'ward.json'), JSON.stringify(ward))
writeFileSync(join(cwd, 'broken.json'), '{"Statement": 5}')

async function run(flags: Invocation['flags'], { json = false } = {}) {
  const lines: string[] = []
  const invocation = {
    flags,
    cwd,
    config: { json, limits: DEFAULT_LIMITS },
    terminal: { print: (line: string) => lines.push(line) },
  }
  const code = await simulate(invocation as unknown as Invocation)
  return [code, ...lines]
}
const action = 'medical-imaging:GetImageSet'

test('the decision is printed with the statement that made it', async () => {
  const inside = ['aws:sourceIP=10.1.2.3']
  assert.deepEqual(await run({ policy: ['ward.json'], action, context: inside }), [
    0,
    'Allowed by statement 1 (Ward) of ward.',
  ])
  assert.deepEqual(await run({ policy: ['ward.json'], action }), [1, 'Denied by statement 2 of ward.'])
  const other = { policy: ['ward.json'], action: 'hilum:PutPolicy', context: inside }
  assert.deepEqual(await run(other), [1, 'Denied: no statement matches.'])
  const both = { policy: ['ward.json', 'HilumAdministratorAccess'], action: 'hilum:PutPolicy', context: inside }
  assert.deepEqual(await run(both, { json: true }), [
    0,
    '{"outcome":"allow","by":{"policy":"HilumAdministratorAccess","statement":1}}',
  ])
})

test('mistakes are refused with a sentence', async () => {
  await assert.rejects(run({ policy: ['ward.json'] }), /needs --action/)
  await assert.rejects(run({ action }), /needs either --principal <name> or --policy/)
  await assert.rejects(run({ policy: ['none.json'], action }), /The policy none\.json cannot be read \(ENOENT\)\./)
  await assert.rejects(run({ policy: ['broken.json'], action }), /broken\.json is not a policy\. Statement 1: must be/)
  const unknown = { policy: ['ward.json'], action, context: ['aws:SourceVpc=1'] }
  await assert.rejects(run(unknown), /'aws:SourceVpc=1' must be <key>=<value>\. Keys are aws:CurrentTime, /)
})
