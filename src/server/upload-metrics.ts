/** Metrics of uploads that wait to be imported or removed. */
import { Gauge, type Registry } from 'prom-client'
import type { App } from '../app.ts'
import { isClosed } from '../stores/locations/locations.ts'
import { IMPORT_BUCKET } from './open-stores.ts'

/** Those of src/operations/uploads.ts: whole files, and parts of files. */
const FOLDERS = ['uploads/', 'upload-parts/']

/** The bucket is listed at most once in this time. */
const COUNT_EVERY_MS = 60_000

/** Returns a function that counts them. */
export function watchUploads({ locations }: Pick<App, 'locations'>, registry: Registry): () => Promise<void> {
  const registers = [registry]
  const uploads = new Gauge({ name: 'hilum_uploads', help: 'Uploads that are not removed yet.', registers })
  const bytes = new Gauge({ name: 'hilum_upload_bytes', help: 'Bytes of their files.', registers })
  async function count(): Promise<void> {
    const bucket = await locations.openBucket(IMPORT_BUCKET)
    const ids = new Set<string>()
    let sum = 0
    for (const folder of FOLDERS) {
      if (isClosed(bucket)) break
      for await (const { key, sizeBytes } of bucket.list(folder)) {
        ids.add(key.split('/')[1] ?? '')
        sum += sizeBytes
      }
    }
    uploads.set(ids.size)
    bytes.set(sum)
  }
  let countedAt = -Infinity
  return async () => {
    if (performance.now() - countedAt < COUNT_EVERY_MS) return
    countedAt = performance.now()
    // While the bucket is away they are those of the last time.
    await count().catch(() => {})
  }
}
