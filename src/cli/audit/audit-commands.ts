/** The commands for the audit log. They read the data folder, also while a server runs. */
import type { Command, CommandOption } from '../terminal/command.ts'

const FILTERS: readonly CommandOption[] = [
  {
    flag: 'principal',
    placeholder: '<name>',
    help: 'requests of this principal, ARN or access key; root is the owner, os:<name> a user of the machine',
  },
  { flag: 'resource', placeholder: '<arn>', help: 'requests on this resource, or on image sets of this data store' },
  { flag: 'event', placeholder: '<name>', help: 'requests of this operation, such as GetImageFrame' },
  { flag: 'since', placeholder: '<time>', help: 'not before this time: 2026-01-31, 2026-01-31T08:00Z, -7d or -12h' },
  { flag: 'until', placeholder: '<time>', help: 'before this time' },
]

const TIMES = 'Times without an offset are UTC. A day begins at 00:00: --until 2026-02-01 ends with 31 January.'

export const AUDIT_COMMANDS: Readonly<Record<string, Command>> = {
  'audit verify': {
    summary: 'check that no line of the audit log is missing or changed',
    notes: [
      'Prints the first fault of the log: file, line and what is wrong. The exit code is then 1. A line that a crash cut is reported, and is no',
      'fault. Compare the last hash with one that was kept elsewhere, for example in the log of the server.',
    ],
    examples: ['', '--data /srv/hilum --json'],
    load: async () => (await import('./verify-audit-log.ts')).verifyAuditLog,
  },
  'audit search': {
    summary: 'find requests in the audit log',
    options: FILTERS,
    notes: [TIMES, '--json prints the lines as they are in the log.'],
    examples: ['--principal mary --since -7d', '--event DeleteImageSet --since 2026-01-01 --json'],
    load: async () => (await import('./search-audit-log.ts')).searchAuditLog,
  },
  'audit export': {
    summary: 'copy the lines of the audit log to a file',
    options: [{ flag: 'to', placeholder: '<file>', help: 'file to create (required)' }, ...FILTERS],
    notes: [
      TIMES,
      'The file has one JSON object a line, unchanged, and only its owner can read it. An existing file is not replaced.',
    ],
    examples: ['--to audit.jsonl', '--since 2026-01-01 --until 2026-02-01 --to january.jsonl'],
    load: async () => (await import('./export-audit-log.ts')).exportAuditLog,
  },
}
