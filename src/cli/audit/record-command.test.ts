/** Commands that act without a server are in the audit log, before they act and before their outcome is printed. */
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { startServer } from '../../main.ts'
import { loadConfig } from '../../server/config.ts'
import { lockFolder } from '../../server/data-folder-lock.ts'
import { openLog } from '../../server/log.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { COMMANDS } from '../commands.ts'
import { parseArguments } from '../parse-arguments.ts'
import { recorded } from './record-command.ts'

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
  const config = loadConfig({ cwd, flags: { data } })
  return { cwd, data, config, commands: join(data, 'audit', 'commands'), run, runFor, json, refused, start }
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

const LONG = { command: 'backup', eventName: 'CreateBackup', resourceArns: () => [], isLong: true } as const

test('other commands write their lines while a long one runs, and its outcome names its first line', async () => {
  const { config, commands, run, json } = open()
  await recorded({ config }, { ...LONG, backupIdOf: (backupId?: string) => backupId }, async () => {
    await run('keys', 'create')
    const files = readdirSync(commands).filter((name) => name.endsWith('.jsonl'))
    // A command that was killed while the long one ran.
    appendFileSync(join(commands, files.sort().at(-1)!), '{"eventName":"Disab')
    return 'the-backup'
  })
  const lines = await json('audit', 'search')
  assert.deepEqual(
    lines.map(({ eventName, sequenceNumber, serviceEventDetails: details }) => [
      ...[sequenceNumber, eventName, details?.command, details?.startSequence],
    ]),
    [
      [1, 'StartCommand', 'backup', undefined],
      [2, 'StartCommand', 'keys create', undefined],
      [3, 'CreateKey', undefined, undefined],
      [4, 'CreateBackup', 'backup', 1],
    ],
  )
  assert.deepEqual(lines[3].additionalEventData, { backupId: 'the-backup' })
  const [report] = await json('audit', 'verify')
  assert.deepEqual([report.fault, report.unfinishedLines.length, report.lines], [null, 1, 4])
})

test('a long command waits for the log, and what failed is in it', async () => {
  const { config, commands, json } = open()
  const work = async () => {
    const lock = await lockFolder(commands)
    // Longer than one attempt to lock it.
    setTimeout(1_200).then(() => lock.release())
    throw new OperatorError('The place is away.')
  }
  await assert.rejects(recorded({ config }, LONG, work), /The place is away/)
  const [, outcome] = await json('audit', 'search')
  assert.deepEqual([outcome.eventName, outcome.errorCode], ['CreateBackup', 'OperatorError'])
})

test('verify finds that lines before the outcome of a long command are missing', async () => {
  const { config, commands, run, runFor } = open()
  await recorded({ config }, LONG, async () => {
    await run('keys', 'create')
  })
  const files = readdirSync(commands).filter((name) => name.endsWith('.jsonl'))
  const removed = join(commands, files.sort()[1]!)
  const [first] = readFileSync(removed, 'utf8').split('\n')
  writeFileSync(removed, `${first}\n`)
  const [report] = await runFor(1, ['audit', 'verify'])
  assert.match(report!, /lines are missing or moved/)
})
