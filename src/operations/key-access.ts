/**
 * While the policy of a customer's key does not grant the service, operations on image sets of its data stores are denied: reads, searches
 * and changes. Data stores can still be described, tagged and deleted.
 */
import type { App } from '../app.ts'
import type { Handlers } from '../contract/handlers.ts'
import type { OperationName } from '../contract/operations.ts'

const NEED_THE_KEY = [
  'StartDICOMImportJob',
  'SearchImageSets',
  'GetImageSet',
  'ListImageSetVersions',
  'UpdateImageSetMetadata',
  'CopyImageSet',
  'DeleteImageSet',
  'GetImageSetMetadata',
  'GetImageFrame',
] as const satisfies readonly OperationName[]

type Handler = (input: { readonly datastoreId: string }, app: App, notes: unknown) => Promise<unknown>

export function withKeyAccess(handlers: Handlers<App>): Handlers<App> {
  const checked: Record<string, unknown> = { ...handlers }
  for (const name of NEED_THE_KEY) checked[name] = checkedFirst(handlers[name] as Handler)
  return checked as unknown as Handlers<App>
}

const checkedFirst =
  (handler: Handler): Handler =>
  (input, app, notes) => {
    const pending = app.dataKeys.check(input.datastoreId)
    return pending === undefined ? handler(input, app, notes) : pending.then(() => handler(input, app, notes))
  }
