/** Every command of `hilum` on one screen. */
import type { Command, CommandOption } from './command.ts'

const endpoint: CommandOption = {
  flag: 'endpoint',
  placeholder: '<url>',
  help: 'the server to talk to; default: the one on this machine, by --host and --port',
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'start the server',
    load: async () => (await import('./serve.ts')).serve,
  },
  demo: {
    summary: 'start the server with synthetic studies to search in',
    // A demo is looked at, not operated: its log would break the picture.
    defaults: { logLevel: 'warn' },
    load: async () => (await import('./demo.ts')).demo,
  },
  import: {
    summary: 'import a DICOM file, or all files of a folder, into a data store',
    operand: '<file or folder>',
    options: [
      { flag: 'datastore', placeholder: '<id or name>', help: 'the data store to import into (required)' },
      endpoint,
    ],
    load: async () => (await import('./import.ts')).importFiles,
  },
  env: {
    summary: 'print the variables that point AWS SDKs and the AWS CLI at the server',
    options: [{ flag: 'shell', placeholder: '<shell>', help: 'sh or fish; default: sh' }, endpoint],
    load: async () => (await import('./env.ts')).printEnvironment,
  },
  doctor: {
    summary: 'check the server, the way to it and its data folder, and say how to mend what is wrong',
    options: [endpoint],
    load: async () => (await import('./doctor.ts')).doctor,
  },
  reset: {
    summary: 'empty the data folder',
    options: [{ flag: 'yes', help: 'do not ask' }],
    load: async () => (await import('./reset.ts')).reset,
  },
}
