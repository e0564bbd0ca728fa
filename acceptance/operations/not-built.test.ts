/**
 * The operations that later versions bring. Until then each answers an honest 501 that names it, and only to a caller who signed
 * and sent a valid request. A test leaves this table when its operation is built.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GetImageFrameCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { rejectsAs } from '../support/errors.ts'
import { openHilum, sdkFor } from '../support/hilum.ts'

const { hilum, sdk } = await openHilum()
const id = '0123456789abcdef0123456789abcdef'

/** Each with one id that is right or wrong. */
const OPERATIONS: Record<string, (sdk: MedicalImagingClient, datastoreId: string) => Promise<unknown>> = {
  GetImageFrame: (client, datastoreId) =>
    client.send(new GetImageFrameCommand({ datastoreId, imageSetId: id, imageFrameInformation: { imageFrameId: id } })),
}

for (const [operation, send] of Object.entries(OPERATIONS)) {
  test(`${operation} says that it is not built yet`, async () => {
    await rejectsAs(send(sdk, id), 'NotImplementedException', new RegExp(operation))
  })

  test(`${operation} refuses an invalid request first`, async () => {
    await rejectsAs(send(sdk, 'XX'), 'ValidationException', /datastoreId/)
  })

  test(`${operation} tells a stranger nothing`, async () => {
    const stranger = sdkFor({
      ...hilum,
      client: { ...hilum.client, credentials: { ...hilum.client.credentials, secretAccessKey: 'wrong' } },
    })
    await assert.rejects(send(stranger, id), { name: 'InvalidSignatureException' })
    stranger.destroy()
  })
}
