/** `hilum demo`: starts the server, imports synthetic studies at the first start, and shows one screen. */
import type { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import type { RunningServer } from '../../processes/running-server.ts'
import { explained, openClient } from '../client/client.ts'
import { makeConsoleLink } from '../server/console-link.ts'
import { envCommandFor } from '../server/env.ts'
import { startOrExplain } from '../server/serve.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { type StopSignal, stopOnCtrlC } from '../terminal/stop-signal.ts'
import { drawDemo } from './demo-screen.ts'
import { findOrFillDatastore } from './fill-demo.ts'
import { newestStudies } from './newest-studies.ts'
import { type DemoTokens, openDemoTokens } from './ohif/demo-tokens.ts'
import { type DemoViewer, openDemoViewer } from './ohif/demo-viewer.ts'

export async function demo(invocation: Invocation): Promise<ExitCode> {
  const stop = stopOnCtrlC()
  const closing: (() => Promise<void>)[] = []
  try {
    return await run(invocation, { stop, closing })
  } catch (error) {
    if (!stop.signal.aborted) throw error
    invocation.terminal.note('\nStopped before the demo was ready; the next start resumes.')
    return 0
  } finally {
    for (const close of closing.reverse()) await close()
    stop.ignore()
  }
}

async function run(
  invocation: Invocation,
  { stop, closing }: { readonly stop: StopSignal; readonly closing: (() => Promise<void>)[] },
): Promise<ExitCode> {
  const { config, flags, terminal } = invocation
  const tokens = await openDemoTokens(config)
  closing.push(() => tokens.stop())
  const viewer = flags.ohif === true ? await openDemoViewer(invocation, { tokens, signal: stop.signal }) : undefined
  if (viewer !== undefined) closing.push(() => viewer.stop())
  const server = await startOrExplain({ ...config, ...tokens.settings, ...viewer?.settings })
  closing.push(() => server.stop())
  const client = openClient(server)
  closing.push(async () => client.destroy())
  try {
    await show(invocation, { server, client, stop, tokens, viewer })
  } catch (error) {
    throw stop.signal.aborted ? error : explained(error, server)
  }
  await stop.requested
  if (terminal.isInteractive) terminal.note('\nStopping ...')
  return 0
}

interface Running {
  readonly server: RunningServer
  readonly client: MedicalImagingClient
  readonly stop: StopSignal
  readonly tokens: DemoTokens
  readonly viewer: DemoViewer | undefined
}

async function show({ config, terminal, program, cwd }: Invocation, running: Running): Promise<void> {
  const { server, client, stop, tokens, viewer } = running
  const now = new Date()
  const today = `${now.getFullYear()}${twoDigits(now.getMonth() + 1)}${twoDigits(now.getDate())}`
  const { authorizerArn: lambdaAuthorizerArn } = tokens
  const filled = await findOrFillDatastore({
    ...{ client, server, config, terminal, today, lambdaAuthorizerArn, signal: stop.signal },
  })
  const search = await newestStudies(client, {
    datastoreId: filled.datastoreId,
    today,
    clock: performance.now.bind(performance),
  })
  const { endpoint, region } = server
  const { dataFolder } = config
  const { link } = await makeConsoleLink(server)
  const ohif = viewer?.show(server, filled)
  if (config.json)
    terminal.print(JSON.stringify({ endpoint, region, dataFolder, console: link, ohif, ...filled, search }))
  else {
    const envCommand = envCommandFor({ program, cwd, config: { ...config, port: server.port } }, {})
    terminal.print(
      drawDemo({ endpoint, consoleLink: link, ohif, dataFolder, envCommand, program, ...filled, search }, terminal),
    )
  }
}

const twoDigits = (number: number): string => String(number).padStart(2, '0')
