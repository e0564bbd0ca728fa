/** Resolves the ARN of a tag operation (AWS "Tagging resources"). */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { faultOfTags } from '../imaging/object-lock.ts'
import type { TaggedResource } from '../stores/catalog/tagged-resources.ts'

/** Per resource, as AWS documents. */
export const TAGS_MAX = 50

/**
 * AWS does not document ARNs of other accounts or regions for this service. As in its other services, another account is denied, and a
 * resource of another region or partition is not found.
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
  new ContractError('ResourceNotFoundException', `No resource has the ARN ${resourceArn}`)

/** A deletion that a legal hold or a retention prevents. */
export const locked = (reason: string) =>
  new ContractError('ConflictException', `${reason}, so that it cannot be deleted`)

/** Tags with a meaning have values of their own. @throws ContractError */
export function requireValidTags(tags: Readonly<Record<string, string>>, app: Pick<App, 'clock'>): void {
  const fault = faultOfTags(tags, app.clock())
  if (fault !== undefined) throw new ContractError('ValidationException', fault)
}

export const tooManyTags = () =>
  new ContractError('ValidationException', `A resource can have at most ${TAGS_MAX} tags`)
