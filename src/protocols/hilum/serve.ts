/**
 * The door of what Hilum does beyond the API, below /hilum/ (docs/extensions.md): one-time links into the console, files from a browser,
 * reports of import jobs, and the files that instances were imported from. Signed like every request of the API, but for the exchange of
 * a link, which is what a browser without a key does.
 */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Extensions } from '../../contract/extensions.ts'
import type { Bytes } from '../../contract/shapes.ts'
import type { Verify } from '../aws/sigv4.ts'
import { contractErrorOf, writeError } from '../aws/write-error.ts'
import { bytesReply } from '../aws/write-output.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { createConsoleLinks } from './console-links.ts'
import { redeemLink } from './redeem-link.ts'

const BELOW = '/hilum/'
const UNSIGNED = { accessKeyId: '', body: new Uint8Array(0) }

const REDEEM = 'console-link/redeem'

export const isOfHilum = (path: string): boolean => path.startsWith(BELOW)

/** The route that nobody signs. No page of another origin may call it. */
export const isUnsigned = (path: string): boolean => path === `${BELOW}${REDEEM}`

interface Asked {
  readonly request: WireRequest
  /** As it was signed; empty where the request need not be signed: such a route reads it by itself. */
  readonly body: Uint8Array
  /** By the names in the path template, decoded. */
  readonly labels: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Of the key that the request is signed with; empty where it need not be. */
  readonly accessKeyId: string
}

interface Route {
  /** Method and path template below /hilum/. */
  readonly http: string
  readonly unsigned?: true
  /** What is answered as JSON, or as bytes; undefined for nothing. */
  answer(asked: Asked): Promise<object | undefined> | object
  /** Of an answer that is bytes. */
  readonly contentType?: string
}

export function hilumHandler(
  app: App,
  behind: { readonly verify: Verify; readonly extensions: Extensions<App> },
): ProtocolHandler {
  const { verify, extensions } = behind
  const links = createConsoleLinks(app.limits)

  const routes: readonly Route[] = [
    {
      http: 'POST console-link',
      answer({ accessKeyId }) {
        const { token, expiresAt } = links.make(accessKeyId, app.clock())
        return { token, expiresAt: expiresAt / 1000 }
      },
    },
    {
      http: `POST ${REDEEM}`,
      unsigned: true,
      answer: ({ request }) => redeemLink(request, { app, links }),
    },
    { http: 'POST uploads', answer: ({ accessKeyId }) => extensions.startUpload({ accessKeyId }, app) },
    {
      http: 'PUT uploads/{uploadId}/{name}',
      async answer({ accessKeyId, labels, query, body }) {
        const file = { accessKeyId, uploadId: labels.uploadId!, name: labels.name!, bytes: body }
        await extensions.putUploadFile(query.has('part') ? { ...file, part: numberOf(query, 'part') } : file, app)
        return undefined
      },
    },
    {
      http: 'POST uploads/{uploadId}/{name}',
      async answer({ accessKeyId, labels, query }) {
        const file = { accessKeyId, uploadId: labels.uploadId!, name: labels.name!, parts: numberOf(query, 'parts') }
        await extensions.joinUploadFile(file, app)
        return undefined
      },
    },
    {
      http: 'DELETE uploads/{uploadId}',
      async answer({ accessKeyId, labels }) {
        await extensions.removeUpload({ accessKeyId, uploadId: labels.uploadId! }, app)
        return undefined
      },
    },
    {
      http: 'GET reports/{datastoreId}/{jobId}',
      async answer({ labels }) {
        const report = await extensions.readImportReport(
          { datastoreId: labels.datastoreId!, jobId: labels.jobId! },
          app,
        )
        if (report !== undefined) return report
        throw new ContractError('ResourceNotFoundException', 'The job has written no report, or not yet.')
      },
    },
    {
      http: 'GET files/{datastoreId}/{imageSetId}/{sopInstanceUID}',
      contentType: 'application/dicom',
      answer({ labels, query }) {
        const { datastoreId, imageSetId, sopInstanceUID } = labels as Record<string, string>
        const versionId = query.has('version') ? String(numberOf(query, 'version')) : undefined
        const file = { datastoreId: datastoreId!, imageSetId: imageSetId!, sopInstanceUID: sopInstanceUID!, versionId }
        return extensions.openImportedFile(file, app)
      },
    },
  ]

  async function answer(request: WireRequest): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const found = find(routes, request.method, path.slice(BELOW.length))
    if (found === undefined) throw new ContractError('UnknownOperationException', '')
    const { route, labels } = found
    const bodyBytes = app.limits.requestBodyBytes
    const { accessKeyId, body } = route.unsigned ? UNSIGNED : await verify(request, { now: app.clock(), bodyBytes })
    const output = await route.answer({
      request,
      body,
      labels: decoded(labels),
      query: new URLSearchParams(query),
      accessKeyId,
    })
    const operation = route.http
    if (route.contentType !== undefined) {
      const headers = { 'Content-Type': route.contentType, 'Cache-Control': 'no-store' }
      return bytesReply(output as Bytes, { status: 200, headers, operation })
    }
    return { ...(output === undefined ? NOTHING : json(output)), operation }
  }

  return async (request) => {
    try {
      return await answer(request)
    } catch (thrown) {
      const error = contractErrorOf(thrown)
      if (error.cause instanceof Error) app.log.error({ stack: error.cause.stack }, 'a request below /hilum/ failed')
      return writeError(error)
    }
  }
}

function find(routes: readonly Route[], method: string, path: string) {
  const parts = [method, ...path.split('/')]
  for (const route of routes) {
    const labels = labelsOf(route.http.split(/[ /]/), parts)
    if (labels !== undefined) return { route, labels }
  }
  return undefined
}

function labelsOf(template: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (template.length !== parts.length) return undefined
  const labels: Record<string, string> = {}
  for (const [at, word] of template.entries()) {
    const part = parts[at]!
    if (word.startsWith('{')) {
      if (part === '') return undefined
      labels[word.slice(1, -1)] = part
    } else if (word !== part) return undefined
  }
  return labels
}

function decoded(labels: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    throw new ContractError('ValidationException', 'The path is not well-formed: it must be UTF-8, percent-encoded.')
  }
}

function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? ''
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new ContractError('ValidationException', `The query must have ${name}, a whole number from 1.`)
}

const json = (output: object): WireReply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  body: JSON.stringify(output),
})

const NOTHING: WireReply = { status: 204, headers: {}, body: '' }
