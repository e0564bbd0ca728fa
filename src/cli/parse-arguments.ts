/** Parses a command line into a command with its flags. A mistyped word is refused with the nearest known one. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { Flags } from '../server/config.ts'
import { nearest } from '../server/nearest.ts'
import { OperatorError } from '../server/operator-error.ts'
import { CONFIG_FILE, SETTINGS } from '../server/settings.ts'
import { COMMANDS } from './commands.ts'
import type { Command } from './terminal/command.ts'

export interface Arguments {
  /** Undefined only if help or the version is wanted. */
  readonly name: string | undefined
  readonly operand: string | undefined
  /** Present if the command takes one. */
  readonly secondOperand?: string
  readonly flags: Flags
  readonly wants: 'run' | 'help' | 'version'
}

/**
 * The command is the first word, or the first two: `hilum import scans --datastore demo`, `hilum principals create mary`.
 *
 * @throws OperatorError with exit code 2
 */
export function parseArguments(words: readonly string[]): Arguments {
  const name = nameIn(words)
  if (name === 'help') return parseArguments([...words.slice(1), '--help'])
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (name !== undefined && command === undefined) throw unknownCommand(name)
  const rest = name === undefined ? words : words.slice(words[0] === name ? 1 : 2)
  const { flags, operands } = readFlags(rest, { name, command })
  const wants = flags.help === true ? 'help' : flags.version === true ? 'version' : name === undefined ? 'help' : 'run'
  if (wants === 'run') checkOperands(name!, command!, operands)
  const [operand, secondOperand] = operands
  return { name, operand, ...(secondOperand !== undefined && { secondOperand }), flags, wants }
}

function nameIn([first, second]: readonly string[]): string | undefined {
  if (first === undefined || first.startsWith('-')) return undefined
  const both = `${first} ${second}`
  return Object.hasOwn(COMMANDS, both) ? both : first
}

function unknownCommand(name: string): OperatorError {
  const names = Object.keys(COMMANDS)
  const group = names.filter((each) => each.startsWith(`${name} `))
  if (group.length > 0)
    return usage(`hilum ${name} needs one more word.`, undefined, `Commands are ${group.join(', ')}.`)
  return usage(`There is no command '${name}'.`, nearest(name, names), 'Run hilum --help for the list.')
}

function optionsOf(command: Command | undefined): ParseArgsOptionsConfig {
  const options: ParseArgsOptionsConfig = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
    [CONFIG_FILE.flag]: { type: 'string' },
  }
  for (const { flag, kind } of SETTINGS) {
    if (flag === undefined) continue
    options[flag] = kind === 'boolean' ? { type: 'boolean' } : { type: 'string', multiple: kind === 'list' }
  }
  for (const { flag, placeholder, isList = false } of command?.options ?? []) {
    options[flag] = { type: placeholder === undefined ? 'boolean' : 'string', multiple: isList }
  }
  return options
}

function readFlags(typed: readonly string[], of: { name: string | undefined; command: Command | undefined }) {
  const options = optionsOf(of.command)
  const words = withDaysAgo(typed, options)
  const seeHelp = `Run hilum ${of.name === undefined ? '' : `${of.name} `}--help for the list.`
  const { tokens } = parseArgs({ args: [...words], options, strict: false, tokens: true, allowPositionals: true })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue
    const meant = nearest(token.name, Object.keys(options))
    throw usage(`There is no option '${token.rawName}'.`, meant === undefined ? undefined : `--${meant}`, seeHelp)
  }
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, strict: true, allowPositionals: true })
    return { flags: values as Flags, operands: positionals }
  } catch (cause) {
    throw new OperatorError(`${(cause as Error).message.split('\n')[0]}`.replace(/\.?$/, '.'), { exitCode: 2, cause })
  }
}

/** Turns `--created -7d` into `--created=-7d`: parseArgs accepts no value that begins with a hyphen. */
function withDaysAgo(words: readonly string[], options: ParseArgsOptionsConfig): string[] {
  const joined: string[] = []
  for (const word of words) {
    const before = joined.at(-1) ?? ''
    const takesText = before.startsWith('--') && options[before.slice(2)]?.type === 'string'
    if (takesText && /^-\d/.test(word)) joined[joined.length - 1] = `${before}=${word}`
    else joined.push(word)
  }
  return joined
}

function checkOperands(name: string, { operand, secondOperand }: Command, operands: readonly string[]): void {
  const wanted = [operand, secondOperand].filter((each) => each !== undefined)
  const seeHelp = `Run hilum ${name} --help for its usage.`
  const missing = wanted[operands.length]
  if (missing !== undefined) throw usage(`hilum ${name} needs ${missing}.`, undefined, seeHelp)
  const surplus = operands[wanted.length]
  if (surplus !== undefined) throw usage(`hilum ${name} takes no argument '${surplus}'.`, undefined, seeHelp)
}

function usage(wrong: string, meant: string | undefined, seeHelp: string): OperatorError {
  const question = meant === undefined ? seeHelp : `Did you mean '${meant}'?`
  return new OperatorError(`${wrong} ${question}`, { exitCode: 2 })
}
