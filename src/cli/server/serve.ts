/** `hilum serve`: the server, until it is told to stop. */

import { type RunningServer, startServer } from '../../main.ts'
import type { Config } from '../../server/config.ts'
import { openLog } from '../../server/log.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'

export async function serve({ config, terminal }: Invocation): Promise<ExitCode> {
  const stop = stopOnCtrlC()
  const server = await startOrSayWhy(config)
  const { endpoint, region } = server
  terminal.print(
    config.json
      ? JSON.stringify({ endpoint, region, dataFolder: config.dataFolder })
      : `Hilum answers at ${endpoint} and keeps its data in ${config.dataFolder}. Ctrl-C stops it.`,
  )
  await stop.requested
  // On a new line, behind the ^C that the terminal shows.
  if (terminal.isInteractive) terminal.note('\nStopping ...')
  await server.stop()
  stop.ignore()
  return 0
}

export async function startOrSayWhy(config: Config): Promise<RunningServer> {
  try {
    return await startServer(config, { log: openLog(config) })
  } catch (cause) {
    if (cause instanceof StoreUnavailable) {
      throw new OperatorError(`Hilum cannot start: ${cause.message}. \`hilum doctor\` says what to look at.`, { cause })
    }
    const sentence = sentenceFor((cause as NodeJS.ErrnoException).code, config)
    throw sentence === undefined ? cause : new OperatorError(sentence, { cause })
  }
}

function sentenceFor(code: string | undefined, { host, port }: Config): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use already. Stop what uses it, or choose another with --port (0 takes any free one).`
    case 'EACCES':
      return `Port ${port} is not open to this user. Choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host.join(' or ')}. Choose another with --host.`
    default:
      return undefined
  }
}
