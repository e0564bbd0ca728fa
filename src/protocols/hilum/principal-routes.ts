/** Routes that manage principals, their access keys and the policies attached to them. */
import type { App } from '../../app.ts'
import type { PolicyReference } from '../../contract/access.ts'
import type { Action } from '../../contract/actions.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { type Need, tagValues } from '../../security/authorization/operation-needs.ts'
import { invalid, isObject, type JsonObject, readObject, textMember } from './json-request.ts'
import { type HilumRoute, jsonReply, type NeedsOfCall, NO_CONTENT, onAll, type SignedCall } from './route.ts'

export const principalRoutes = (app: App, extensions: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/principals',
    needs: onAll('hilum:ListPrincipals'),
    answer: async () => jsonReply({ principals: await extensions.listPrincipals(app) }),
  },
  {
    http: 'POST /hilum/principals',
    needs({ body }, arns) {
      const object = readObject(body)
      const tags = tagsOf(object)
      const on = { resource: arns.principal(textMember(object, 'principalName')), values: tagValues(tags) }
      const create: Need = { action: 'hilum:CreatePrincipal', ...on }
      return Object.keys(tags).length === 0 ? [create] : [create, { action: 'hilum:TagPrincipal', ...on }]
    },
    async answer({ body }) {
      const object = readObject(body)
      const { policies = [] } = object
      if (!Array.isArray(policies)) throw invalid('policies must be a list.')
      const principalName = textMember(object, 'principalName')
      const created = await extensions.createPrincipal(
        { principalName, policies: policies.map(policyOf), tags: tagsOf(object) },
        app,
      )
      return jsonReply(created)
    },
  },
  {
    http: 'DELETE /hilum/principals/{principalName}',
    needs: onPrincipal('hilum:DeletePrincipal'),
    async answer(call) {
      await extensions.deletePrincipal(named(call), app)
      return NO_CONTENT
    },
  },
  {
    http: 'POST /hilum/principals/{principalName}/disable',
    needs: onPrincipal('hilum:DisablePrincipal'),
    async answer(call) {
      await extensions.setPrincipalEnabled({ ...named(call), isEnabled: false }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'POST /hilum/principals/{principalName}/enable',
    needs: onPrincipal('hilum:EnablePrincipal'),
    async answer(call) {
      await extensions.setPrincipalEnabled({ ...named(call), isEnabled: true }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'POST /hilum/principals/{principalName}/rotate-key',
    needs: onPrincipal('hilum:RotateAccessKey'),
    async answer(call) {
      const { overlapMinutes = 0 } = readObject(call.body)
      if (!Number.isSafeInteger(overlapMinutes) || Number(overlapMinutes) < 0) {
        throw invalid('overlapMinutes must be a whole number from 0.')
      }
      const input = { ...named(call), overlapMinutes: Number(overlapMinutes) }
      return jsonReply(await extensions.rotateAccessKey(input, app))
    },
  },
  {
    http: 'PUT /hilum/principals/{principalName}/tags',
    needs: ({ labels, body }, arns) => [
      {
        ...{ action: 'hilum:TagPrincipal', resource: arns.principal(labels.principalName!) },
        values: tagValues(tagsOf(readObject(body))),
      },
    ],
    async answer(call) {
      await extensions.tagPrincipal({ ...named(call), tags: tagsOf(readObject(call.body)) }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'DELETE /hilum/principals/{principalName}/tags',
    needs: ({ labels, query }, arns) => [
      {
        ...{ action: 'hilum:UntagPrincipal', resource: arns.principal(labels.principalName!) },
        values: { 'aws:tagkeys': query.getAll('tagKeys') },
      },
    ],
    async answer(call) {
      await extensions.untagPrincipal({ ...named(call), tagKeys: call.query.getAll('tagKeys') }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'PUT /hilum/principals/{principalName}/policies/{policyName}',
    needs: onPrincipal('hilum:AttachPolicy'),
    async answer(call) {
      const policyDocument = call.body.length === 0 ? undefined : Buffer.from(call.body).toString()
      await extensions.attachPolicy({ ...named(call), policyName: call.labels.policyName!, policyDocument }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'DELETE /hilum/principals/{principalName}/policies/{policyName}',
    needs: onPrincipal('hilum:DetachPolicy'),
    async answer(call) {
      await extensions.detachPolicy({ ...named(call), policyName: call.labels.policyName! }, app)
      return NO_CONTENT
    },
  },
]

function onPrincipal(action: Action): NeedsOfCall {
  return ({ labels }, arns) => [{ action, resource: arns.principal(labels.principalName!) }]
}

function tagsOf({ tags = {} }: JsonObject): Readonly<Record<string, string>> {
  if (!isObject(tags)) throw invalid('tags must be an object with a text for each key.')
  if (Object.values(tags).some((value) => typeof value !== 'string'))
    throw invalid('The value of a tag must be a text.')
  return tags as Readonly<Record<string, string>>
}

const named = ({ labels }: SignedCall) => ({ principalName: labels.principalName! })

function policyOf(found: unknown): PolicyReference {
  if (!isObject(found)) throw invalid('Each of policies must be an object with policyName.')
  const policy: JsonObject = found
  const policyName = textMember(policy, 'policyName')
  return policy.policyDocument === undefined
    ? { policyName }
    : { policyName, policyDocument: textMember(policy, 'policyDocument') }
}
