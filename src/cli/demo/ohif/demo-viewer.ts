/** OHIF beside the server of the demo: its files, and a configuration with a token for the demo's data store. */
import type { Config } from '../../../server/config.ts'
import { OperatorError } from '../../../server/operator-error.ts'
import type { Invocation } from '../../terminal/command.ts'
import { appConfig } from './app-config.ts'
import type { DemoTokens } from './demo-tokens.ts'
import { fetchOhif, ohifFolder } from './fetch-ohif.ts'
import { serveOhif } from './serve-ohif.ts'

interface ShownDatastore {
  readonly datastoreId: string
  readonly datastoreName: string | undefined
  readonly lambdaAuthorizerArn: string | undefined
}

export interface DemoViewer {
  /** Of a server that OHIF may call. */
  readonly settings: Pick<Config, 'corsOrigin'>
  /** Points OHIF at a data store. @returns its address @throws OperatorError */
  show(server: { readonly endpoint: string }, datastore: ShownDatastore): string
  stop(): Promise<void>
}

/** @throws OperatorError */
export async function openDemoViewer(
  { config, flags, env, terminal }: Invocation,
  { tokens, signal }: { readonly tokens: DemoTokens; readonly signal: AbortSignal },
): Promise<DemoViewer> {
  const port = portFrom(flags['ohif-port'], config.port)
  const folder = ohifFolder(env)
  await fetchOhif(folder, { note: (text) => terminal.note(text), signal })
  const { promise: root, resolve: showRoot } = Promise.withResolvers<string>()
  const served = await serveOhif(folder, {
    port,
    // A new token for each visit: a token is accepted for twelve hours.
    appConfig: async () => appConfig({ root: await root, token: await tokens.newToken() }),
  })
  const listed = config.corsOrigin.filter((origin) => origin !== 'none')
  return {
    settings: { corsOrigin: listed.includes('*') ? listed : [...listed, served.origin] },
    show({ endpoint }, { datastoreId, datastoreName, lambdaAuthorizerArn }) {
      if (lambdaAuthorizerArn !== tokens.authorizerArn) {
        throw new OperatorError(
          `OHIF cannot read the data store ${datastoreName ?? datastoreId}: it was not created by this demo, and accepts no token of it. ` +
            'Use another folder with --data, or delete this one with hilum reset.',
        )
      }
      showRoot(`${endpoint}/datastore/${datastoreId}`)
      return `${served.origin}/`
    },
    stop: () => served.stop(),
  }
}

function portFrom(flag: unknown, serverPort: number): number {
  if (flag === undefined) return serverPort === 0 ? 0 : serverPort + 1
  const port = Number(flag)
  if (typeof flag === 'string' && /^\d{1,5}$/.test(flag) && port < 65_536) return port
  throw new OperatorError(`--ohif-port must be a port from 0 to 65535, not '${flag}'.`, { exitCode: 2 })
}
