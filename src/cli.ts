/**
 * `hilum`: parses the command line, loads the configuration and runs the command. An error becomes a sentence and an exit code (0 success,
 * 1 failure, 2 wrong command line or configuration); its stack is shown only with --log-level debug.
 */
import './cli/require-node.ts'
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { catalogPasswordWarning } from './cli/catalog-password.ts'
import { COMMANDS } from './cli/commands.ts'
import { commandHelp, programHelp } from './cli/help.ts'
import { type Arguments, parseArguments } from './cli/parse-arguments.ts'
import { openTerminal, type Terminal } from './cli/terminal/terminal.ts'
import { loadConfig } from './server/config.ts'
import { OperatorError } from './server/operator-error.ts'

const { argv, env, stdin, stdout, stderr } = process

// Files that Hilum writes may hold names of patients, so only their owner may read them. Threads share the umask of the process.
process.umask(0o077)

async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  let wantsStack = words.includes('debug') || env.HILUM_LOG_LEVEL === 'debug'
  let wantsJson = words.includes('--json')
  try {
    const parsed = parseArguments(words)
    if (parsed.wants !== 'run') {
      terminal.print(textOf(parsed))
      return 0
    }
    const command = COMMANDS[parsed.name!]!
    const cwd = process.cwd()
    const { flags, operand, secondOperand } = parsed
    const config = loadConfig({ flags, env, cwd, ...(command.defaults && { defaults: command.defaults }) })
    wantsStack = config.logLevel === 'debug'
    wantsJson = config.json
    const warning = catalogPasswordWarning(flags)
    if (warning !== undefined) terminal.note(wantsJson ? JSON.stringify({ warning }) : `hilum: ${warning}`)
    const run = await command.load()
    const operands = { operand, ...(secondOperand !== undefined && { secondOperand }) }
    return await run({ config, flags, ...operands, terminal, env, cwd, program: programName(cwd) })
  } catch (error) {
    terminal.status()
    terminal.note(messageOf(error, { wantsJson, wantsStack }))
    return error instanceof OperatorError ? error.exitCode : 1
  }
}

function textOf({ name, wants, flags }: Arguments): string {
  if (wants === 'version') return flags.json === true ? JSON.stringify({ version: version() }) : version()
  const text = name === undefined ? programHelp() : commandHelp(name, COMMANDS[name]!)
  return flags.json === true ? JSON.stringify({ help: text }) : text
}

function messageOf(error: unknown, { wantsJson, wantsStack }: { wantsJson: boolean; wantsStack: boolean }): string {
  const isExpected = error instanceof OperatorError
  const message = error instanceof Error ? error.message : String(error)
  const text = isExpected ? message : `An unexpected error occurred: ${message}`
  if (wantsJson) return JSON.stringify({ error: text })
  if (!wantsStack)
    return isExpected
      ? `hilum: ${text}`
      : `hilum: ${text}\nRun it again with --log-level debug for the stack trace, and report it.`
  const causes = []
  for (let at = error; at instanceof Error; at = at.cause) causes.push(at.stack)
  return `hilum: ${text}\n${causes.join('\ncaused by ')}`
}

const version = (): string => JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** The program as the user can type it again in this folder. */
function programName(cwd: string): string {
  const path = relative(cwd, argv[1] ?? '')
  return path.endsWith('bin/hilum') && !path.startsWith('..') && !path.includes('node_modules') ? path : 'hilum'
}

process.exitCode = await main(argv.slice(2), openTerminal({ stdin, stdout, stderr, env }))
