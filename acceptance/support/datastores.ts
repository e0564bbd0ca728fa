/** Creates data stores as a client does, and polls until they can be used. */
import {
  CreateDatastoreCommand,
  type CreateDatastoreCommandInput,
  type DatastoreStatus,
  GetDatastoreCommand,
  type MedicalImagingClient,
} from '@aws-sdk/client-medical-imaging'
import { until } from './until.ts'

export async function activeDatastore(
  sdk: MedicalImagingClient,
  input: Partial<CreateDatastoreCommandInput> = {},
): Promise<string> {
  const { datastoreId } = await sdk.send(
    new CreateDatastoreCommand({ datastoreName: 'test', ...input } as CreateDatastoreCommandInput),
  )
  await untilDatastore(sdk, { datastoreId: datastoreId!, is: 'ACTIVE' })
  return datastoreId!
}

export const untilDatastore = (
  sdk: MedicalImagingClient,
  wanted: { readonly datastoreId: string; readonly is: DatastoreStatus },
): Promise<unknown> =>
  until(async () => {
    const { datastoreProperties } = await sdk.send(new GetDatastoreCommand({ datastoreId: wanted.datastoreId }))
    return datastoreProperties?.datastoreStatus === wanted.is ? true : undefined
  })
