/** What a command of `hilum` is, and what it gets to work with. */
import type { Config, Flags } from '../../server/config.ts'
import type { Terminal } from './terminal.ts'

export interface CommandOption {
  readonly flag: string
  /** The word for the value; an option without one is a switch. */
  readonly placeholder?: string
  /** It may be given several times. */
  readonly isList?: true
  readonly help: string
}

export interface Command {
  readonly summary: string
  /** What comes after the command's name: `<file or folder>`. */
  readonly operand?: string
  readonly options?: readonly CommandOption[]
  /** Lines below the options: what the values mean. */
  readonly notes?: readonly string[]
  readonly defaults?: Partial<Pick<Config, 'logLevel'>>
  /** Commands are loaded when they run: `env` need not wait for the database. */
  load(): Promise<(invocation: Invocation) => Promise<ExitCode>>
}

/** 0: fine, 1: failed, 130: interrupted. 2, a wrong command line, is decided before a command runs. */
export type ExitCode = 0 | 1 | 130

export interface Invocation {
  readonly config: Config
  readonly flags: Flags
  readonly operand: string | undefined
  readonly terminal: Terminal
  readonly env: NodeJS.ProcessEnv
  /** Relative paths of operands are relative to it. */
  readonly cwd: string
  /** How the person calls us: `hilum` or `bin/hilum`. */
  readonly program: string
}
