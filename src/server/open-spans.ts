/**
 * Spans of OpenTelemetry over OTLP/HTTP with JSON. Imported only if traces are sent. A span has the name of an operation, ids that Hilum made,
 * and numbers: no path, query or error message, because these may hold values of a patient.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Attributes,
  type Context,
  DiagLogLevel,
  defaultTextMapGetter,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Log } from '../app.ts'
import type { Tracing } from './tracing.ts'

/** A collector that is away does not delay the end of a thread for longer: import threads and the server stop one after the other. */
const STOP_MS = 1_500

const propagator = new W3CTraceContextPropagator()

export function openSpans(log: Pick<Log, 'warn'>): Tracing {
  // Without the error itself: it has the answer of the collector.
  const failed = () => log.warn({}, 'traces could not be sent: check OTEL_EXPORTER_OTLP_ENDPOINT and the collector')
  const ignore = () => {}
  diag.setLogger(
    { error: failed, warn: ignore, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'hilum' }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  })
  const tracer = provider.getTracer('hilum')
  /** The span that the current code runs in. */
  const current = new AsyncLocalStorage<Context>()

  async function run<T>(span: Span, parent: Context, work: () => Promise<T>): Promise<T> {
    try {
      return await current.run(trace.setSpan(parent, span), work)
    } catch (error) {
      setFailed(span, error)
      throw error
    } finally {
      span.end()
    }
  }

  const inSpan: Tracing['inSpan'] = (name, attributes, step) => {
    const parent = current.getStore() ?? ROOT_CONTEXT
    return run(tracer.startSpan(name, { attributes }, parent), parent, step)
  }

  /** A call of a store within a request. Other calls, such as those of garbage collection, are no spans. */
  function called(name: string, call: () => unknown): unknown {
    const parent = current.getStore()
    if (parent === undefined) return call()
    // SQLite does its work before it returns.
    const startTime = performance.now()
    const result = call()
    if (!(result instanceof Promise)) return result
    const span = tracer.startSpan(name, { startTime, kind: SpanKind.CLIENT }, parent)
    return result.then(
      (value: unknown) => {
        span.end()
        return value
      },
      (error: unknown) => {
        setFailed(span, error)
        span.end()
        throw error
      },
    )
  }

  /** The same object; calls of its functions, and of those of its members, are spans. */
  function watched<T extends object>(target: T, name: string): T {
    const members = new Map<string | symbol, unknown>()
    return new Proxy(target, {
      get(_, key) {
        if (!members.has(key)) members.set(key, memberOf(target, key, name))
        return members.get(key)
      },
    })
  }

  function memberOf(target: object, key: string | symbol, name: string): unknown {
    const value: unknown = Reflect.get(target, key)
    const fullName = `${name}.${String(key)}`
    if (typeof value === 'object' && value !== null) return watched(value, fullName)
    if (typeof value !== 'function') return value
    return (...args: unknown[]) => called(fullName, () => Reflect.apply(value, target, args))
  }

  return {
    inSpan,
    traced: (handler) => (request) => {
      const { method, target, headers } = request
      if (!isTraced(target)) return handler(request)
      // Without `tracestate`, which is any text.
      const carrier = { traceparent: headers.traceparent }
      const parent = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter)
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes: requestAttributes(request) }, parent)
      return run(span, parent, async () => {
        const reply = await handler(request)
        const { status, operation, requestId } = reply
        if (operation !== undefined) span.updateName(operation)
        span.setAttribute('http.response.status_code', status)
        if (requestId !== undefined) span.setAttribute('hilum.request_id', requestId)
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        return reply
      })
    },
    stores: (stores) => ({
      ...stores,
      catalog: watched(stores.catalog, 'catalog'),
      blobs: watched(stores.blobs, 'blobs'),
    }),
    async stop() {
      const timer = new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())
      await Promise.race([provider.shutdown().catch(failed), timer])
    },
  }
}

/** Not the files of the console, and not what monitoring reads. */
const isTraced = (target: string): boolean => !/^\/(console|healthz|readyz|metrics|$|\?)/.test(target)

function requestAttributes({ method, target }: { readonly method: string; readonly target: string }): Attributes {
  const [, datastoreId] = /\/datastore\/([0-9a-z]{32})(?:[/?]|$)/.exec(target) ?? []
  return { 'http.request.method': method, ...(datastoreId !== undefined && { 'hilum.datastore_id': datastoreId }) }
}

function setFailed(span: Span, error: unknown): void {
  span.setAttribute('error.type', error instanceof Error ? error.name : typeof error)
  span.setStatus({ code: SpanStatusCode.ERROR })
}
