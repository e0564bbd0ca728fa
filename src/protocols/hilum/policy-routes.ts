/** Routes that manage policies by their name, and one that decides a request without sending it. */
import type { App } from '../../app.ts'
import type { Action } from '../../contract/actions.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { invalid, isObject, readObject, textMember } from './json-request.ts'
import { type HilumRoute, jsonReply, type NeedsOfCall, NO_CONTENT, onAll } from './route.ts'

export const policyRoutes = (app: App, extensions: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/policies',
    needs: onAll('hilum:ListPolicies'),
    answer: async () => jsonReply({ policies: await extensions.listPolicies(app) }),
  },
  {
    http: 'GET /hilum/policies/{policyName}',
    needs: onPolicy('hilum:GetPolicy'),
    answer: async ({ labels }) => jsonReply(await extensions.getPolicy(labels.policyName!, app)),
  },
  {
    http: 'PUT /hilum/policies/{policyName}',
    needs: onPolicy('hilum:PutPolicy'),
    async answer({ labels, body }) {
      const policyDocument = Buffer.from(body).toString()
      await extensions.putPolicy({ policyName: labels.policyName!, policyDocument }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'DELETE /hilum/policies/{policyName}',
    needs: onPolicy('hilum:DeletePolicy'),
    async answer({ labels }) {
      await extensions.deletePolicy(labels.policyName!, app)
      return NO_CONTENT
    },
  },
  {
    http: 'POST /hilum/simulate-policy',
    needs: ({ body }, arns) => [
      { action: 'hilum:SimulatePolicy', resource: arns.principal(textMember(readObject(body), 'principalName')) },
    ],
    async answer({ body }) {
      const object = readObject(body)
      const [principalName, action, resource] = ['principalName', 'action', 'resource'].map((name) =>
        textMember(object, name),
      ) as [string, string, string]
      const { context = {} } = object
      return jsonReply(
        await extensions.simulatePolicy({ principalName, action, resource, context: contextOf(context) }, app),
      )
    },
  },
]

function onPolicy(action: Action): NeedsOfCall {
  return ({ labels }, arns) => [{ action, resource: arns.policy(labels.policyName!) }]
}

/** By the name of the condition key in lower case. */
function contextOf(found: unknown): Readonly<Record<string, readonly string[]>> {
  const entries = isObject(found) ? Object.entries(found) : [['', undefined] as const]
  const isTexts = (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'string')
  if (entries.some(([, value]) => !isTexts(value))) throw invalid('context must have a list of texts for each key.')
  return Object.fromEntries(entries.map(([key, value]) => [key.toLowerCase(), value as readonly string[]]))
}
