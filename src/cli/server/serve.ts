/** `hilum serve`: runs the server until a signal stops it. */

import { type RunningServer, startServer } from '../../main.ts'
import type { Config } from '../../server/config.ts'
import { openLog } from '../../server/log.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'

export async function serve({ config, terminal }: Invocation): Promise<ExitCode> {
  const stop = stopOnCtrlC()
  const server = await startOrExplain(config)
  const { endpoint, region } = server
  terminal.print(
    config.json
      ? JSON.stringify({ endpoint, region, dataFolder: config.dataFolder })
      : `Hilum answers at ${endpoint} and keeps its data in ${config.dataFolder}. Ctrl-C stops it.`,
  )
  await stop.requested
  // On a new line, after the ^C that the terminal shows.
  if (terminal.isInteractive) terminal.note('\nStopping ...')
  await server.stop()
  stop.ignore()
  return 0
}

export async function startOrExplain(config: Config): Promise<RunningServer> {
  try {
    return await startServer(config, { log: openLog(config) })
  } catch (cause) {
    if (cause instanceof StoreUnavailable) {
      throw new OperatorError(`Hilum cannot start: ${cause.message}. Run \`hilum doctor\` for details.`, { cause })
    }
    if (cause instanceof OtherSchema) throw new OperatorError(`Hilum cannot start: ${cause.message}.`, { cause })
    const sentence = sentenceFor((cause as NodeJS.ErrnoException).code, config)
    throw sentence === undefined ? cause : new OperatorError(sentence, { cause })
  }
}

function sentenceFor(code: string | undefined, { host, port }: Config): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is already in use. Stop the program that uses it, or choose another port with --port (0 takes any free one).`
    case 'EACCES':
      return `This user may not listen on port ${port}. Choose one above 1023 with --port.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host.join(' or ')}. Choose another with --host.`
    default:
      return undefined
  }
}
