/** Traces of a server process, received by a real collector: an HTTP server that reads OTLP. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  CreateDatastoreCommand,
  GetDICOMImportJobCommand,
  MedicalImagingClient,
  SearchImageSetsCommand,
  StartDICOMImportJobCommand,
} from '@aws-sdk/client-medical-imaging'
import { startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { instanceOf } from '../jobs/imported-instances.fixture.ts'
import { openTracing } from './open-tracing.ts'
import { OperatorError } from './operator-error.ts'
import { NO_TRACING } from './tracing.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly status: { readonly code?: number; readonly message?: string }
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
  readonly events: readonly unknown[]
}

async function startCollector(t: TestContext) {
  const bodies: string[] = []
  const spans: Span[] = []
  const services = new Set<unknown>()
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    bodies.push(text)
    assert.deepEqual([request.method, request.url], ['POST', '/v1/traces'])
    assert.equal(request.headers['x-tenant'], 'radiology')
    const { resourceSpans } = JSON.parse(text)
    for (const { resource, scopeSpans } of resourceSpans) {
      services.add(resource.attributes.find(({ key }: { key: string }) => key === 'service.name').value.stringValue)
      for (const each of scopeSpans) spans.push(...each.spans)
    }
    response.setHeader('content-type', 'application/json')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { endpoint, bodies, spans, services }
}

const attributeOf = ({ attributes }: Span, key: string): unknown => {
  const value = attributes.find((each) => each.key === key)?.value
  return value && Object.values(value)[0]
}

test('requests, their reads and writes, and the steps of jobs are spans without a value of a patient', async (t) => {
  const collector = await startCollector(t)
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-tracing-'))
  removeAtExit(cwd)
  const credentials = { accessKeyId: 'HILUMTESTACCESSKEY', secretAccessKey: 'a-secret-of-tests' }
  const env = {
    HILUM_ACCESS_KEY_ID: credentials.accessKeyId,
    HILUM_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=radiology',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  for (const bucket of ['scans', 'reports']) mkdirSync(join(cwd, 'data', 'buckets', bucket), { recursive: true })
  writeFileSync(join(cwd, 'data', 'buckets', 'scans', 'SECRETFILE.dcm'), instanceOf({ series: 1, number: 1 }))
  const client = new MedicalImagingClient({
    ...{ endpoint: endpoint!, region: 'us-east-1', credentials, disableHostPrefix: true },
  })
  t.after(() => client.destroy())
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers.traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
      headers.tracestate = 'patient=SECRETSTATE'
      return next(args)
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  const { datastoreId } = await client.send(new CreateDatastoreCommand({}))
  const { jobId } = await client.send(
    new StartDICOMImportJobCommand({
      ...{ datastoreId, clientToken: 't', dataAccessRoleArn: 'arn:aws:iam::000000000000:role/r' },
      ...{ inputS3Uri: 's3://scans/', outputS3Uri: 's3://reports/' },
    }),
  )
  for (;;) {
    const { jobProperties } = await client.send(new GetDICOMImportJobCommand({ datastoreId, jobId }))
    if (jobProperties!.jobStatus === 'COMPLETED') break
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const values = [{ DICOMPatientId: 'SECRETPATIENT' }]
  await client.send(
    new SearchImageSetsCommand({ datastoreId, searchCriteria: { filters: [{ operator: 'EQUAL', values }] } }),
  )
  await fetch(`${endpoint}/datastore/SECRETPATH/nothing?name=SECRETQUERY`)
  await fetch(`${endpoint}/healthz`)
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0, server.output())

  const { spans, bodies, services } = collector
  assert.deepEqual([...services], ['hilum'])
  const named = (name: string) => spans.filter((span) => span.name === name)
  const [search] = named('SearchImageSets')
  // The trace of the caller continues.
  assert.deepEqual([search!.traceId, search!.parentSpanId], ['a'.repeat(32), 'b'.repeat(16)])
  assert.deepEqual(
    ['http.request.method', 'http.response.status_code', 'hilum.datastore_id'].map((key) => attributeOf(search!, key)),
    ['POST', 200, datastoreId],
  )
  assert.match(String(attributeOf(search!, 'hilum.request_id')), /^[0-9a-f-]{36}$/)
  const children = spans.filter(({ parentSpanId }) => parentSpanId === search!.spanId).map(({ name }) => name)
  assert.ok(
    children.some((name) => name.startsWith('catalog.')),
    children.join(),
  )

  const [job] = named('import job')
  assert.deepEqual([attributeOf(job!, 'hilum.job_id'), attributeOf(job!, 'hilum.datastore_id')], [jobId, datastoreId])
  assert.deepEqual(
    spans.filter(({ parentSpanId }) => parentSpanId === job!.spanId).map(({ name }) => name),
    ['count input', 'import files', 'publish image sets', 'write report'],
  )
  assert.deepEqual(
    named('GET').map((span) => attributeOf(span, 'http.response.status_code')),
    [404],
  )
  assert.doesNotMatch(bodies.join('\n'), /SECRET|TESTACCESSKEY/)
  for (const { events, status } of spans) assert.deepEqual([events, status.message], [[], undefined])
})

test('a collector that is away delays no request, and is named in the log', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-tracing-'))
  removeAtExit(cwd)
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  }
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd, env })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+)/m)
  assert.equal((await fetch(`${endpoint}/datastore`)).status, 403)
  await server.printed(/traces could not be sent: check OTEL_EXPORTER_OTLP_ENDPOINT and the collector/)
  assert.equal((await fetch(`${endpoint}/datastore`)).status, 403)
  server.child.kill('SIGTERM')
  assert.equal(await server.ended, 0, server.output())
})

test('without an address, or switched off, nothing is loaded; an address that is none is refused', async () => {
  const log = { warn() {} }
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
  for (const env of [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { ...endpoint, OTEL_SDK_DISABLED: 'true' },
    { ...endpoint, OTEL_TRACES_EXPORTER: 'none' },
  ]) {
    assert.equal(await openTracing(env, log), NO_TRACING)
  }
  await assert.rejects(openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, log), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.equal(error.message, 'OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// address.')
    return true
  })
})
