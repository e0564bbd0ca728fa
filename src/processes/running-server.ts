/** What a server that runs tells, and takes from, the program that started it. */

interface AccessKeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface ServedCertificate {
  /** The DNS names that it covers. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Reads the files now, instead of within a few seconds. */
  reload(): Promise<void>
}

export interface RunningServer {
  /** `http://127.0.0.1:8104` */
  readonly endpoint: string
  readonly port: number
  readonly credentials: AccessKeyPair
  readonly region: string
  /** Undefined for plain HTTP. */
  readonly certificate: ServedCertificate | undefined
  /** Replaces all processes one after the other, while the others serve. Undefined for a server of one process. */
  readonly restart?: () => Promise<void>
  /**
   * Finishes requests in flight, releases import jobs, and closes the stores.
   * @param options.drains first it says that it is not ready and takes connections for `limits.drainMs`, where other servers share the catalog
   */
  stop(options?: { readonly drains: boolean }): Promise<void>
}
