/**
 * The log: one JSON line per event on standard error. It holds named members only (`logged-fields.ts`): no secrets, bodies
 * or values of a patient. Of warnings and errors with the same cause, one line a second is written per thread; the last line of a second says
 * how many were left out before it.
 */
import { pino } from 'pino'
import type { Log } from '../app.ts'
import type { Config } from './config.ts'
import { loggedFields } from './logged-fields.ts'
import { RepeatedLines } from './repeated-lines.ts'

const repeated = new RepeatedLines()
process.on('exit', () => repeated.flush())

/** @param options.processName of a server with several: it is in every line */
export function openLog({
  logLevel,
  processName,
}: Pick<Config, 'logLevel'> & { readonly processName?: string | undefined }): Log {
  const log = pino(
    {
      level: logLevel,
      base: processName === undefined ? null : { process: processName },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  )
  const limited =
    (level: 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (!log.isLevelEnabled(level)) return
      repeated.write({ level, fields, message }, (written) => log[level](loggedFields(written), message))
    }
  return {
    debug(fields, message) {
      if (log.isLevelEnabled('debug')) log.debug(loggedFields(fields), message)
    },
    info: (fields, message) => log.info(loggedFields(fields), message),
    warn: limited('warn'),
    error: limited('error'),
  }
}
