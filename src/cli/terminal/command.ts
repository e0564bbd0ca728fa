/** The interface of a command of `hilum`. */
import type { Config, Flags } from '../../server/config.ts'
import type { Terminal } from './terminal.ts'

export interface CommandOption {
  readonly flag: string
  /** Names the value in the help text; an option without one is a switch. */
  readonly placeholder?: string
  /** It may be given several times. */
  readonly isList?: true
  readonly help: string
}

export interface Command {
  readonly summary: string
  /** The argument after the command's name: `<file or folder>`. */
  readonly operand?: string
  readonly secondOperand?: string
  readonly options?: readonly CommandOption[]
  /** Sentences below the options, wrapped into one paragraph. */
  readonly notes?: readonly string[]
  /** What follows `hilum <command>`. */
  readonly examples?: readonly string[]
  /** The help lists the settings of the server, in place of a reference to `hilum serve --help`. */
  readonly showsSettings?: true
  readonly defaults?: Partial<Pick<Config, 'logLevel' | 'processes'>>
  /** Commands are loaded when they run, so that `env` does not load a database. */
  load(): Promise<(invocation: Invocation) => Promise<ExitCode>>
}

/** 0: success, 1: failure, 130: interrupted. 2, a wrong command line, is returned before a command runs. */
export type ExitCode = 0 | 1 | 130

export interface Invocation {
  readonly config: Config
  readonly flags: Flags
  readonly operand: string | undefined
  readonly secondOperand?: string
  readonly terminal: Terminal
  readonly env: NodeJS.ProcessEnv
  /** Relative paths in operands start here. */
  readonly cwd: string
  /** The program as the user typed it: `hilum` or `bin/hilum`. */
  readonly program: string
}
