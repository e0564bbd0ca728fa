/**
 * The door of the console's pages: static files and nothing else. They hold no secret and need no signature; what the pages show they
 * fetch through the AWS door, signed with the key of the person who looks. The policy lets them talk to this server only.
 */
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { type Asset, type Assets, builtAt, PAGE, readAssets } from './assets.ts'

const BELOW = '/console/'

/** WASM is how frames are decoded. Fonts lie in Cloudscape's style sheet. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self' data:",
  "img-src 'self' data: blob:",
  // Videos among the pictures, which are fetched with a signature.
  'media-src blob:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ALWAYS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  // An address holds what was searched for.
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** Whether a path is the console's: `/`, `/console` and all below it. */
export const isOfConsole = (path: string): boolean => path === '/' || path === '/console' || path.startsWith(BELOW)

/** @param folder where the build left the console. It may be built, or built anew, while the server runs. */
export function consoleHandler(folder: string): ProtocolHandler {
  let assets: Promise<Assets> | undefined
  return async (request) => {
    const { path } = splitTarget(request.target)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...words(405, 'The console is read with GET.'), headers: { ...ALWAYS, Allow: 'GET, HEAD' } }
    }
    if (!path.startsWith(BELOW)) return { status: 302, headers: { ...ALWAYS, Location: BELOW }, body: '' }
    const name = path.slice(BELOW.length)
    if (isPage(name) && assets !== undefined && (await assets).builtAt !== (await builtAt(folder))) assets = undefined
    assets ??= readAssets(folder)
    const { byName } = await assets
    if (byName.size === 0) return words(404, 'The console is not built here. Run: npm run build')
    const asset = byName.get(isPage(name) ? PAGE : name)
    return asset === undefined ? words(404, 'There is no such file of the console.') : replyWith(asset, request)
  }
}

/** Addresses of the console's own pages have no file ending, and one page draws them all. */
const isPage = (name: string): boolean => !name.startsWith('assets/') && !/\.\w+$/.test(name)

async function replyWith(asset: Asset, { headers: asked }: WireRequest): Promise<WireReply> {
  const etag = await asset.etag()
  const headers = {
    ...ALWAYS,
    'Content-Type': asset.contentType,
    'Cache-Control': asset.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
  }
  if (namesEtag(asked['if-none-match'], etag)) return { status: 304, headers, body: '' }
  const accepted = asked['accept-encoding'] ?? ''
  const encoding = asset.encodings.find(({ name }) => name === undefined || accepts(accepted, name))!
  return {
    status: 200,
    headers: encoding.name === undefined ? headers : { ...headers, 'Content-Encoding': encoding.name },
    body: await encoding.read(),
  }
}

const namesEtag = (header: string | undefined, etag: string): boolean =>
  header?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false

/** Whether an Accept-Encoding names it, other than to refuse it. */
const accepts = (header: string, encoding: string): boolean =>
  header.split(',').some((one) => {
    const [name, weight] = one.split(';').map((part) => part.trim().toLowerCase())
    return name === encoding && !/^q=0(\.0*)?$/.test(weight ?? '')
  })

const words = (status: number, sentence: string): WireReply => ({
  status,
  headers: { ...ALWAYS, 'Content-Type': 'text/plain; charset=utf-8' },
  body: `${sentence}\n`,
})
