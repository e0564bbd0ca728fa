/** `hilum console`: prints a one-time link that opens the console signed in: on the server's machine, or with TLS wherever it can be reached. */
import { serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { makeConsoleLink } from './console-link.ts'

export async function printConsoleLink(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const server = await serverFor(invocation)
  const { link, expiresAt } = await makeConsoleLink(server)
  if (config.json) terminal.print(JSON.stringify({ link, expiresAt }))
  else {
    terminal.print(link)
    terminal.note(
      `It works once, until ${expiresAt.toTimeString().slice(0, 5)}, in a browser ${placeOf(server.endpoint)}.`,
    )
  }
  return 0
}

/** The server decides; an address with TLS is that of the network. */
const placeOf = (endpoint: string): string =>
  endpoint.startsWith('https:') ? 'that can reach this address' : 'on the machine of the server'
