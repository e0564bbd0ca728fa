/** What an ARN names for the three operations on tags, and what is said of one that names nothing here (AWS "Tagging resources"). */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { TaggedResource } from '../stores/catalog/tagged-resources.ts'

/** Of one resource, as AWS documents it. */
export const TAGS_MAX = 50

/**
 * AWS does not say what an ARN of elsewhere gets. As with its other services, one of another account is denied before anybody looks
 * whether it exists, and of another region or partition nothing exists here.
 */
export function taggedResource(app: App, resourceArn: string): TaggedResource {
  // `arn:aws:medical-imaging:<region>:<account>:datastore/<id>[/imageset/<id>]`: the contract has checked it.
  const [, partition, , region, accountId, path = ''] = resourceArn.split(':')
  if (accountId !== app.accountId) {
    throw new ContractError(
      'AccessDeniedException',
      `The ARN is of account ${accountId}, and this access key belongs to account ${app.accountId}`,
    )
  }
  if (partition !== 'aws' || region !== app.region) throw resourceNotFound(resourceArn)
  const [, datastoreId = '', , imageSetId] = path.split('/')
  return { datastoreId, imageSetId }
}

export const resourceNotFound = (resourceArn: string) =>
  new ContractError('ResourceNotFoundException', `Nothing has the ARN ${resourceArn}`)

export const tooManyTags = () =>
  new ContractError('ValidationException', `A resource can have at most ${TAGS_MAX} tags`)
