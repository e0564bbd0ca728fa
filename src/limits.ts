/** Every limit on what comes from outside, by name. All of them can be set in the configuration (`limits`). */

import { QUOTAS } from './contract/quotas.ts'

export interface Limits {
  /** Request line and headers together. */
  readonly requestHeaderBytes: number
  /** A request's body; the greatest legal one is an import configuration of 1,000 mappings, about 2.6 MB. */
  readonly requestBodyBytes: number
  /** Of all request bodies that are held at a time; a request beyond it is answered 503. */
  readonly requestBodiesBytes: number
  /** What is left of a body that nobody reads: up to so many bytes it is discarded and the connection kept. */
  readonly discardedBodyBytes: number
  /** A client that is refused while it sends may send so many bytes more, unread; after so long without a byte its connection is closed. */
  readonly refusedLingerMs: number
  readonly refusedLingerBytes: number
  /** From the first byte of a request to the end of its headers, and to the end of its body. */
  readonly requestHeaderTimeoutMs: number
  readonly requestBodyTimeoutMs: number
  /** An open connection that asks nothing. */
  readonly keepAliveTimeoutMs: number
  /** A new connection beyond it takes the place of the one that has had no request in flight for longest. */
  readonly connections: number
  /** The same for each IPv4 address and each IPv6 network of 64 bits; behind a proxy as many as `connections`. */
  readonly connectionsPerAddress: number
  /** How far a signature's time may be from ours, both ways. */
  readonly clockSkewMs: number
  /** Signing keys in the cache: one per access key, day and region that requests are signed for. */
  readonly signingKeysKept: number
  /** How long a stopping server waits for requests and import batches in flight. */
  readonly shutdownMs: number

  /** Of a megabyte each, kept for replies to come once they are sent; more are had when more are on their way. */
  readonly replyBuffersKept: number

  /** How long a one-time link into the console is good, and how many there may be at a time. */
  readonly consoleLinkMs: number
  readonly consoleLinks: number
  /** The body of the request that exchanges a link. */
  readonly consoleLinkBodyBytes: number
  /** Files that a browser sent and nobody removed are kept for so long. */
  readonly uploadMs: number
  /** What the uploads of one access key may take until they are removed. */
  readonly uploadBytesPerKey: number
  /** So much of the disk that uploads are written to is left free; imports and the catalog may need it. */
  readonly uploadDiskBytesKeptFree: number
  /** Of a job's report: so many files that failed, and so many that were imported with a warning. */
  readonly reportFiles: number

  readonly clientTokenMs: number
  readonly deletedDatastoreMs: number
  readonly importJobMs: number
  readonly pageSize: number
  /** How far the time of an image set's last access may lag behind in what searches tell. */
  readonly accessGranularityMs: number
  readonly accessesWrittenEveryMs: number

  /** To PostgreSQL, of each server and of each of its import threads. */
  readonly catalogReadConnections: number
  readonly catalogWriteConnections: number
  /** To connect to PostgreSQL, or to be given a connection that is free. */
  readonly catalogConnectTimeoutMs: number
  readonly catalogStatementTimeoutMs: number
  /** A connection to PostgreSQL that nobody uses is closed after it. */
  readonly catalogIdleTimeoutMs: number

  /** To connect to S3. */
  readonly s3ConnectTimeoutMs: number
  /** Of an S3 server that says nothing and takes nothing: then it is away. */
  readonly s3SilenceTimeoutMs: number
  /** A request to S3 that is slower than this as a whole is given up. */
  readonly s3BytesPerSecondMin: number
  /** To an S3 server, of each server and of each of its import threads: for reading, and as many for the rest. */
  readonly s3Connections: number

  readonly importWorkers: number
  readonly importLeaseMs: number
  /** A worker that takes an update or a copy has it for so long, and renews it. */
  readonly workflowLeaseMs: number
  /** The metadata document of a version that an update or a copy makes, as JSON. */
  readonly imageSetMetadataBytes: number
  readonly importFilesPerJob: number
  readonly importBytesPerJob: number
  readonly importFoldersPerJob: number
  readonly importFileBytes: number
  /** A file up to this size is read whole; of a larger one only the header is held in memory. */
  readonly importWholeFileBytes: number
  /** Stored files are gathered into blobs of about this size, so that one fsync makes many durable. */
  readonly importBlobBytes: number
  readonly importFilesPerBatch: number
  /** A file that this many workers in a row died on is reported as failed, and a job that nobody gets on with ends a little later. */
  readonly importAttempts: number
  readonly inflatedBytes: number
  /** What one instance's metadata may take, as JSON. */
  readonly importMetadataCharacters: number
  /** A JSON metadata file of an import job; the parsed ones that are kept come from no more bytes than this. */
  readonly importMetadataFileBytes: number
  /** A file with more is kept without frames: each is an entry of some 200 characters in the metadata document. */
  readonly importFramesPerFile: number

  /** So long after the last deletion a blob that others still use is written anew without what was deleted: one rewriting for many. */
  readonly compactionDelayMs: number
  /** The blob that was written anew stays so long for readers who had looked up before where their bytes lie. */
  readonly movedBlobGraceMs: number

  /** Threads that decode and encode frames, of each import thread; never more than there are cores. */
  readonly frameThreads: number
  /**
   * A frame whose codec takes longer has its thread ended: so much for each, and so much more for each MiB of its pixels; by the clock
   * first, and then as much again of the processor.
   */
  readonly frameDeadlineMs: number
  readonly frameDeadlineMsPerMiB: number
  /** What the codecs of one thread may take of memory, and its JavaScript once more. */
  readonly frameThreadBytes: number
}

export const DEFAULT_LIMITS: Limits = {
  requestHeaderBytes: 32 * 1024,
  requestBodyBytes: 4 * 1024 * 1024,
  requestBodiesBytes: 64 * 1024 * 1024,
  discardedBodyBytes: 64 * 1024,
  refusedLingerMs: 1_000,
  refusedLingerBytes: 64 * 1024 * 1024,
  requestHeaderTimeoutMs: 20_000,
  requestBodyTimeoutMs: 60_000,
  keepAliveTimeoutMs: 65_000,
  connections: 4_096,
  connectionsPerAddress: 1_024,
  clockSkewMs: 15 * 60_000,
  signingKeysKept: 1_024,
  shutdownMs: 30_000,

  replyBuffersKept: 16,

  consoleLinkMs: 10 * 60_000,
  consoleLinks: 16,
  consoleLinkBodyBytes: 1_024,
  uploadMs: 7 * 24 * 3_600_000,
  uploadBytesPerKey: 256 * 1024 ** 3,
  uploadDiskBytesKeptFree: 2 * 1024 ** 3,
  reportFiles: 1_000,

  clientTokenMs: 24 * 3_600_000,
  deletedDatastoreMs: 24 * 3_600_000,
  importJobMs: 90 * 24 * 3_600_000,
  pageSize: 50,
  accessGranularityMs: 3_600_000,
  accessesWrittenEveryMs: 5_000,

  catalogReadConnections: 8,
  catalogWriteConnections: 4,
  catalogConnectTimeoutMs: 5_000,
  catalogStatementTimeoutMs: 30_000,
  catalogIdleTimeoutMs: 60_000,

  s3ConnectTimeoutMs: 2_000,
  s3SilenceTimeoutMs: 10_000,
  s3BytesPerSecondMin: 128 * 1024,
  s3Connections: 512,

  importWorkers: 1,
  importLeaseMs: 30_000,
  workflowLeaseMs: 30_000,
  imageSetMetadataBytes: 4 * 1024 ** 3,
  importFilesPerJob: 10_000_000,
  importBytesPerJob: 16 * 1024 ** 4,
  importFoldersPerJob: 10_000_000,
  importFileBytes: 4 * 1024 ** 3,
  importWholeFileBytes: 64 * 1024 ** 2,
  importBlobBytes: 16 * 1024 ** 2,
  importFilesPerBatch: 512,
  importAttempts: 4,
  inflatedBytes: 512 * 1024 ** 2,
  importMetadataCharacters: 128 * 1024 ** 2,
  importMetadataFileBytes: 32 * 1024 ** 2,
  importFramesPerFile: 250_000,

  compactionDelayMs: 10 * 60_000,
  movedBlobGraceMs: 3_600_000,

  frameThreads: 64,
  frameDeadlineMs: 20_000,
  frameDeadlineMsPerMiB: 2_000,
  frameThreadBytes: 2 * 1024 ** 3,
}

/** With `--aws-quotas`, the service's own where ours are wider (AWS "Endpoints and quotas"). */
export const withAwsQuotas = (limits: Limits): Limits => ({
  ...limits,
  importFilesPerJob: Math.min(limits.importFilesPerJob, QUOTAS.filesPerImportJob),
  importBytesPerJob: Math.min(limits.importBytesPerJob, QUOTAS.importJobBytes),
  importFoldersPerJob: Math.min(limits.importFoldersPerJob, QUOTAS.foldersPerImportJob),
  importFileBytes: Math.min(limits.importFileBytes, QUOTAS.importFileBytes),
  imageSetMetadataBytes: Math.min(limits.imageSetMetadataBytes, QUOTAS.imageSetMetadataBytes),
})
