/** `hilum demo`: starts the server, imports synthetic studies at the first start, and shows one screen. */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import type { RunningServer } from '../../main.ts'
import { explained, openClient } from '../client/client.ts'
import { makeConsoleLink } from '../server/console-link.ts'
import { envCommandFor } from '../server/env.ts'
import { startOrExplain } from '../server/serve.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { type StopSignal, stopOnCtrlC } from '../terminal/stop-signal.ts'
import { drawDemo } from './demo-screen.ts'
import { findOrFillDatastore } from './fill-demo.ts'
import { newestStudies } from './newest-studies.ts'

export async function demo(invocation: Invocation): Promise<ExitCode> {
  const stop = stopOnCtrlC()
  const server = await startOrExplain(invocation.config)
  const client = openClient(server)
  try {
    await show(invocation, { server, client, stop })
    await stop.requested
    if (invocation.terminal.isInteractive) invocation.terminal.note('\nStopping ...')
    return 0
  } catch (error) {
    if (!stop.signal.aborted) throw explained(error, server)
    invocation.terminal.note('\nStopped before all studies were imported; the next start resumes the import.')
    return 0
  } finally {
    client.destroy()
    await server.stop()
    stop.ignore()
  }
}

async function show(
  { config, terminal, program, cwd }: Invocation,
  running: { server: RunningServer; client: MedicalImagingClient; stop: StopSignal },
): Promise<void> {
  const { server, client, stop } = running
  const now = new Date()
  const today = `${now.getFullYear()}${twoDigits(now.getMonth() + 1)}${twoDigits(now.getDate())}`
  const filled = await findOrFillDatastore({ client, server, config, terminal, today, signal: stop.signal })
  const search = await newestStudies(client, {
    datastoreId: filled.datastoreId,
    today,
    clock: performance.now.bind(performance),
  })
  const { endpoint, region } = server
  const { dataFolder } = config
  const { link } = await makeConsoleLink(server)
  if (config.json) terminal.print(JSON.stringify({ endpoint, region, dataFolder, console: link, ...filled, search }))
  else {
    const envCommand = envCommandFor({ program, cwd, config: { ...config, port: server.port } }, {})
    terminal.print(
      drawDemo({ endpoint, consoleLink: link, dataFolder, envCommand, program, ...filled, search }, terminal),
    )
  }
}

const twoDigits = (number: number): string => String(number).padStart(2, '0')
