/**
 * `hilum`: finds the command, its configuration and its place in the world, and turns what goes wrong into a sentence and an exit
 * code (0 fine, 1 failed, 2 wrong command line or configuration). A stack is shown with --log-level debug only.
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

// All that Hilum writes may hold names of patients: it is for the user who runs it alone. Threads have the umask of their process.
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
    const { flags, operand } = parsed
    const config = loadConfig({ flags, env, cwd, ...(command.defaults && { defaults: command.defaults }) })
    wantsStack = config.logLevel === 'debug'
    wantsJson = config.json
    const warning = catalogPasswordWarning(flags)
    if (warning !== undefined) terminal.note(wantsJson ? JSON.stringify({ warning }) : `hilum: ${warning}`)
    const run = await command.load()
    return await run({ config, flags, operand, terminal, env, cwd, program: programName(cwd) })
  } catch (error) {
    terminal.status()
    terminal.note(complaint(error, { wantsJson, wantsStack }))
    return error instanceof OperatorError ? error.exitCode : 1
  }
}

function textOf({ name, wants, flags }: Arguments): string {
  if (wants === 'version') return flags.json === true ? JSON.stringify({ version: version() }) : version()
  const text = name === undefined ? programHelp() : commandHelp(name, COMMANDS[name]!)
  return flags.json === true ? JSON.stringify({ help: text }) : text
}

function complaint(error: unknown, { wantsJson, wantsStack }: { wantsJson: boolean; wantsStack: boolean }): string {
  const isExpected = error instanceof OperatorError
  const message = error instanceof Error ? error.message : String(error)
  const text = isExpected ? message : `Something went wrong in Hilum itself: ${message}`
  if (wantsJson) return JSON.stringify({ error: text })
  if (!wantsStack)
    return isExpected ? `hilum: ${text}` : `hilum: ${text}\nRun it again with --log-level debug to see where.`
  const causes = []
  for (let at = error; at instanceof Error; at = at.cause) causes.push(at.stack)
  return `hilum: ${text}\n${causes.join('\ncaused by ')}`
}

const version = (): string => JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** As the person can type it again here. */
function programName(cwd: string): string {
  const path = relative(cwd, argv[1] ?? '')
  return path.endsWith('bin/hilum') && !path.startsWith('..') && !path.includes('node_modules') ? path : 'hilum'
}

process.exitCode = await main(argv.slice(2), openTerminal({ stdin, stdout, stderr, env }))
