/** Traces of requests and jobs (docs/operating/monitoring.md). */
import type { InSpan } from '../app.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'

interface TracedRequest {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
}
interface TracedReply {
  readonly status: number
  readonly operation?: string
  readonly requestId?: string
}

export interface Tracing {
  readonly inSpan: InSpan
  /** Each request is a span, and its reads and writes of the stores are children. */
  traced<Request extends TracedRequest, Reply extends TracedReply>(
    handler: (request: Request) => Promise<Reply>,
  ): (request: Request) => Promise<Reply>
  stores<Stores extends { readonly catalog: Catalog; readonly blobs: BlobStore }>(stores: Stores): Stores
  /** Sends what is left. */
  stop(): Promise<void>
}

export const NO_TRACING: Tracing = {
  inSpan: (_name, _attributes, step) => step(),
  traced: (handler) => handler,
  stores: (stores) => stores,
  stop: async () => {},
}
