/** `hilum serve`: runs the server until a signal stops it. */

import { startServer } from '../../main.ts'
import { explainedStart } from '../../processes/explained-start.ts'
import type { RunningServer } from '../../processes/running-server.ts'
import type { Config } from '../../server/config.ts'
import { openLog } from '../../server/log.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'

export async function serve({ config, terminal }: Invocation): Promise<ExitCode> {
  // As for other servers, SIGHUP reads the certificate again, or restarts the processes. In a terminal it means that the terminal is gone.
  const reloads = (config.tls !== undefined || config.processes > 1) && !terminal.isInteractive
  const stop = stopOnCtrlC({ onHangup: reloads ? 'ignore' : 'stop' })
  const server = await startOrExplain(config)
  const { endpoint, region, certificate } = server
  const reload = () => (server.restart === undefined ? certificate?.reload() : server.restart())
  if (reloads) process.on('SIGHUP', reload)
  if (config.json) terminal.print(JSON.stringify({ endpoint, region, dataFolder: config.dataFolder }))
  else {
    terminal.print(
      `Hilum answers at ${endpoint} and keeps its data in ${config.dataFolder}. Ctrl-C stops it.${
        certificate === undefined ? '' : `\n${namesSentence(certificate)}`
      }`,
    )
  }
  const signal = await stop.requested
  process.off('SIGHUP', reload)
  // On a new line, after the ^C that the terminal shows.
  if (terminal.isInteractive) terminal.note('\nStopping ...')
  // A service manager or an orchestrator sends SIGTERM, and waits; who presses Ctrl-C does not.
  await server.stop({ drains: signal === 'SIGTERM' })
  stop.ignore()
  return 0
}

const namesSentence = ({ names, expiresAt }: NonNullable<RunningServer['certificate']>): string =>
  'AWS clients call each name of the server also with runtime- before it, so the certificate must cover both. ' +
  `It covers ${names.join(', ') || 'no name'} until ${new Date(expiresAt).toISOString().slice(0, 10)}.`

export async function startOrExplain(config: Config): Promise<RunningServer> {
  try {
    return await startServer(config, { log: openLog(config) })
  } catch (cause) {
    throw explainedStart(cause, config)
  }
}
