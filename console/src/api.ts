/**
 * The server this page came from, asked with the official SDK and the key of this tab: the same 18 operations that every other client
 * has. What Hilum answers beyond them (docs/extensions.md) is asked for in headers, or under /hilum/ with the same signature.
 */
import { Sha256 } from '@aws-crypto/sha256-browser'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { SignatureV4 } from '@smithy/signature-v4'
import { createContext, useContext } from 'react'
import type { AccessKey } from './session.ts'

/** Only part of the signature: a server of Hilum answers to every region. */
const REGION = 'us-east-1'

export interface Api {
  readonly client: MedicalImagingClient
  /** A signed request beside the API, below /hilum/. @throws HilumError where it is refused. */
  ask(request: HilumRequest): Promise<Response>
}

interface HilumRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Every segment is encoded on its way. */
  readonly path: readonly string[]
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal
}

/** An answer below /hilum/ that is an error, in the words of the server. */
export class HilumError extends Error {
  override readonly name: string
  readonly status: number

  constructor(name: string, message: string, status: number) {
    super(message)
    this.name = name
    this.status = status
  }
}

export function openApi(credentials: AccessKey): Api {
  const endpoint = window.location.origin
  const client = new MedicalImagingClient({ endpoint, region: REGION, credentials, disableHostPrefix: true })
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      Object.assign(result.output?.$metadata ?? {}, { headers: (result.response as Answer).headers })
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'keepHeaders' },
  )
  const signer = new SignatureV4({ credentials, region: REGION, service: 'medical-imaging', sha256: Sha256 })
  return {
    client,
    async ask({ method, path, query = {}, body, signal }) {
      const { protocol, hostname, port, host } = window.location
      const request = {
        method,
        protocol,
        hostname,
        ...(port !== '' && { port: Number(port) }),
        path: `/hilum/${path.map(encoded).join('/')}`,
        query: { ...query },
        headers: { host },
        ...(body && { body }),
      }
      const { headers } = await signer.sign(request)
      // The browser writes it itself.
      delete headers.host
      const words = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      const address = `${endpoint}${request.path}${words.length > 0 ? `?${words.join('&')}` : ''}`
      return answered(await fetch(address, { method, headers, body: body as BodyInit, signal }))
    },
  }
}

/** The key that a one-time link stands for. @throws HilumError where it was used before or is too old. */
export async function redeemLink(token: string): Promise<AccessKey> {
  const body = JSON.stringify({ token })
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch('/hilum/console-link/redeem', { method: 'POST', headers, body })
  return (await (await answered(response)).json()) as AccessKey
}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response
  const { message = '' } = (await response.json().catch(() => ({}))) as { message?: string }
  throw new HilumError(response.headers.get('x-amzn-errortype') ?? 'Unknown', message, response.status)
}

/** RFC 3986, as Signature Version 4 wants it. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

interface Answer {
  readonly headers?: Readonly<Record<string, string>>
}

interface AnyCommand {
  readonly middlewareStack: {
    // biome-ignore lint/suspicious/noExplicitAny: commands differ in what they take and give, and all have headers.
    add(middleware: (next: any) => any, options: { readonly step: 'build'; readonly name: string }): void
  }
}

/** The command with headers of its own, for what Hilum answers beyond the service. */
export function askingFor<C extends AnyCommand>(command: C, headers: Readonly<Record<`x-hilum-${string}`, string>>): C {
  command.middlewareStack.add(
    (next) => (args: { request: unknown }) => {
      Object.assign((args.request as { headers: Record<string, string> }).headers, headers)
      return next(args)
    },
    { step: 'build', name: 'askForExtensions' },
  )
  return command
}

/** A header of what `client.send` returned; names are lower-case. */
export const headerOf = (output: { readonly $metadata: object }, name: string): string | undefined =>
  (output.$metadata as Answer).headers?.[name]

export const ApiContext = createContext<Api | undefined>(undefined)

/** Of the person who is signed in: pages are drawn for nobody else. */
export function useApi(): Api {
  const api = useContext(ApiContext)
  if (api === undefined) throw new Error('a page was drawn before anybody signed in')
  return api
}
