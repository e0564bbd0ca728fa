/** The server under measurement: `bin/hilum serve` on a data folder of its own, and the official client to it. */

import { join } from 'node:path'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { freePort } from '../src/fixtures/free-port.ts'
import { type MeasuredProcess, projectFolder, start, untilAnswering } from './processes.ts'

export const BENCH_KEYS = {
  accessKeyId: 'HILUMBENCHBENCHBENCH',
  secretAccessKey: 'only-for-a-server-that-lives-seconds',
}

export interface BenchServer extends MeasuredProcess {
  readonly port: number
  readonly client: MedicalImagingClient
  /** From the start of the process to its first answer. */
  readonly readyMs: number
}

/**
 * @param options.checkout the folder of another one, which is built
 * @param options.catalogUrl of a PostgreSQL database; without it the catalog is in the data folder.
 */
export async function startHilumServer(
  dataFolder: string,
  {
    checkout = projectFolder,
    catalogUrl,
    encryption = 'on',
    processes = 1,
    env = {},
  }: {
    readonly checkout?: string
    readonly catalogUrl?: string
    readonly encryption?: 'on' | 'none'
    readonly processes?: number
    /** More settings. */
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<BenchServer> {
  const port = await freePort()
  const startedAt = performance.now()
  const measured = start(
    process.execPath,
    [join(checkout, 'bin/hilum'), 'serve', '--data', dataFolder, '--port', `${port}`, '--log-level', 'error'],
    {
      cwd: checkout,
      env: {
        HILUM_ACCESS_KEY_ID: BENCH_KEYS.accessKeyId,
        HILUM_SECRET_ACCESS_KEY: BENCH_KEYS.secretAccessKey,
        HILUM_ENCRYPTION: encryption,
        HILUM_PROCESSES: `${processes}`,
        // Servers of one catalog need the same.
        HILUM_SEALING_KEY: '5e'.repeat(32),
        // It may hold a password, which a list of processes would show.
        ...(catalogUrl === undefined ? {} : { HILUM_CATALOG: catalogUrl }),
        ...env,
      },
    },
  )
  const endpoint = `http://127.0.0.1:${port}`
  await untilAnswering(endpoint, 30_000)
  const readyMs = performance.now() - startedAt
  const client = new MedicalImagingClient({
    endpoint,
    region: 'us-east-1',
    credentials: BENCH_KEYS,
    disableHostPrefix: true,
  })
  return { ...measured, port, client, readyMs }
}
