/** Commands that act without a server are in the audit log, before they act and before their outcome is printed. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { startServer } from '../../main.ts'
import { loadConfig } from '../../server/config.ts'
import { lockFolder } from '../../server/data-folder-lock.ts'
import { openLog } from '../../server/log.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { COMMANDS } from '../commands.ts'
import { parseArguments } from '../parse-arguments.ts'

function open() {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-commands-'))
  removeAtExit(cwd)
  const data = join(cwd, 'data')
  const runFor = async (code: number, words: readonly string[]) => {
    const { name, flags, operand, secondOperand } = parseArguments(words)
    const lines: string[] = []
    const terminal = { print: (line: string) => lines.push(line), note: () => {}, hasReader: true }
    const config = loadConfig({ cwd, flags: { data, ...flags } })
    const command = await COMMANDS[name!]!.load()
    const invocation = { config, flags, operand, secondOperand, terminal, env: {}, cwd, program: 'hilum' }
    assert.equal(await command(invocation as never), code)
    return lines
  }
  const run = (...words: string[]) => runFor(0, words)
  const json = async (...words: string[]) => (await run(...words, '--json')).map((line) => JSON.parse(line))
  const refused = (message: RegExp, ...words: string[]) =>
    assert.rejects(run(...words), (error) => {
      assert.ok(error instanceof OperatorError, String(error))
      assert.match(error.message, message)
      return true
    })
  const start = async () => {
    const config = loadConfig({ cwd, flags: { data, port: '0', host: ['127.0.0.1'] } })
    return startServer(config, { log: openLog({ logLevel: 'error' }) })
  }
  return { cwd, data, commands: join(data, 'audit', 'commands'), run, runFor, json, refused, start }
}

test('each change of a key has a line with its user, its key and its outcome', async () => {
  const { run, json, refused } = open()
  const [{ keyArn }] = await json('keys', 'create')
  const [{ keyArn: own }] = await json('keys', 'list')
  await run('keys', 'disable', keyArn)
  await refused(/own key/, 'keys', 'disable', own)
  await run('keys', 'get-policy', keyArn)
  await run('keys', 'enable', keyArn)
  const lines = await json('audit', 'search')
  const { username } = userInfo()
  assert.deepEqual(
    lines.map(({ eventName, serviceEventDetails, userIdentity, resources, errorCode }) => [
      eventName,
      serviceEventDetails?.command ?? resources[0]?.ARN,
      serviceEventDetails?.userName ?? userIdentity.userName,
      errorCode,
    ]),
    [
      ['StartCommand', 'keys create', username, undefined],
      ['CreateKey', keyArn, username, undefined],
      ['StartCommand', 'keys disable', username, undefined],
      ['DisableKey', keyArn, username, undefined],
      ['StartCommand', 'keys disable', username, undefined],
      ['DisableKey', own, username, 'OwnKeyIsKept'],
      ['StartCommand', 'keys enable', username, undefined],
      ['EnableKey', keyArn, username, undefined],
    ],
  )
  assert.equal((await json('audit', 'search', '--resource', keyArn)).length, 3)
  assert.equal((await json('audit', 'search', '--principal', username)).length, 0)
  assert.match(
    (await run('audit', 'search', '--event', 'EnableKey'))[0]!,
    new RegExp(`  os:${username}  -  EnableKey  `),
  )
  assert.equal((await json('audit', 'search', '--principal', `os:${username}`)).length, 4)
})

test('a server and commands have a log each, and verify checks both', async (t) => {
  const { run, runFor, json, start, commands } = open()
  const server = await start()
  t.after(() => server.stop())
  await run('keys', 'create')
  const reports = await json('audit', 'verify')
  assert.deepEqual(
    reports.map(({ fault }) => fault),
    [null, null],
  )
  const [file] = readdirSync(commands).filter((name) => name.endsWith('.jsonl'))
  const text = readFileSync(join(commands, file!), 'utf8')
  writeFileSync(join(commands, file!), text.replace('keys create', 'keys delete'))
  const [, damaged] = await runFor(1, ['audit', 'verify'])
  assert.match(damaged!, /is damaged\. .*jsonl, line 2: it does not follow the line before/)
})

test('a line that a killed command left unfinished is reported, and is no fault', async () => {
  const { run, json, commands } = open()
  await run('keys', 'create')
  const files = readdirSync(commands).filter((name) => name.endsWith('.jsonl'))
  appendFileSync(join(commands, files[0]!), '{"eventName":"Disab')
  await run('keys', 'create')
  const [report] = await json('audit', 'verify')
  assert.deepEqual([report.fault, report.unfinishedLines.length, report.lines], [null, 1, 4])
})

test('without a line nothing is changed: the log cannot be written, or another command writes it', async () => {
  const { cwd, data, commands, refused, run, json } = open()
  mkdirSync(join(data, 'audit'), { recursive: true })
  writeFileSync(commands, 'a file where the folder should be')
  await refused(/audit.commands cannot be written \(E\w+\): nothing was changed\.$/, 'keys', 'create')
  assert.ok(!existsSync(join(data, 'keys')))

  const other = join(cwd, 'other')
  await run('keys', 'create', '--data', other)
  const folder = join(other, 'audit', 'commands')
  const lock = await lockFolder(folder)
  await refused(/Another command of Hilum is changing keys or data/, 'keys', 'create', '--data', other)
  await lock.release()
  await run('keys', 'create', '--data', other)
  assert.equal((await json('audit', 'search', '--event', 'CreateKey', '--data', other)).length, 2)
})

test('reset keeps the audit log, and is itself in it', async () => {
  const { data, run, json, start } = open()
  const server = await start()
  const { status } = await fetch(`${server.endpoint}/datastore`)
  assert.equal(status, 403)
  await server.stop()
  const before = await json('audit', 'search')
  await run('reset', '--yes')
  assert.deepEqual(
    readdirSync(data).filter((name) => !name.startsWith('lock.')),
    ['audit'],
  )
  const after = await json('audit', 'search')
  assert.deepEqual(after.slice(0, before.length), before)
  assert.deepEqual(
    after.slice(before.length).map(({ eventName }) => eventName),
    ['StartCommand', 'ResetDataFolder'],
  )
  // The next server continues the log.
  await (await start()).stop()
  assert.deepEqual(
    (await json('audit', 'verify')).map(({ fault }) => fault),
    [null, null],
  )
})
