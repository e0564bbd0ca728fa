/** All doors of one port, by the first part of a path: the console's pages, what Hilum has beyond the API, and else the API itself. */
import type { App } from '../app.ts'
import type { Extensions } from '../contract/extensions.ts'
import type { Handlers } from '../contract/handlers.ts'
import { awsHandler } from './aws/serve.ts'
import { createVerifier } from './aws/sigv4.ts'
import { writeRefusal } from './aws/write-error.ts'
import { consoleHandler, isOfConsole } from './console/serve.ts'
import { type CorsOrigins, corsFor } from './cors.ts'
import { hilumHandler, isOfHilum, isUnsigned } from './hilum/serve.ts'
import { type ProtocolHandler, splitTarget, type WriteRefusal } from './http/wire.ts'

export interface Behind {
  readonly handlers: Handlers<App>
  readonly extensions: Extensions<App>
  /** Where the build left the console's pages. */
  readonly consoleFolder: string
  /** Whose pages may call the routes that are signed. */
  readonly corsOrigins: CorsOrigins
}

interface Doors {
  readonly handler: ProtocolHandler
  /** For what no door can be asked: in the format of the API, which most clients speak. */
  readonly refuse: WriteRefusal
}

export function mountProtocols(app: App, { handlers, extensions, consoleFolder, corsOrigins }: Behind): Doors {
  const aws = awsHandler(app, handlers)
  const cors = corsFor(corsOrigins)
  const pages = consoleHandler(consoleFolder)
  const verify = createVerifier({ credentials: app.credentials, limits: app.limits, service: 'medical-imaging' })
  const hilum = hilumHandler(app, { verify, extensions })
  return {
    handler(request) {
      const { path } = splitTarget(request.target)
      if (isOfConsole(path)) return pages(request)
      if (isUnsigned(path)) return hilum(request)
      return cors.answer(request, isOfHilum(path) ? hilum : aws)
    },
    refuse: (refusal, headers) => cors.readable(writeRefusal(refusal), headers),
  }
}
