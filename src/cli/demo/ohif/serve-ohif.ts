/** Serves the files of OHIF and its configuration on this machine. */
import { once } from 'node:events'
import { createReadStream, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream'
import { OperatorError } from '../../../server/operator-error.ts'

const HOST = '127.0.0.1'
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
}

interface ServedOhif {
  /** `http://127.0.0.1:8105` */
  readonly origin: string
  stop(): Promise<void>
}

/** @throws OperatorError */
export async function serveOhif(
  folder: string,
  { port, appConfig }: { readonly port: number; appConfig(): Promise<string> },
): Promise<ServedOhif> {
  const server = createServer((request, response) => {
    // A name that an attacker's page resolves to this machine would make it a page of this origin, which can read the token.
    if (!['127.0.0.1', 'localhost'].includes(hostOf(request))) return end(response, 421)
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405)
    // Without it, pages of other origins could load the configuration as a script, and read its token.
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin')
    const path = pathOf(request.url!)
    if (path === undefined) return end(response, 400)
    if (path !== '/app-config.js') return sendFile(folder, path, response)
    appConfig().then(
      (text) => {
        response.setHeader('Content-Type', TYPES['.js']!)
        response.setHeader('Cache-Control', 'no-store')
        response.end(text)
      },
      () => end(response, 503),
    )
  })
  server.listen(port, HOST)
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new OperatorError(
      `Port ${port} for OHIF is already in use or not allowed. Choose another with --ohif-port (0 takes any free one).`,
      { cause },
    )
  })
  return {
    origin: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const hostOf = ({ headers }: IncomingMessage): string => (headers.host ?? '').replace(/:\d+$/, '')

/** Undefined for a malformed path, and one that leaves the folder. */
function pathOf(url: string): string | undefined {
  try {
    const path = decodeURIComponent(url.split('?')[0]!)
    return path.includes('..') || path.includes('\0') || !path.startsWith('/') ? undefined : path
  } catch {
    return undefined
  }
}

/** A path without a file is a page of the application, such as /viewer. */
function sendFile(folder: string, path: string, response: ServerResponse): void {
  const isFile = statSync(join(folder, path), { throwIfNoEntry: false })?.isFile() === true
  const ending = extname(path)
  if (!isFile && ending !== '') {
    end(response, 404)
    return
  }
  const file = isFile ? path : 'index.html'
  response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
  // The scripts have hashes in their names.
  response.setHeader(
    'Cache-Control',
    /\.bundle\.[0-9a-f]+\.js$/.test(file) ? 'max-age=31536000, immutable' : 'no-cache',
  )
  pipeline(createReadStream(join(folder, file)), response, () => {})
}

const end = (response: ServerResponse, status: number): void => {
  response.writeHead(status).end()
}
