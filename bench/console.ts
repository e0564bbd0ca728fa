/** What a person waits for the console in a fresh browser, and again when the browser has its files. */
import { setTimeout as wait } from 'node:timers/promises'
import { CreateDatastoreCommand, GetDatastoreCommand } from '@aws-sdk/client-medical-imaging'
import { type LoadTime, measureLoad } from '../console/e2e/support/load-time.ts'
import { BENCH_KEYS, startHilumServer } from './hilum-server.ts'
import { inTempFolder } from './processes.ts'

/** Undefined where there is no browser. */
export const measureConsole = (): Promise<LoadTime | undefined> =>
  inTempFolder(async (folder) => {
    const server = await startHilumServer(folder)
    try {
      const { datastoreId } = await server.client.send(new CreateDatastoreCommand({ datastoreName: 'bench' }))
      for (;;) {
        const { datastoreProperties } = await server.client.send(new GetDatastoreCommand({ datastoreId }))
        if (datastoreProperties?.datastoreStatus === 'ACTIVE') break
        await wait(20)
      }
      const endpoint = `http://127.0.0.1:${server.port}`
      return await measureLoad({ endpoint, credentials: BENCH_KEYS, datastoreId: datastoreId! })
    } finally {
      await server.stop()
    }
  })
