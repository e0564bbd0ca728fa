/** The commands for principals and policies. */
import { endpoint } from '../client/endpoint-option.ts'
import type { Command } from '../terminal/command.ts'

const principals = () => import('./principals.ts')
const policies = () => import('./policies.ts')

const WITHIN_SECONDS = 'Takes effect within five seconds in every server of the catalog.'

export const PRINCIPAL_COMMANDS: Readonly<Record<string, Command>> = {
  'principals create': {
    summary: 'create a principal with an access key, and print the key',
    operand: '<name>',
    options: [
      { flag: 'policy', placeholder: '<file or name>', isList: true, help: 'a policy to attach; repeatable' },
      { flag: 'tag', placeholder: '<key>=<value>', isList: true, help: 'a tag, for aws:PrincipalTag; repeatable' },
      endpoint,
    ],
    notes: [
      'A file becomes an inline policy, with the name of the file. Without a policy the principal may do nothing. The secret is printed once.',
    ],
    examples: ['mary --policy AWSHealthImagingReadOnlyAccess', 'scanner --policy import.json --json'],
    load: async () => (await principals()).createPrincipal,
  },
  'principals list': {
    summary: 'list the principals',
    options: [endpoint],
    notes: ['--json prints one object a line.'],
    examples: ['', '--json'],
    load: async () => (await principals()).listPrincipals,
  },
  'principals disable': {
    summary: 'stop all access keys and sessions of a principal',
    operand: '<name>',
    options: [endpoint],
    notes: [WITHIN_SECONDS],
    examples: ['mary', 'mary --endpoint http://hilum.example:8104'],
    load: async () => (await principals()).disablePrincipal,
  },
  'principals enable': {
    summary: 'enable a principal that was disabled',
    operand: '<name>',
    options: [endpoint],
    examples: ['mary', 'mary --json'],
    load: async () => (await principals()).enablePrincipal,
  },
  'principals rotate-key': {
    summary: 'give a principal another access key, and print it',
    operand: '<name>',
    options: [
      { flag: 'overlap', placeholder: '<minutes>', help: 'how long the former key stays valid; default: 0' },
      endpoint,
    ],
    notes: [WITHIN_SECONDS],
    examples: ['mary', 'scanner --overlap 1440 --json'],
    load: async () => (await principals()).rotateKey,
  },
  'principals attach': {
    summary: 'attach a policy to a principal',
    operand: '<name>',
    secondOperand: '<policy>',
    options: [endpoint],
    notes: ['The policy is a name, or a file that becomes an inline policy.', WITHIN_SECONDS],
    examples: ['mary research', 'mary ./research.json'],
    load: async () => (await principals()).attachPolicy,
  },
  'principals detach': {
    summary: 'detach a policy from a principal',
    operand: '<name>',
    secondOperand: '<policy>',
    options: [endpoint],
    notes: [WITHIN_SECONDS],
    examples: ['mary research', 'mary AWSHealthImagingFullAccess --json'],
    load: async () => (await principals()).detachPolicy,
  },
  'principals tag': {
    summary: 'give a principal a tag, which policies can ask for',
    operand: '<name>',
    secondOperand: '<key>=<value>',
    options: [endpoint],
    notes: ['The condition key is aws:PrincipalTag/<key>. A tag of the same key is replaced.', WITHIN_SECONDS],
    examples: ['mary team=ct', 'mary site=zurich --json'],
    load: async () => (await principals()).tagPrincipal,
  },
  'principals untag': {
    summary: 'remove a tag of a principal',
    operand: '<name>',
    secondOperand: '<key>',
    options: [endpoint],
    notes: [WITHIN_SECONDS],
    examples: ['mary team', 'mary site --json'],
    load: async () => (await principals()).untagPrincipal,
  },
  'principals delete': {
    summary: 'delete a principal with its access keys',
    operand: '<name>',
    options: [endpoint],
    notes: [WITHIN_SECONDS],
    examples: ['mary', 'mary --json'],
    load: async () => (await principals()).deletePrincipal,
  },
}

export const POLICY_COMMANDS: Readonly<Record<string, Command>> = {
  'policies put': {
    summary: 'store a policy, or replace it',
    operand: '<name>',
    secondOperand: '<file>',
    options: [endpoint],
    notes: [WITHIN_SECONDS],
    examples: ['research research.json', 'research ./policies/research.json --json'],
    load: async () => (await policies()).putPolicy,
  },
  'policies list': {
    summary: 'list the policies, those of AWS and Hilum included',
    options: [endpoint],
    notes: ['--json prints one object a line.'],
    examples: ['', '--json'],
    load: async () => (await policies()).listPolicies,
  },
  'policies show': {
    summary: 'print the document of a policy',
    operand: '<name>',
    options: [endpoint],
    examples: ['AWSHealthImagingReadOnlyAccess', 'research --json'],
    load: async () => (await policies()).showPolicy,
  },
  'policies delete': {
    summary: 'delete a policy that is not attached',
    operand: '<name>',
    options: [endpoint],
    examples: ['research', 'research --json'],
    load: async () => (await policies()).deletePolicy,
  },
  'policies simulate': {
    summary: 'say whether policies allow an action, and which statement decides',
    options: [
      { flag: 'principal', placeholder: '<name>', help: 'a principal of the server, with all its policies' },
      {
        flag: 'policy',
        placeholder: '<file or name>',
        isList: true,
        help: 'instead: a file, or a managed policy; repeatable',
      },
      { flag: 'action', placeholder: '<action>', help: 'such as medical-imaging:GetImageSet (required)' },
      { flag: 'resource', placeholder: '<arn>', help: 'the ARN of a data store or image set; default: *' },
      { flag: 'context', placeholder: '<key>=<value>', isList: true, help: 'a condition key; repeatable' },
      endpoint,
    ],
    notes: ['The exit code is 1 if the action is denied.'],
    examples: [
      '--policy a.json --action medical-imaging:GetImageSet',
      '--principal mary --action hilum:PutPolicy --json',
    ],
    load: async () => (await import('./simulate.ts')).simulate,
  },
}
