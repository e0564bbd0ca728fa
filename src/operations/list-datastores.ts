/** ListDatastores: data stores, newest first, optionally of one status. */
import type { App } from '../app.ts'
import type { Input, Output } from '../contract/operations.ts'
import { datastoreArn, deletedSince } from './datastore-access.ts'
import { positionOfPage, takePage } from './page-tokens.ts'

interface After {
  readonly createdAt: number
  readonly datastoreId: string
}

export async function listDatastores(input: Input<'ListDatastores'>, app: App): Promise<Output<'ListDatastores'>> {
  const request = ['ListDatastores', input.datastoreStatus]
  const size = input.maxResults ?? app.limits.pageSize
  const found = await app.catalog.datastores.list({
    status: input.datastoreStatus,
    deletedSince: deletedSince(app),
    after: positionOfPage<After>(app.pageTokens, { request, nextToken: input.nextToken }),
    limit: size + 1,
  })
  const { rows, nextToken } = takePage(found, {
    size,
    tokenAfter: ({ createdAt, datastoreId }) =>
      app.pageTokens.seal(request, { createdAt, datastoreId } satisfies After),
  })
  const datastoreSummaries = rows.map((datastore) => ({
    datastoreId: datastore.datastoreId,
    datastoreName: datastore.datastoreName,
    datastoreStatus: datastore.datastoreStatus,
    datastoreArn: datastoreArn(app, datastore.datastoreId),
    createdAt: datastore.createdAt,
    updatedAt: datastore.updatedAt,
  }))
  return { datastoreSummaries, nextToken }
}
