/** The option of commands that connect to a server. */
import type { CommandOption } from '../terminal/command.ts'

export const endpoint: CommandOption = {
  flag: 'endpoint',
  placeholder: '<url>',
  help: 'address of the server; default: this machine, at --host and --port',
}
