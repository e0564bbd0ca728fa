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
  test('has the command first, then operand and flags in any order', () => {
    const expected = { name: 'import', operand: 'scans', flags: { datastore: 'demo', json: true }, wants: 'run' }
    for (const line of ['import scans --datastore demo --json', 'import --json --datastore=demo scans']) {
      const parsed = parseArguments(line.split(' '))
      assert.deepEqual({ ...parsed, flags: { ...parsed.flags } }, expected)
    }
  })

  test('accepts --help and --version with every command, even without its operand', () => {
    assert.equal(parseArguments([]).wants, 'help')
    assert.equal(parseArguments(['--version']).wants, 'version')
    for (const name of Object.keys(COMMANDS)) {
      assert.deepEqual([parseArguments([name, '--help']).wants, parseArguments([name, '-h']).wants], ['help', 'help'])
      assert.equal(parseArguments([name, '--version']).wants, 'version')
      assert.deepEqual([parseArguments(['help', name]).name, parseArguments(['help', name]).wants], [name, 'help'])
    }
  })

  test('accepts a date that begins with a hyphen as a value, but not an option', () => {
    for (const line of ['search --created -7d --asc', 'search --created=-7d --asc']) {
      const { flags } = parseArguments(line.split(' '))
      assert.deepEqual({ ...flags }, { created: '-7d', asc: true })
    }
    assert.match(complaintOf('search', '--created', '--asc'), /--created/)
    assert.match(complaintOf('search', '--asc', '-7d'), /no option '-7'/)
  })

  test('has a list for a repeatable option, even if it is given once', () => {
    for (const ids of [['a'], ['a', 'b']]) {
      const words = ids.flatMap((id) => ['--image-set', id])
      assert.deepEqual(parseArguments(['export', ...words]).flags['image-set'], ids)
    }
  })

  test('may repeat --host', () => {
    assert.deepEqual(parseArguments(['serve', '--host', '::1', '--host', '10.0.0.1']).flags.host, ['::1', '10.0.0.1'])
  })
})

describe('a mistake', () => {
  test('in a command suggests the nearest one', () => {
    assert.equal(complaintOf('srve'), "There is no command 'srve'. Did you mean 'serve'?")
    assert.equal(complaintOf('constructor'), "There is no command 'constructor'. Run hilum --help for the list.")
  })

  test('in an option suggests the nearest one', () => {
    assert.equal(complaintOf('serve', '--prot', '1'), "There is no option '--prot'. Did you mean '--port'?")
    assert.equal(
      complaintOf('import', 'x', '--datastor=1'),
      "There is no option '--datastor'. Did you mean '--datastore'?",
    )
    assert.equal(
      complaintOf('serve', '--toString'),
      "There is no option '--toString'. Run hilum serve --help for the list.",
    )
    assert.equal(complaintOf('serve', '-x'), "There is no option '-x'. Run hilum serve --help for the list.")
  })

  test("in using another command's option is refused", () => {
    assert.match(complaintOf('serve', '--datastore', 'demo'), /^There is no option '--datastore'\./)
  })

  test('in a flag without its value or a switch with one is refused', () => {
    assert.match(complaintOf('serve', '--port'), /--port.*missing/)
    assert.match(complaintOf('serve', '--json=yes'), /--json.*does not take an argument/)
  })

  test('in the number of operands is refused', () => {
    assert.match(complaintOf('import', '--datastore', 'demo'), /^hilum import needs <file or folder>\./)
    assert.match(complaintOf('import', 'a', 'b'), /takes no argument 'b'/)
    assert.match(complaintOf('serve', 'a'), /takes no argument 'a'/)
  })
})

describe('the help', () => {
  const tooWide = (text: string) => text.split('\n').filter((line) => line.length > 80)

  test('names every command, in lines of at most 80 columns', () => {
    for (const name of Object.keys(COMMANDS)) assert.match(programHelp(), new RegExp(`^  ${name} `, 'm'))
    assert.deepEqual(tooWide(programHelp()), [])
  })

  test('of a command has its own options, and one line that refers to the settings', () => {
    for (const [name, command] of Object.entries(COMMANDS)) {
      const text = commandHelp(name, command)
      for (const { flag } of command.options ?? []) assert.match(text, new RegExp(`^  --${flag}\\b`, 'm'))
      assert.deepEqual(tooWide(text), [], name)
      if (name !== 'serve') assert.equal(text.match(/^Settings .*hilum serve --help$/gm)?.length, 1, name)
    }
  })

  test('of serve has every setting and its variable', () => {
    const text = commandHelp('serve', COMMANDS.serve!)
    for (const { flag, variable } of SETTINGS) {
      if (flag !== undefined) assert.match(text, new RegExp(`^  --${flag}\\b`, 'm'))
      if (variable !== undefined) assert.ok(text.includes(variable), variable)
    }
  })

  test('has only examples that can be parsed', () => {
    for (const [name, { examples = [] }] of Object.entries(COMMANDS)) {
      for (const words of examples)
        assert.equal(parseArguments([name, ...words.split(' ').filter(Boolean)]).wants, 'run')
    }
  })
})
