/** Starts a server: in this process, or in several of which this one is the primary. */
import type { Log } from './app.ts'
import { startOneProcess } from './processes/one-process.ts'
import { startPrimary } from './processes/primary.ts'
import type { RunningServer } from './processes/running-server.ts'
import type { Config } from './server/config.ts'

/** @throws OperatorError if it cannot start, with a sentence that says what to do */
export function startServer(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  return config.processes > 1 ? startPrimary(config, options) : startOneProcess(config, options)
}
