/** One-time links into the console. They are in the catalog, so that any server can exchange a link that another one made. */

export interface ConsoleLinkRecord {
  /** SHA-256 of the token, in hex. */
  readonly tokenDigest: string
  readonly signInKeyId: string
  readonly renewableUntil: number | undefined
  /** It was asked for on the machine of the server, and works only there. */
  readonly isLocal: boolean
  readonly expiresAt: number
}

export interface ConsoleLinkRecords {
  /** Removes expired links, and the oldest beyond `linksMax`. */
  add(link: ConsoleLinkRecord, options: { readonly at: number; readonly linksMax: number }): Promise<void>
  /** Removes it: a link is taken once, by whichever server. Undefined if it does not exist, is expired, or does not work from there. */
  take(
    tokenDigest: string,
    from: { readonly at: number; readonly isLocal: boolean },
  ): Promise<ConsoleLinkRecord | undefined>
}
