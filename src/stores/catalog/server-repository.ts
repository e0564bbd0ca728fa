/**
 * The servers of a catalog that several share: which of them live, and the keys that all of them have. A server says every few seconds that it
 * lives; one that has not for a while is lost, and the leases of its workers can end.
 */

/** What a server says about itself. */
export interface ServerRecord {
  /** 32 hex digits, another one at each start. */
  readonly serverId: string
  /** For messages: where it listens. */
  readonly name: string
  /** Those on which servers of a catalog agree, by name: as text, without secrets. */
  readonly settings: Readonly<Record<string, string>>
  /** Of its threads for jobs: the owners of their leases begin so. */
  readonly workerIds: readonly string[]
}

export interface LiveServer extends Omit<ServerRecord, 'workerIds'> {
  readonly seenAt: number
}

/** Without the sealing key, nothing can be done with them. */
export interface SharedKeys {
  /** A digest of the sealing key. */
  readonly sealingKeyDigest: string
  /** The access key of the owner. */
  readonly accessKeyId: string
  /** In base64. */
  readonly sealedSecret: string
}

export interface Servers {
  /**
   * Records that the server lives, and removes those that were not seen since `silentSince`; without it none is removed.
   * @returns the others that live, by their start, and the workers of those that were removed
   */
  beat(
    server: ServerRecord,
    times: { readonly at: number; readonly silentSince?: number | undefined },
  ): Promise<{ readonly others: readonly LiveServer[]; readonly lostWorkerIds: readonly string[] }>
  leave(serverId: string): Promise<void>
  sharedKeys(): Promise<SharedKeys | undefined>
  /** Keeps the keys if there are none yet. @returns those that are kept */
  keepKeys(keys: SharedKeys): Promise<SharedKeys>
  replaceKeys(keys: SharedKeys): Promise<void>
}
