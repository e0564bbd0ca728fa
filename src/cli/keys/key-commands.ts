/** The commands for keys. */
import type { Command } from '../terminal/command.ts'

const keys = () => import('./keys.ts')

const WHERE =
  'Keys are in the key ring of the data folder, or in the key service that --kms-endpoint or --kms-region names.'
const STOPS = 'Its data stores stop within a minute, in every server.'

export const KEY_COMMANDS: Readonly<Record<string, Command>> = {
  'keys create': {
    summary: "create a customer's key, and print its ARN for CreateDatastore",
    options: [
      { flag: 'policy', placeholder: '<file>', help: "key policy, JSON as of KMS; default: the owner's account only" },
      { flag: 'grant-service', help: 'add the statement that lets the service use the key' },
    ],
    notes: [WHERE, 'Until its policy grants the service, image sets of its data stores cannot be used.'],
    examples: ['--grant-service', '--policy policy.json --json'],
    load: async () => (await keys()).createKey,
  },
  'keys list': {
    summary: 'list the keys',
    notes: [WHERE, '--json prints one object a line.'],
    examples: ['', '--json'],
    load: async () => (await keys()).listKeys,
  },
  'keys get-policy': {
    summary: 'print the policy of a key',
    operand: '<key>',
    notes: ['The key is its ARN, or the id at the end of it.'],
    examples: ['01234567-89ab-cdef-0123-456789abcdef'],
    load: async () => (await keys()).getPolicy,
  },
  'keys put-policy': {
    summary: 'replace the policy of a key',
    operand: '<key>',
    secondOperand: '<file>',
    notes: ['A statement that grants the service works at once. Without one, its data stores stop within a minute.'],
    examples: ['01234567-89ab-cdef-0123-456789abcdef policy.json'],
    load: async () => (await keys()).putPolicy,
  },
  'keys rotate': {
    summary: 'add a new version of a key, and wrap its data keys with it',
    operand: '<key>',
    notes: ['May run while the server is running. No stored byte of an image set changes.'],
    examples: ['01234567-89ab-cdef-0123-456789abcdef'],
    load: async () => (await keys()).rotateKey,
  },
  'keys disable': {
    summary: 'disable a key',
    operand: '<key>',
    notes: [STOPS],
    examples: ['01234567-89ab-cdef-0123-456789abcdef'],
    load: async () => (await keys()).disableKey,
  },
  'keys enable': {
    summary: 'enable a key that is disabled or scheduled for deletion',
    operand: '<key>',
    examples: ['01234567-89ab-cdef-0123-456789abcdef'],
    load: async () => (await keys()).enableKey,
  },
  'keys schedule-deletion': {
    summary: 'delete a key after some days: its data stores can then never be read again',
    operand: '<key>',
    options: [{ flag: 'days', placeholder: '<number>', help: 'from 7 to 30; default: 30' }],
    notes: [STOPS, 'Until the deletion, hilum keys enable cancels it.'],
    examples: ['01234567-89ab-cdef-0123-456789abcdef --days 7'],
    load: async () => (await keys()).scheduleDeletion,
  },
}
