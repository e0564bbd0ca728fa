/** What a person waits for the console in a fresh browser, again when the browser has its files, and for the first picture of a CT. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { firstCT, measureFirstPicture } from '../console/e2e/support/first-picture.ts'
import { type LoadTime, measureLoad } from '../console/e2e/support/load-time.ts'
import { BENCH_KEYS, startHilumServer } from './hilum-server.ts'
import { createActiveDatastore, importAll } from './importing.ts'
import { inTempFolder } from './processes.ts'

export interface ConsoleTimes {
  readonly load: LoadTime
  readonly firstPictureMs: number
}

/** Undefined where there is no browser. */
export const measureConsole = (): Promise<ConsoleTimes | undefined> =>
  inTempFolder(async (folder) => {
    const input = join(folder, 'buckets/bench-input')
    for (const bucket of [input, join(folder, 'buckets/bench-output')]) await mkdir(bucket, { recursive: true })
    for (const [name, bytes] of Object.entries(await firstCT())) await writeFile(join(input, name), bytes)
    const server = await startHilumServer(folder)
    try {
      const datastoreId = await createActiveDatastore(server)
      await importAll(server, { datastoreId })
      const { imageSetsMetadataSummaries } = await server.client.send(new SearchImageSetsCommand({ datastoreId }))
      const imageSetId = imageSetsMetadataSummaries![0]!.imageSetId!
      const opened = { endpoint: `http://127.0.0.1:${server.port}`, credentials: BENCH_KEYS, datastoreId }
      const load = await measureLoad(opened)
      const firstPictureMs = await measureFirstPicture({ ...opened, imageSetId })
      return load === undefined || firstPictureMs === undefined ? undefined : { load, firstPictureMs }
    } finally {
      await server.stop()
    }
  })
