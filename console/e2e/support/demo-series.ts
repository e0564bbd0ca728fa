/** A data store with the studies of the demo, or their first instances, for screenshots. */
import { activeDatastore } from '../../../acceptance/support/datastores.ts'
import type { TestServer } from '../../../acceptance/support/hilum.ts'
import { importFiles } from '../../../acceptance/support/import.ts'
import { demoInstances } from '../../../src/demo/instances.ts'

export async function demoDatastore(
  server: TestServer,
  { datastoreName, instances }: { readonly datastoreName: string; readonly instances: number | undefined },
): Promise<string> {
  const datastoreId = await activeDatastore(server.sdk, { datastoreName, tags: { department: 'radiology' } })
  const files: Record<string, Uint8Array> = {}
  for await (const { path, bytes } of demoInstances({ seed: 1, today: '20260115' })) {
    files[path] = bytes
    if (Object.keys(files).length === instances) break
  }
  await importFiles(server, { datastoreId, files })
  return datastoreId
}
