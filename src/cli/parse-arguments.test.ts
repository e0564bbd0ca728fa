import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OperatorError } from '../server/operator-error.ts'
import { SETTINGS } from '../server/settings.ts'
import { COMMANDS } from './commands.ts'
import { commandHelp, programHelp } from './help.ts'
import { parseArguments } from './parse-arguments.ts'

function complaintOf(...words: string[]): string {
  try {
    parseArguments(words)
  } catch (error) {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail(`${words.join(' ')} was accepted`)
}

describe('a command line', () => {
  test('has its command first, then operand and flags in any order', () => {
    const expected = { name: 'import', operand: 'scans', flags: { datastore: 'demo', json: true }, wants: 'run' }
    for (const line of ['import scans --datastore demo --json', 'import --json --datastore=demo scans']) {
      const parsed = parseArguments(line.split(' '))
      assert.deepEqual({ ...parsed, flags: { ...parsed.flags } }, expected)
    }
  })

  test('asks for help and the version everywhere, and an incomplete one does not stand in the way', () => {
    assert.equal(parseArguments([]).wants, 'help')
    assert.equal(parseArguments(['--version']).wants, 'version')
    for (const name of Object.keys(COMMANDS)) {
      assert.deepEqual([parseArguments([name, '--help']).wants, parseArguments([name, '-h']).wants], ['help', 'help'])
      assert.equal(parseArguments([name, '--version']).wants, 'version')
      assert.deepEqual([parseArguments(['help', name]).name, parseArguments(['help', name]).wants], [name, 'help'])
    }
  })

  test('takes a date that begins with a hyphen, but no option, for a value', () => {
    for (const line of ['search --created -7d --asc', 'search --created=-7d --asc']) {
      const { flags } = parseArguments(line.split(' '))
      assert.deepEqual({ ...flags }, { created: '-7d', asc: true })
    }
    assert.match(complaintOf('search', '--created', '--asc'), /--created/)
    assert.match(complaintOf('search', '--asc', '-7d'), /no option '-7'/)
  })

  test('takes an option several times where a command says so, and then as a list even once', () => {
    for (const ids of [['a'], ['a', 'b']]) {
      const words = ids.flatMap((id) => ['--image-set', id])
      assert.deepEqual(parseArguments(['export', ...words]).flags['image-set'], ids)
    }
  })

  test('with --host twice listens on both', () => {
    assert.deepEqual(parseArguments(['serve', '--host', '::1', '--host', '10.0.0.1']).flags.host, ['::1', '10.0.0.1'])
  })
})

describe('what is mistyped', () => {
  test('a command is told the nearest one', () => {
    assert.equal(complaintOf('srve'), "There is no command 'srve'. Did you mean 'serve'?")
    assert.equal(complaintOf('constructor'), "There is no command 'constructor'. hilum --help lists them.")
  })

  test('an option is told the nearest one', () => {
    assert.equal(complaintOf('serve', '--prot', '1'), "There is no option '--prot'. Did you mean '--port'?")
    assert.equal(
      complaintOf('import', 'x', '--datastor=1'),
      "There is no option '--datastor'. Did you mean '--datastore'?",
    )
    assert.equal(complaintOf('serve', '--toString'), "There is no option '--toString'. hilum serve --help lists them.")
    assert.equal(complaintOf('serve', '-x'), "There is no option '-x'. hilum serve --help lists them.")
  })

  test("another command's option is not taken", () => {
    assert.match(complaintOf('serve', '--datastore', 'demo'), /^There is no option '--datastore'\./)
  })

  test('a flag without its value and a switch with one', () => {
    assert.match(complaintOf('serve', '--port'), /--port.*missing/)
    assert.match(complaintOf('serve', '--json=yes'), /--json.*does not take an argument/)
  })

  test('an operand too few or too many', () => {
    assert.match(complaintOf('import', '--datastore', 'demo'), /^hilum import needs <file or folder>\./)
    assert.match(complaintOf('import', 'a', 'b'), /does not know what to do with 'b'/)
    assert.match(complaintOf('serve', 'a'), /does not know what to do with 'a'/)
  })
})

describe('the help', () => {
  test('names every command, and of each every option and setting, in lines of at most 120 columns', () => {
    for (const name of Object.keys(COMMANDS)) assert.match(programHelp(), new RegExp(`^  ${name} `, 'm'))
    for (const [name, command] of Object.entries(COMMANDS)) {
      const text = commandHelp(name, command)
      for (const { flag } of command.options ?? []) assert.match(text, new RegExp(`^  --${flag}\\b`, 'm'))
      for (const { flag, variable } of SETTINGS) {
        if (flag !== undefined) assert.match(text, new RegExp(`^  --${flag}\\b`, 'm'))
        if (variable !== undefined) assert.ok(text.includes(variable))
      }
      assert.deepEqual(
        text.split('\n').filter((line) => line.length > 120),
        [],
      )
    }
  })
})
