/** The help texts, made from the tables of commands and settings, for terminals of 80 columns. */
import { CONFIG_FILE, SETTINGS } from '../server/settings.ts'
import { COMMANDS } from './commands.ts'
import type { Command } from './terminal/command.ts'

const COLUMNS = 80

export function programHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [name, summary])
  return [
    'Hilum is an open, self-hosted AWS HealthImaging.',
    '',
    'Usage: hilum <command> [options]',
    '',
    'Commands:',
    ...twoColumns(commands),
    '',
    'Run hilum <command> --help for the options of a command, or hilum --version.',
  ].join('\n')
}

export function commandHelp(name: string, command: Command): string {
  const { summary, operand, secondOperand, options = [], notes = [], examples = [] } = command
  const own = options.map(({ flag, placeholder, help }): [string, string] => [named(flag, placeholder), help])
  return [
    ...wrapped(`hilum ${name}: ${summary}`, COLUMNS),
    '',
    `Usage: ${['hilum', name, operand, secondOperand, '[options]'].filter((each) => each !== undefined).join(' ')}`,
    '',
    ...section('Options:', twoColumns(own)),
    ...(notes.length === 0 ? [] : [...wrapped(notes.join(' '), COLUMNS), '']),
    ...section(
      'Examples:',
      examples.map((words) => `  hilum ${name}${words === '' ? '' : ` ${words}`}`),
    ),
    ...(command.showsSettings ? settingsHelp() : ['Settings (--data, --port, --json and others): hilum serve --help']),
  ].join('\n')
}

const settingsHelp = (): string[] => [
  'Settings of the server, and of the commands that connect to it or read its data:',
  ...twoColumns(settingRows()),
  '',
  ...wrapped(
    'A flag takes precedence over its variable, and a variable over the configuration file, whose keys are ' +
      SETTINGS.filter(({ variable }) => variable !== undefined)
        .map(({ key }) => key)
        .join(', ') +
      ' and limits.',
    COLUMNS,
  ),
]

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

const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : [title, ...lines, ''])

/** The right column wraps below itself. */
function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.flatMap(([left, right]) =>
    wrapped(right, COLUMNS - width - 4).map((line, index) => `  ${(index === 0 ? left : '').padEnd(width)}  ${line}`),
  )
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
