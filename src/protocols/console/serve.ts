/**
 * The protocol handler of the console: static files only. They hold no secret and need no signature; the pages fetch what they show from
 * the API, signed with the user's key. The content security policy lets them connect to this server only.
 */
import { createRouter } from '../http/router.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { type Asset, type Assets, builtAt, PAGE, readAssets } from './assets.ts'

const ROOT = '/console/'

/** Every path of the console. */
export const CONSOLE_PATHS = ['/', '/console', `${ROOT}{file+}`] as const

/** Frames are decoded with WASM. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' data: blob:",
  // Videos are fetched with a signature, and shown from memory.
  'media-src blob:',
  // Documents are shown by the viewer of the browser, from memory. A page from memory has this policy too, and can't run scripts.
  'frame-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const EVERY_REPLY = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  // The address of a page holds search criteria.
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** @param folder the built console. It may be built, or built again, while the server runs. */
export function consoleHandler(folder: string): ProtocolHandler {
  let assets: Promise<Assets> | undefined

  async function answerFile(name: string, request: WireRequest): Promise<WireReply> {
    if (isPage(name) && assets !== undefined && (await assets).builtAt !== (await builtAt(folder))) assets = undefined
    assets ??= readAssets(folder)
    const { byName } = await assets
    if (byName.size === 0) return textReply(404, 'The console is not built here. Run: npm run build')
    const asset = byName.get(isPage(name) ? PAGE : name)
    return asset === undefined ? textReply(404, 'The console has no such file.') : replyWith(asset, request)
  }

  const redirect: WireReply = { status: 302, headers: { ...EVERY_REPLY, Location: ROOT }, body: '' }
  const find = createRouter<ConsoleRoute>([
    { http: 'GET /', answer: async () => redirect },
    { http: 'GET /console', answer: async () => redirect },
    { http: `GET ${ROOT}{file+}`, answer: ({ file }, request) => answerFile(file!, request) },
  ])
  return async (request) => {
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const match = find(method, splitTarget(request.target).path)
    if (match !== undefined) return match.route.answer(match.labels, request)
    const refused = textReply(405, 'The console is read-only. Use GET.')
    return { ...refused, headers: { ...EVERY_REPLY, Allow: 'GET, HEAD' } }
  }
}

interface ConsoleRoute {
  readonly http: `GET /${string}`
  answer(labels: Readonly<Record<string, string>>, request: WireRequest): Promise<WireReply>
}

/** Addresses of pages have no file extension, but may end with a UID; one HTML file shows them all. */
const isPage = (name: string): boolean => !name.startsWith('assets/') && !/\.(?!\d+$)\w+$/.test(name)

async function replyWith(asset: Asset, { headers: requested }: WireRequest): Promise<WireReply> {
  const etag = await asset.etag()
  const headers = {
    ...EVERY_REPLY,
    'Content-Type': asset.contentType,
    'Cache-Control': asset.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
  }
  if (namesEtag(requested['if-none-match'], etag)) return { status: 304, headers, body: '' }
  const accepted = requested['accept-encoding'] ?? ''
  const encoding = asset.encodings.find(({ name }) => name === undefined || accepts(accepted, name))!
  return {
    status: 200,
    headers: encoding.name === undefined ? headers : { ...headers, 'Content-Encoding': encoding.name },
    body: await encoding.read(),
  }
}

const namesEtag = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false

/** Whether an Accept-Encoding header names the encoding with a weight above 0 (RFC 9110 12.5.3). */
const accepts = (header: string, encoding: string): boolean =>
  header.split(',').some((one) => {
    const [name, weight] = one.split(';').map((part) => part.trim().toLowerCase())
    return name === encoding && !/^q=0(\.0*)?$/.test(weight ?? '')
  })

const textReply = (status: number, sentence: string): WireReply => ({
  status,
  headers: { ...EVERY_REPLY, 'Content-Type': 'text/plain; charset=utf-8' },
  body: `${sentence}\n`,
})
