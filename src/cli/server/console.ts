/** `hilum console`: prints a one-time link that opens the console signed in, in a browser on the server's machine. */
import { serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { makeConsoleLink } from './console-link.ts'

export async function printConsoleLink(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const { link, expiresAt } = await makeConsoleLink(await serverFor(invocation))
  if (config.json) terminal.print(JSON.stringify({ link, expiresAt }))
  else {
    terminal.print(link)
    terminal.note(
      `It works once, until ${expiresAt.toTimeString().slice(0, 5)}, in a browser on the machine of the server.`,
    )
  }
  return 0
}
