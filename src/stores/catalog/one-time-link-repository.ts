/** One-time links. They are in the catalog, so that any server can exchange a link that another one made. */

/** What it is exchanged for. */
export type LinkKind = 'console' | 'download'

interface LinkName {
  /** SHA-256 of the token, in hex. */
  readonly tokenDigest: string
  readonly kind: LinkKind
}

export interface OneTimeLinkRecord extends LinkName {
  /** JSON. */
  readonly subject: string
  /** It was asked for on the machine of the server, and works only there. */
  readonly isLocal: boolean
  readonly expiresAt: number
}

export interface OneTimeLinkRecords {
  /** Removes expired links, and the oldest of the kind beyond `linksMax`. */
  add(link: OneTimeLinkRecord, options: { readonly at: number; readonly linksMax: number }): Promise<void>
  /** Removes it: a link is taken once, by whichever server. Undefined if it does not exist, is expired, or does not work from there. */
  take(link: LinkName, from: { readonly at: number; readonly isLocal: boolean }): Promise<OneTimeLinkRecord | undefined>
}
