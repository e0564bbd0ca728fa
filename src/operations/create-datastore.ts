/** CreateDatastore: returns CREATING; the data store becomes ACTIVE in the background. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Input, Output } from '../contract/operations.ts'
import { QUOTAS } from '../contract/quotas.ts'
import { clientTokenUse, tokenOfAnotherRequest } from './client-token.ts'
import { settleDatastore } from './settle-datastores.ts'
import { requireValidTags, TAGS_MAX, tooManyTags } from './tagged-resource.ts'

export async function createDatastore(input: Input<'CreateDatastore'>, app: App): Promise<Output<'CreateDatastore'>> {
  const tags = input.tags ?? {}
  if (Object.keys(tags).length > TAGS_MAX) throw tooManyTags()
  requireValidTags(tags, app)
  const { lambdaAuthorizerArn } = input
  if (lambdaAuthorizerArn !== undefined && !app.authorizers.has(lambdaAuthorizerArn)) {
    throw new ContractError(
      'ValidationException',
      'No authorizer is configured for this lambdaAuthorizerArn. Add it to "authorizers" of the configuration file, or leave it out',
    )
  }
  const dataKeyArn = await app.dataKeys.keyFor(input.kmsKeyArn)
  const now = app.clock()
  const created = await app.catalog.datastores.create({
    datastore: {
      datastoreId: app.newId(),
      datastoreName: input.datastoreName,
      datastoreStatus: 'CREATING',
      kmsKeyArn: input.kmsKeyArn,
      lambdaAuthorizerArn,
      losslessStorageFormat: input.losslessStorageFormat ?? 'HTJ2K',
      createdAt: now,
      updatedAt: now,
    },
    tags,
    token: clientTokenUse(app, input),
    ...(dataKeyArn === undefined ? {} : { dataKeyArn }),
    ...(app.awsQuotas ? { activeMax: QUOTAS.activeDatastores } : {}),
  })
  switch (created.outcome) {
    case 'token-conflict':
      throw tokenOfAnotherRequest()
    case 'too-many':
      throw new ContractError(
        'ServiceQuotaExceededException',
        `The account has ${QUOTAS.activeDatastores} data stores, which is its quota. Delete one first`,
      )
    case 'created':
      settleDatastore(app, created.datastore.datastoreId)
      break
    case 'repeated':
      break
  }
  return { datastoreId: created.datastore.datastoreId, datastoreStatus: 'CREATING' }
}
