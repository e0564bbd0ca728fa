/** Store requests to a server process, whose import threads store the files: killed, and with bodies that are larger than its memory may grow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isSoak, isThorough } from '../../src/fixtures/soak.ts'
import { instance } from '../support/fixtures.ts'
import { search } from '../support/search.ts'
import { newStore, prepare, type Running } from '../support/server-process.ts'
import { choice } from '../support/sources.ts'
import { BOUNDARY, multipart, partOf, signedStore, store, storePath, storeReplyOf } from '../support/store.ts'
import { until } from '../support/until.ts'

const send = ({ hilum }: Running, request: Parameters<typeof store>[1]) =>
  store(hilum as Parameters<typeof store>[0], request)

test('what was answered as stored is there when the server is killed at any moment', choice, async (t) => {
  const { start, verify } = await prepare(t, { importLeaseMs: 10_000 })
  let server = await start()
  const datastoreId = await newStore(server)
  const acknowledged = new Set<string>()
  const rounds = isSoak ? 20 : isThorough ? 6 : 3
  let last = 0
  for (let round = 0; round < rounds; round++) {
    let isKilled = false
    let answers = 0
    const running = Array.from({ length: 6 }, async () => {
      while (!isKilled) {
        const patients = [1, 2, 3].map(() => `P${++last}`)
        const files = patients.map((PatientID) =>
          instance({ StudyInstanceUID: `2.25.${PatientID.slice(1)}`, PatientID }),
        )
        try {
          const reply = await storeReplyOf(
            await send(server, { datastoreId, body: multipart(...files), signing: 'unsigned' }),
          )
          if (reply.stored.length === 3) for (const patient of patients) acknowledged.add(patient)
          answers += 1
        } catch (error) {
          if (!isKilled) throw error
        }
      }
    })
    await until(async () => answers >= 10 + 17 * round || undefined)
    isKilled = true
    server.child.kill('SIGKILL')
    await Promise.all(running)
    await server.ended
    server = await start()
    const found = await search(server.sdk, { datastoreId })
    const there = new Set(found.map(({ DICOMTags }) => DICOMTags!.DICOMPatientId!))
    for (const patient of acknowledged) assert.ok(there.has(patient), `${patient} was answered as stored`)
  }
  // Its jobs were continued when it started again, without waiting for their leases.
  await setTimeout(3_000)
  await verify()
})

const MIB = 1024 ** 2
const SLICES = isSoak ? 1_000 : isThorough ? 400 : 200
/** Larger than what is read into memory. */
const LARGE_MIB = isSoak ? 500 : isThorough ? 200 : 100

test(
  'a body of hundreds of megabytes takes little memory, whether it has many files or a large one',
  choice,
  async (t) => {
    const { start } = await prepare(t)
    const server = await start()
    const datastoreId = await newStore(server)
    const peak = () => {
      const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]
      return Number(kilobytes) / 1024
    }
    const pixels = (rows: number) => ({
      ...{ Rows: rows, Columns: 512, BitsAllocated: 16, BitsStored: 16, HighBit: 15, PixelRepresentation: 0 },
      ...{ SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
    })
    async function sendStream(parts: Iterable<Uint8Array>): Promise<number> {
      const request = { datastoreId, body: new Uint8Array(), signing: 'unsigned' } as const
      const { headers } = await signedStore(server.hilum as Parameters<typeof signedStore>[0], request)
      async function* bytes() {
        for (const part of parts) yield part
        yield Buffer.from(`--${BOUNDARY}--`)
      }
      const body = Readable.toWeb(Readable.from(bytes())) as ReadableStream
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
      const response = await fetch(`${server.hilum.endpoint}${storePath(request)}`, init)
      const reply = await storeReplyOf(response)
      assert.equal(reply.status, 200)
      return reply.stored.length
    }
    function* slices(): Generator<Uint8Array> {
      const PixelData = Buffer.alloc(512 * 512 * 2, 7)
      for (let n = 0; n < SLICES; n++) {
        yield partOf(instance({ ...pixels(512), PixelData, SOPInstanceUID: `2.25.1.1.${n}` }))
      }
    }
    assert.equal(await sendStream(slices()), SLICES)
    const afterSlices = peak()
    const head = instance({ StudyInstanceUID: '2.25.2' })
    function* large(): Generator<Uint8Array> {
      yield Buffer.from(`--${BOUNDARY}\r\n\r\n`)
      yield head
      const header = Buffer.alloc(12)
      header.writeUInt16LE(0x7fe0, 0)
      header.writeUInt16LE(0x0010, 2)
      header.write('OB', 4)
      header.writeUInt32LE(LARGE_MIB * MIB, 8)
      yield header
      for (let n = 0; n < LARGE_MIB; n++) yield Buffer.alloc(MIB, n)
      yield Buffer.from('\r\n')
    }
    assert.equal(await sendStream(large()), 1)
    const afterLarge = peak()
    t.diagnostic(
      `peak memory in MiB: ${Math.round(afterSlices)} after slices, ${Math.round(afterLarge)} after a large file`,
    )
    assert.equal((await search(server.sdk, { datastoreId })).length, 2)
    assert.ok(afterLarge < 600, `${afterLarge} MiB`)
  },
)
