/** Studies of a server process: retrieved with bounded memory, and deleted though the server is killed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isSoak, isThorough } from '../../src/fixtures/soak.ts'
import { ExplicitVRLittleEndian, instance } from '../support/fixtures.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { search } from '../support/search.ts'
import { newStore, prepare, type Running } from '../support/server-process.ts'
import { choice } from '../support/sources.ts'
import { multipart, store } from '../support/store.ts'
import { until } from '../support/until.ts'

async function request({ hilum }: Running, method: string, path: string, accept = '*/*'): Promise<Response> {
  const headers = await signedHeaders(hilum as Parameters<typeof signedHeaders>[0], { method, path })
  return fetch(`${hilum.endpoint}${path}`, { method, headers: { ...headers, accept } })
}

const send = async ({ hilum }: Running, datastoreId: string, files: readonly Uint8Array[]) => {
  const reply = await store(hilum as Parameters<typeof store>[0], {
    datastoreId,
    body: multipart(...files),
    signing: 'unsigned',
  })
  assert.equal(reply.status, 200)
}

const SLICES = isSoak ? 1_000 : isThorough ? 200 : 100

function* slices(): Generator<Uint8Array> {
  for (let n = 0; n < SLICES; n++) {
    const cells = new Uint16Array(512 * 512)
    for (let at = 0; at < cells.length; at++) cells[at] = (at * 7 + ((at * at * (n + 3)) >> 5)) & 0xfff
    yield instance(
      {
        ...{ Rows: 512, Columns: 512, BitsAllocated: 16, BitsStored: 12, HighBit: 11, PixelRepresentation: 0 },
        ...{ SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2', StudyInstanceUID: '2.25.1' },
        ...{ SeriesInstanceUID: '2.25.1.1', SOPInstanceUID: `2.25.1.1.${n}`, InstanceNumber: String(n) },
      },
      { transferSyntaxUID: ExplicitVRLittleEndian, pixelData: { frames: [new Uint8Array(cells.buffer)] } },
    )
  }
}

test('a study of hundreds of megabytes is retrieved with little memory, in each form', choice, async (t) => {
  const { start } = await prepare(t)
  const server = await start()
  const datastoreId = await newStore(server)
  let some: Uint8Array[] = []
  for (const slice of slices()) {
    some.push(slice)
    if (some.length < 50) continue
    await send(server, datastoreId, some)
    some = []
  }
  const { pid } = server.child
  const peak = () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024
  const MULTIPART = 'multipart/related; type="application/dicom"'
  const before = peak()
  for (const accept of [
    ...[`${MULTIPART}; transfer-syntax=*`, MULTIPART],
    ...['application/zip; transfer-syntax=*', 'application/zip'],
  ]) {
    const response = await request(server, 'GET', `/datastore/${datastoreId}/studies/2.25.1`, accept)
    let bytes = 0
    for await (const chunk of response.body!) bytes += chunk.length
    // Noise that lossless syntaxes make little smaller.
    assert.ok(bytes > (SLICES * 2 ** 19) / 2, `${bytes} bytes`)
    t.diagnostic(`${accept}: ${Math.round(bytes / 2 ** 20)} MiB, peak memory ${Math.round(peak())} MiB`)
  }
  // In it are the codecs of the threads that decode.
  const grown = peak() - before
  assert.ok(grown < 300, `${grown} MiB more than before`)
})

const ROUNDS = isSoak ? 40 : isThorough ? 8 : 5

test(
  'a study is deleted whole or stays whole when the server is killed at any moment of its deletion',
  choice,
  async (t) => {
    const { start, verify } = await prepare(t, { workflowLeaseMs: 1_000 })
    let server = await start()
    const datastoreId = await newStore(server)
    const outcomes = new Set<boolean>()
    for (let round = 0; round < ROUNDS; round++) {
      const study = `2.25.${round + 1}`
      const ofSeries = [1, 2, 3, 4].map((series) =>
        instance({
          StudyInstanceUID: study,
          SeriesInstanceUID: `${study}.${series}`,
          SOPInstanceUID: `${study}.${series}.1`,
        }),
      )
      await send(server, datastoreId, [...ofSeries, instance({ StudyInstanceUID: study, PatientID: 'another' })])
      const found = async () => {
        const all = await search(server.sdk, { datastoreId })
        return all.filter(({ DICOMTags }) => DICOMTags!.DICOMStudyInstanceUID === study).length
      }
      assert.equal(await found(), 5)
      const answered = request(server, 'DELETE', `/datastore/${datastoreId}/studies/${study}`).then(
        ({ status }) => status === 204,
        () => false,
      )
      // The first rounds are killed before or in the request, the others after the answer.
      await (round % 2 === 0 ? setTimeout(2 * round) : answered)
      server.child.kill('SIGKILL')
      await server.ended
      const wasAccepted = await answered
      outcomes.add(wasAccepted)
      server = await start()
      if (wasAccepted) await until(async () => ((await found()) === 0 ? true : undefined))
      else {
        // It may have been accepted just before the kill.
        await setTimeout(1_500)
        await until(async () => ([0, 5].includes(await found()) ? true : undefined))
      }
    }
    assert.ok(outcomes.has(true))
    await verify()
  },
)
