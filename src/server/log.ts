/** The log: one JSON line per event on standard error. It never includes keys, bodies or values of a patient. */
import { pino } from 'pino'
import type { Log } from '../app.ts'
import type { Config } from './config.ts'

export const openLog = ({ logLevel }: Pick<Config, 'logLevel'>): Log =>
  pino(
    { level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: true }),
  )
