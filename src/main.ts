/** Starts a server: in this process, or in several of which this one is the primary. */
import type { Log } from './app.ts'
import type { RunningServer } from './processes/running-server.ts'
import type { Config } from './server/config.ts'

/** @throws OperatorError if it cannot start, with a sentence that says what to do */
export async function startServer(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  // Only the chosen one is loaded: the primary needs less memory without what serves requests.
  if (config.processes > 1) return (await import('./processes/primary.ts')).startPrimary(config, options)
  return (await import('./processes/one-process.ts')).startOneProcess(config, options)
}
