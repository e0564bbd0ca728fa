/**
 * Starts a Hilum for the tests of one file, and the official SDK pointed at it. This is the only access to the implementation: everything
 * else uses HTTP.
 */
import { after } from 'node:test'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { type Hilum, type HilumOptions, startHilum } from '../../src/testing.ts'

export { type Hilum, type HilumOptions, startHilum }

export interface TestServer {
  readonly hilum: Hilum
  readonly sdk: MedicalImagingClient
}

/** Repeats all tests with partitions: `HILUM_PARTITIONS=2 npm test -- acceptance`. */
const PARTITIONS = Number(process.env.HILUM_PARTITIONS ?? 1)

/** A server for the tests of one file, stopped after the last of them. */
export async function openHilum(options: HilumOptions = {}): Promise<TestServer> {
  const hilum = await startHilum({ partitions: PARTITIONS, ...options })
  const sdk = sdkFor(hilum)
  after(async () => {
    sdk.destroy()
    await hilum.stop()
  })
  return { hilum, sdk }
}

/** One attempt per request: a retry could hide an error of the server. */
export const sdkFor = (hilum: Hilum): MedicalImagingClient =>
  new MedicalImagingClient({ ...hilum.client, maxAttempts: 1 })
