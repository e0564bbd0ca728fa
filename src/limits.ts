/**
 * Every limit on external input and on resources, by name. Each can be set in the configuration file (`limits`). default-limits.ts has their
 * values; those that bound memory are smaller on a server with little memory (server/limits-for.ts).
 */

export interface Limits {
  /** Request line and headers together. */
  readonly requestHeaderBytes: number
  /** A request body. The largest valid one is an import configuration of 1,000 mappings, about 2.6 MB. */
  readonly requestBodyBytes: number
  /** All request bodies in memory at the same time; beyond it, requests are answered with 503. */
  readonly requestBodiesBytes: number
  /** An unread body up to this size is discarded, and the connection is kept open. */
  readonly discardedBodyBytes: number
  /** A refused client that is still sending: its connection is closed after this time without a byte, or after this many bytes. */
  readonly refusedLingerMs: number
  readonly refusedLingerBytes: number
  /** From the first byte of a request to the end of its headers, and to the end of its body. */
  readonly requestHeaderTimeoutMs: number
  readonly requestBodyTimeoutMs: number
  /** An open connection without a request. */
  readonly keepAliveTimeoutMs: number
  /** How often the files of the TLS certificate are read, to use another one without a restart. */
  readonly certificateCheckMs: number
  /** At this number, a new connection replaces the one that has been idle longest. */
  readonly connections: number
  /** The same per IPv4 address and per IPv6 /64 network, except of trusted proxies. */
  readonly connectionsPerAddress: number
  /** Requests per IPv4 address and per IPv6 /64 network, and per principal: on average, and at once after a pause. */
  readonly requestsPerSecondPerAddress: number
  readonly requestBurstPerAddress: number
  readonly requestsPerSecondPerPrincipal: number
  readonly requestBurstPerPrincipal: number
  /** Refused signatures and bearer tokens of an address. Beyond it, a key or token that was never accepted is not looked up for requests from there. */
  readonly failedSignaturesPerMinutePerAddress: number
  readonly failedSignatureBurstPerAddress: number
  /** Addresses and principals whose rates are in memory. */
  readonly rateLimitsKept: number
  /** The largest difference between the time of a signature and the server's clock, in both directions. */
  readonly clockSkewMs: number
  /** Signing keys in the cache, and as many session tokens: one per access key, day and region that requests are signed for. */
  readonly signingKeysKept: number
  /** So long a process may not notice that another has changed principals or policies; and the access keys in its cache, known and unknown. */
  readonly accessCacheMs: number
  readonly accessKeysCached: number
  /** The validity of session credentials, and how long after sign-in they can be renewed. */
  readonly sessionMs: number
  readonly sessionRenewableMs: number
  /** A bearer token, and the difference between its dates and the server's clock. */
  readonly bearerTokenCharacters: number
  readonly tokenClockSkewMs: number
  /** To decide a bearer token; AWS has the same. The tokens that are being decided, and the answer of an authorizer or a provider. */
  readonly authorizerTimeoutMs: number
  readonly authorizerCalls: number
  readonly authorizerAnswerBytes: number
  /** A decision is used for this time for the same token, data store and operation; and how many are kept. */
  readonly authorizerCacheMs: number
  readonly authorizerCallersCached: number
  /** The keys of an OpenID Connect provider are fetched again after this time; for an unknown key id not before the second. */
  readonly oidcKeysMs: number
  readonly oidcRefetchMs: number
  readonly principals: number
  readonly policies: number
  readonly tagsPerPrincipal: number
  /** Attached to one principal. */
  readonly policiesPerPrincipal: number
  /** How long a key can stay valid after its rotation. */
  readonly keyOverlapMs: number
  /** A policy document, its statements, and each text in it. */
  readonly policyDocumentBytes: number
  readonly policyStatements: number
  readonly policyValueCharacters: number
  /** A line of the audit log that changes no data is durable after this time. While writing fails, it is tried again after the second. */
  readonly auditSyncMs: number
  readonly auditRetryMs: number
  /** A file of the audit log; the next one starts at this size, or at the end of the day (UTC). */
  readonly auditFileBytes: number
  /** Lines of refused requests in the audit log, per address; others are counted. */
  readonly auditRefusalsPerMinute: number
  /** A page of the audit log: it ends when so many bytes were read, even without an event. */
  readonly auditPageBytes: number
  /** A stopping server waits this long for requests and import batches in flight. */
  readonly shutdownMs: number
  /** On PostgreSQL, SIGTERM: so long a server says that it is not ready, and still takes connections. A load balancer finds the others. */
  readonly drainMs: number
  /** Servers of one catalog: how often each says that it lives, and after how long one that did not is lost. */
  readonly serverBeatMs: number
  readonly serverSilenceMs: number
  /** Of a server with several processes: one that does not answer for this time is ended, and another one takes its place. */
  readonly processSilenceMs: number
  /** A new process has this time to become ready. */
  readonly processStartMs: number
  /** Connections without a request stay open so long when their process is replaced. */
  readonly replacedIdleMs: number
  /** The resident memory of the process that runs imports, workflows and maintenance. Beyond it, it is ended, and another one takes its place. */
  readonly jobsMemoryBytes: number

  /** Buffers of 1 MiB in the pool for replies; more are allocated when all are in use. */
  readonly replyBuffersKept: number

  /** The validity of a one-time link into the console, and the number of links at the same time. */
  readonly consoleLinkMs: number
  readonly consoleLinks: number
  /** The body of the request that exchanges a link. */
  readonly consoleLinkBodyBytes: number

  /** The validity of a one-time link to a download, the number of links at the same time, and what one may name. */
  readonly downloadLinkMs: number
  readonly downloadLinks: number
  readonly downloadItems: number
  /** Uploads that no client removes are deleted after this time. */
  readonly uploadMs: number
  /** The uploads of one access key, until they are removed. */
  readonly uploadBytesPerKey: number
  /** Beside other servers, which store uploads too, what the bucket holds is counted again after this time. */
  readonly uploadsCountedMs: number
  /** Uploads leave this much of their disk free, for imports and the catalog. */
  readonly uploadDiskBytesKeptFree: number
  /** Files that one request can add to an upload. */
  readonly uploadFilesPerRequest: number
  /** The failed files, and the files with a warning, in the report of an import job. */
  readonly reportFiles: number
  /** Different reasons that the summary of a report names, and how much of a file of the report it reads for them. */
  readonly reportReasons: number
  readonly reportReasonsBytes: number
  /** Files on a page of a report, and how much of the report a request reads for them. */
  readonly reportPageFiles: number
  readonly reportPageBytes: number

  /** The same client token within this time is a repeated request. */
  readonly clientTokenMs: number
  /** Deleted data stores and image sets stay visible for this time: clients poll for DELETED. */
  readonly deletedDatastoreMs: number
  /** How long the data key of a data store is used after its key service was asked, at most 60,000: then a revoked key has stopped. */
  readonly dataKeyMs: number
  /** A request to the key service that has no answer after this time is tried once more; then the key service counts as away. */
  readonly keyServiceTimeoutMs: number
  /** Decrypted frames and documents that are kept in memory while their data key is used; a larger one than an eighth is not. */
  readonly decryptedCacheBytes: number
  /** ListDICOMImportJobs returns jobs that are not older. */
  readonly importJobMs: number
  readonly pageSize: number
  /** DICOM attributes that are declared searchable for a data store. More make each image set larger, and imports slower. */
  readonly declaredAttributes: number
  /** The resolution of an image set's last access time in the catalog, and how often it is written. */
  readonly accessGranularityMs: number
  readonly accessesWrittenEveryMs: number
  /** Image sets whose last access time is in memory. */
  readonly accessTimesKept: number

  /** Connections to PostgreSQL, per server and per import thread. */
  readonly catalogReadConnections: number
  readonly catalogWriteConnections: number
  /** To connect to PostgreSQL, or to obtain a free connection. */
  readonly catalogConnectTimeoutMs: number
  readonly catalogStatementTimeoutMs: number
  /** The same for `hilum verify` and `hilum reindex`, which count millions of rows in one statement. */
  readonly maintenanceStatementTimeoutMs: number
  /** An unused connection to PostgreSQL is closed after this time. */
  readonly catalogIdleTimeoutMs: number
  /**
   * That a connection to PostgreSQL keeps, each about 20 KB of its memory. A partition has some 100: those that were used longest ago are closed. An
   * import of single files into more partitions takes twice as long.
   */
  readonly catalogPreparedStatements: number

  /** To connect to S3. */
  readonly s3ConnectTimeoutMs: number
  /** An S3 server that neither sends nor accepts a byte for this time is treated as away. */
  readonly s3SilenceTimeoutMs: number
  /** A request to S3 whose average rate is lower is aborted. */
  readonly s3BytesPerSecondMin: number
  /** Connections to an S3 server, per server and per import thread: as many for reading, and as many for other requests. */
  readonly s3Connections: number

  /** Image sets of a study or series that one request to DICOMweb can delete. */
  readonly imageSetsPerDeletion: number
  /** Instances in a zip archive of DICOMweb, whose DICOMDIR is in memory until its end: about 300 bytes each. */
  readonly filesPerZip: number
  /** Series, or instances, that a search of DICOMweb reads: beyond it, a page can have fewer results than its limit. */
  readonly dicomwebSearchRows: number
  /** Store requests of DICOMweb: the body, its files, the headers of a part, and the requests at the same time. */
  readonly storeRequestBytes: number
  readonly storeRequestFiles: number
  readonly storePartHeaderBytes: number
  readonly storeRequests: number
  readonly storeRequestsPerPrincipal: number
  /** A store request that sends no byte for the first time, or is not complete after the second, is refused. */
  readonly storeIdleMs: number
  readonly storeRequestMs: number
  /** Files of all store requests that are received, but not read yet. Beyond it, a file is received into a blob. */
  readonly storeMemoryBytes: number
  /** Store requests share a job until it has this many files, or was not used for this time. */
  readonly storeFilesPerJob: number
  readonly storeJobIdleMs: number
  /** A chunk of a body that is signed in chunks (aws-chunked): it is used when its signature is checked. */
  readonly signedChunkBytes: number

  /** Import threads. Each has a heap, frame threads and connections to the catalog of its own. */
  readonly importWorkers: number
  /** An import job that has been worked on for this time gives way, after its current batch, to another one that waits. */
  readonly importTurnMs: number
  /** A job whose turn does not end, because of a large file or report, continues beside the next ones: together at most this many per thread. */
  readonly importJobsPerWorker: number
  readonly importLeaseMs: number
  /** The lease of a worker on an update or a copy; it is renewed. */
  readonly workflowLeaseMs: number
  /** An update or a copy on which this many workers in a row died fails. */
  readonly workflowAttempts: number
  /** The metadata document of a version that an update or a copy creates, as JSON. */
  readonly imageSetMetadataBytes: number
  readonly importFilesPerJob: number
  readonly importBytesPerJob: number
  readonly importFoldersPerJob: number
  readonly importFileBytes: number
  /** A file up to this size is read whole; of a larger one only the header is held in memory. */
  readonly importWholeFileBytes: number
  /** Files that are read, but not stored yet. A larger file is read alone. */
  readonly importReadAheadBytes: number
  /** Stored files are combined into blobs of about this size, so that one fsync makes many files durable. */
  readonly importBlobBytes: number
  readonly importFilesPerBatch: number
  /** A file on which this many workers in a row died is reported as failed; a job without progress fails a few attempts later. */
  readonly importAttempts: number
  /** The JavaScript heap of an import thread, without the bytes of files and frames. A thread that exceeds it is replaced. */
  readonly importHeapBytes: number
  /** An idle import thread is replaced by a new one after this time, which frees its memory. Both run until the new one is ready. */
  readonly importThreadIdleMs: number
  /** A deflated data set, after inflation. */
  readonly inflatedBytes: number
  /** The metadata of one instance, as JSON. */
  readonly importMetadataCharacters: number
  /** A JSON metadata file of an import job, and all parsed files in memory together. */
  readonly importMetadataFileBytes: number
  /** A file with more is stored without frames: each frame takes some 200 characters in the metadata document. */
  readonly importFramesPerFile: number

  /** The scheduled verification reads no more bytes than this. */
  readonly verifyBytesPerSecond: number
  /** How often the server looks whether a verification is due; the first time after this time. */
  readonly verifyLookMs: number

  /** A partly unreferenced blob is compacted this long after its last deletion, so that one compaction serves many deletions. */
  readonly compactionDelayMs: number
  /** Grace period after compaction for readers that already resolved the location in the old blob. */
  readonly movedBlobGraceMs: number

  /** Threads that decode and encode frames, per import thread; at most one per core. */
  readonly frameThreads: number
  /**
   * The time for one frame, plus the time for each MiB of its pixels. The thread of a frame that takes longer is terminated: measured by
   * the clock first, then as much again in processor time.
   */
  readonly frameDeadlineMs: number
  readonly frameDeadlineMsPerMiB: number
  /** The memory of all frames that the frame threads of one import thread process at the same time. */
  readonly frameMemoryBytes: number
  /**
   * The memory of one frame: its bytes in the file, its pixels, its stored bytes and its codec. A frame that needs more than
   * `frameMemoryBytes` is processed alone. A frame that needs more than this is not stored, and its instance gets a warning.
   */
  readonly frameThreadBytes: number
  /** The memory of frames that are decoded for replies, until they are sent. A frame that needs more is decoded alone. */
  readonly servedFrameBytes: number
  /** A request waits so long for that memory; then it gets a 503. And the pixels of an image that is rendered of a frame. */
  readonly servedFrameWaitMs: number
  readonly renderedPixels: number
  /** An idle frame thread ends after this time, which frees the memory of its codecs. */
  readonly frameThreadIdleMs: number

  /** The page cache of each SQLite connection: two of the server, two of each import thread. */
  readonly catalogCacheBytes: number
}

/** Each has connections to the stores, and takes memory. */
export const PROCESSES_MAX = 64

/** Over which the studies of a data store are spread: more catalogs than that are more connections than searches. */
export const PARTITIONS_MAX = 256
