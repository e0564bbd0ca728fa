/** The help texts, drawn from the tables of commands and settings. */
import { CONFIG_FILE, SETTINGS } from '../server/settings.ts'
import { COMMANDS } from './commands.ts'
import type { Command } from './terminal/command.ts'

export function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [name, summary])
  return [
    'Hilum is an open, self-hosted AWS HealthImaging.',
    '',
    'Usage: hilum <command> [options]',
    '',
    'Commands:',
    ...columns(commands),
    '',
    'hilum <command> --help tells the options of a command; --version which Hilum this is.',
  ].join('\n')
}

export function commandHelp(name: string, command: Command): string {
  const own = (command.options ?? []).map(({ flag, placeholder, help }): [string, string] => [
    named(flag, placeholder),
    help,
  ])
  return [
    `hilum ${name}: ${command.summary}`,
    '',
    `Usage: hilum ${name}${command.operand === undefined ? '' : ` ${command.operand}`} [options]`,
    '',
    ...(own.length === 0 ? [] : ['Options:', ...columns(own), '']),
    ...(command.notes === undefined ? [] : [...command.notes, '']),
    'Settings, by flag, by variable, or in a configuration file:',
    ...columns(settingRows()),
    '',
    'A flag wins over a variable, a variable over the file.',
  ].join('\n')
}

function settingRows(): [string, string][] {
  const rows = SETTINGS.filter((setting) => setting.variable !== undefined).map(
    ({ flag, placeholder, variable, help }): [string, string] => [
      flag === undefined ? variable! : named(flag, placeholder),
      flag === undefined ? help : `${help} (${variable})`,
    ],
  )
  return [...rows, [named(CONFIG_FILE.flag, CONFIG_FILE.placeholder), `${CONFIG_FILE.help} (${CONFIG_FILE.variable})`]]
}

const named = (flag: string, placeholder: string | undefined) =>
  `--${flag}${placeholder === undefined ? '' : ` ${placeholder}`}`

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)
}
