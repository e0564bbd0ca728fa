/**
 * Requests to the server that served this page: the 18 operations through the official SDK, signed with the credentials of the session, and
 * the extensions of Hilum (docs/extensions.md) through headers and the routes below /hilum/.
 */
import { Sha256 } from '@aws-crypto/sha256-browser'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { SignatureV4 } from '@smithy/signature-v4'
import { createContext, useContext } from 'react'
import { renewedCredentials } from './renewed-credentials.ts'
import { type AccessKey, askOtherTabs, renewalOf, storeRenewed } from './session.ts'

/** Needed for the signature only: Hilum accepts every region. */
const REGION = 'us-east-1'

export interface Api {
  readonly client: MedicalImagingClient
  /** Sends a signed request to a route below /hilum/. @throws HilumError for an error response */
  request(request: HilumRequest): Promise<Response>
  /** Sends a signed request to the DICOMweb of a data store, with a path below it. @throws HilumError for an error response */
  dicomweb(datastoreId: string, request: HilumRequest): Promise<Response>
  close(): void
}

export interface HilumRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** The segments, not yet percent-encoded. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  /** A blob is read for its hash, and once more by the browser when it is sent: its bytes are not copied through this page. */
  readonly body?: Uint8Array | Blob
  readonly contentType?: string
  readonly signal?: AbortSignal
}

/** An error response of a route below /hilum/ or of DICOMweb, with the message of the server. */
export class HilumError extends Error {
  override readonly name: string
  readonly status: number

  constructor(name: string, message: string, status: number) {
    super(message)
    this.name = name
    this.status = status
  }
}

/** A file that was changed, moved or deleted since it was chosen. */
export class UnreadableBlob extends Error {}

export function openApi(accessKey: AccessKey): Api {
  const endpoint = window.location.origin
  const current = renewedCredentials({
    latest: () => renewalOf(accessKey),
    renew: startSession,
    onRenewed: (next) => storeRenewed(accessKey, next),
    inTurn: renewInTurn,
    now: Date.now,
  })
  const stopRenewing = current.start()
  const credentials = async () => {
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = await current.get()
    const key = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
    return { ...key, ...(expiresAt !== undefined && { expiration: new Date(expiresAt * 1000) }) }
  }
  const client = new MedicalImagingClient({ endpoint, region: REGION, credentials, disableHostPrefix: true })
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      Object.assign(result.output?.$metadata ?? {}, { headers: (result.response as WithHeaders).headers })
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'keepResponseHeaders' },
  )
  return {
    client,
    request: async (request) => sendSigned(await current.get(), belowHilum(request)),
    dicomweb: async (datastoreId, { path, ...rest }) =>
      sendSigned(await current.get(), { ...rest, path: ['datastore', datastoreId, ...path] }),
    close() {
      stopRenewing()
      client.destroy()
    },
  }
}

/** Session credentials in exchange for an access key, or for other ones of the session. @throws HilumError if the server refuses */
export const startSession = async (key: AccessKey): Promise<AccessKey> =>
  (await (await sendSigned(key, belowHilum({ method: 'POST', path: ['session'] }))).json()) as AccessKey

/** Browsers have locks for secure origins only. Without them two tabs that wake at once may both renew, which does no harm. */
async function renewInTurn(renewal: () => Promise<void>): Promise<void> {
  const renewOnce = async () => {
    await askOtherTabs()
    await renewal()
  }
  // `locks` is undefined over plain HTTP.
  const { locks } = window.navigator as { readonly locks?: LockManager }
  if (locks === undefined) await renewOnce()
  else await locks.request('hilum.renew', renewOnce)
}

const belowHilum = (request: HilumRequest): HilumRequest => ({ ...request, path: ['hilum', ...request.path] })

async function sendSigned(
  credentials: AccessKey,
  { method, path, query = {}, body, contentType, signal }: HilumRequest,
): Promise<Response> {
  const signer = new SignatureV4({ credentials, region: REGION, service: 'medical-imaging', sha256: Sha256 })
  const { origin, protocol, hostname, port, host } = window.location
  const unsigned = {
    method,
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: `/${path.map(percentEncode).join('/')}`,
    query: { ...query },
    headers: {
      host,
      ...(contentType !== undefined && { 'content-type': contentType }),
      ...(body instanceof Blob && { 'x-amz-content-sha256': await sha256Of(body) }),
    },
    ...(body instanceof Uint8Array && { body }),
  }
  const { headers } = await signer.sign(unsigned)
  // The browser sets this header.
  delete headers.host
  const parameters = Object.entries(query).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
  const url = `${origin}${unsigned.path}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`
  return checked(await fetch(url, { method, headers, body: body as BodyInit, signal }))
}

/** @throws UnreadableBlob */
async function sha256Of(blob: Blob): Promise<string> {
  const bytes = await blob.arrayBuffer().catch((cause: unknown) => {
    throw new UnreadableBlob('a file cannot be read', { cause })
  })
  return Array.from(await digestOf(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function digestOf(bytes: ArrayBuffer): Promise<Uint8Array> {
  // Browsers have it for pages over HTTPS and of this computer only.
  if (window.isSecureContext) return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const hash = new Sha256()
  hash.update(bytes)
  return hash.digest()
}

/** Exchanges the token of a sign-in link for session credentials. @throws HilumError if the link was used or has expired */
export async function redeemSignInLink(token: string): Promise<AccessKey> {
  const body = JSON.stringify({ token })
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch('/hilum/console-link/redeem', { method: 'POST', headers, body })
  return (await (await checked(response)).json()) as AccessKey
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response
  const { message = '' } = (await response.json().catch(() => ({}))) as { message?: string }
  throw new HilumError(response.headers.get('x-amzn-errortype') ?? 'Unknown', message, response.status)
}

/** RFC 3986, as Signature Version 4 requires. */
const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

interface WithHeaders {
  readonly headers?: Readonly<Record<string, string>>
}

interface AnyCommand {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: the commands have different inputs and outputs; only the headers matter here.
    add(middleware: (next: any) => any, options: { readonly step: 'build'; readonly name: string }): void
  }
}

/** Adds request headers to a command, for the extensions of Hilum. */
export function withHeaders<C extends AnyCommand>(
  command: C,
  headers: Readonly<Record<`x-hilum-${string}`, string>>,
): C {
  command.middlewareStack.add(
    (next) => (args: { request: unknown }) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
      return next(args)
    },
    { step: 'build', name: 'addRequestHeaders' },
  )
  return command
}

/** A response header of what `client.send` returned. @param name in lower case */
export const responseHeader = (output: { readonly $metadata: object }, name: string): string | undefined =>
  (output.$metadata as WithHeaders).headers?.[name]

export const ApiContext = createContext<Api | undefined>(undefined)

/** Only for components below ApiContext, which is set after sign-in. */
export function useApi(): Api {
  const api = useContext(ApiContext)
  if (api === undefined) throw new Error('useApi was called outside ApiContext')
  return api
}
