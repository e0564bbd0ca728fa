/** Sends traces to an OpenTelemetry collector if OTEL_EXPORTER_OTLP_ENDPOINT names one. Otherwise nothing is loaded. */
import type { Log } from '../app.ts'
import { OperatorError } from './operator-error.ts'
import { NO_TRACING, type Tracing } from './tracing.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** @throws OperatorError for an address that is none */
export async function openTracing(env: Environment, log: Pick<Log, 'warn'>): Promise<Tracing> {
  if (!isOn(env)) return NO_TRACING
  const { openSpans } = await import('./open-spans.ts')
  return openSpans(log)
}

/** The names are those of OpenTelemetry's specification. Its own packages read the others. */
function isOn(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || (env.OTEL_TRACES_EXPORTER || 'otlp') !== 'otlp') return false
  const names = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].filter((name) => env[name])
  for (const name of names) {
    if (/^https?:\/\//.test(env[name]!) && URL.canParse(env[name]!)) continue
    throw new OperatorError(`${name} must be an http:// or https:// address.`, { exitCode: 2 })
  }
  return names.length > 0
}
