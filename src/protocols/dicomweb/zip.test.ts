/** Archives with many, large and empty files, read by Info-ZIP and by Python, which cannot seek in a pipe. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../../cli/export/export.fixture.ts'
import { isSoak } from '../../fixtures/soak.ts'
import { lacks } from '../../pixel-data/frames.fixture.ts'
import { type ZipEntry, zipOf } from './zip.ts'

const AT = Date.UTC(2026, 1, 3, 4, 5, 6)

async function* chunks(...given: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* given
}

const entryOf = (name: string, bytes: Uint8Array, more: Partial<ZipEntry> = {}): ZipEntry => ({
  ...{ name, sizeBytes: bytes.length, isCompressible: true, bytes: chunks(bytes) },
  ...more,
})

async function* each(entries: Iterable<ZipEntry>): AsyncGenerator<ZipEntry> {
  yield* entries
}

async function written(entries: Iterable<ZipEntry>): Promise<string> {
  const path = join(temporaryFolder({ after: () => {} }), 'archive.zip')
  await pipeline(Readable.from(zipOf(each(entries), AT)), createWriteStream(path))
  return path
}

const noise = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * at * 31) >> 3))

describe('an archive', { skip: lacks(['unzip', 'unzip']) }, () => {
  test('has files that are compressed or not, empty, in several chunks, and of unknown size', async () => {
    const path = await written([
      entryOf('A/PLAIN', noise),
      entryOf('A/KEPT', noise, { isCompressible: false }),
      entryOf('EMPTY', new Uint8Array(0)),
      entryOf('UNKNOWN', noise, { sizeBytes: undefined, bytes: chunks(noise.subarray(0, 7), noise.subarray(7)) }),
    ])
    execFileSync('unzip', ['-tq', path])
    for (const name of ['A/PLAIN', 'A/KEPT', 'UNKNOWN']) {
      assert.ok(execFileSync('unzip', ['-p', path, name], { maxBuffer: 1024 ** 2 }).equals(noise), name)
    }
    assert.equal(execFileSync('unzip', ['-p', path, 'EMPTY']).length, 0)
    assert.match(execFileSync('unzip', ['-l', path], { encoding: 'utf8' }), /2026-02-03 04:05 {3}A\/PLAIN/)
  })

  // They take a minute.
  if (isSoak) {
    test('can have more than 65,535 files', async () => {
      const count = 66_000
      const path = await written(
        Array.from({ length: count }, (_, at) => entryOf(`D/F${at}`, Buffer.from([at & 0xff]))),
      )
      const listed = execFileSync('unzip', ['-l', path], { encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 })
      assert.match(listed, new RegExp(`\\s${count} files`))
      assert.deepEqual([...execFileSync('unzip', ['-p', path, `D/F${count - 1}`])], [(count - 1) & 0xff])
    })

    test('can have a file of more than 4 GiB, and files after it', async () => {
      const block = Buffer.alloc(1024 ** 2, 'x')
      const blocks = 4 * 1024 + 1
      const sizeBytes = blocks * block.length
      const path = await written([
        entryOf('LARGE', block, { sizeBytes, bytes: chunks(...Array(blocks).fill(block)) }),
        entryOf('KEPT', block, { sizeBytes, isCompressible: false, bytes: chunks(...Array(blocks).fill(block)) }),
        entryOf('LAST', noise),
      ])
      execFileSync('unzip', ['-tq', path])
      assert.match(execFileSync('unzip', ['-l', path], { encoding: 'utf8' }), new RegExp(`${sizeBytes} .* LARGE`))
      assert.ok(execFileSync('unzip', ['-p', path, 'LAST'], { maxBuffer: 1024 ** 2 }).equals(noise))
    })
  }
})

/** Without the central directory, as a reader of a pipe does. */
const READ_FORWARD = `
import struct, sys, zlib
data = sys.stdin.buffer.read()
at = 0
while data[at:at + 4] == b'PK\\x03\\x04':
    name, extra = struct.unpack('<HH', data[at + 26:at + 30])
    start = at + 30 + name + extra
    reader = zlib.decompressobj(-15)
    plain = reader.decompress(data[start:])
    end = len(data) - len(reader.unused_data)
    (crc,) = struct.unpack('<I', data[end + 4:end + 8])
    assert crc == zlib.crc32(plain)
    print(data[at + 30:at + 30 + name].decode(), len(plain))
    at = end + (24 if extra else 16)
`

test('an archive can be read from a pipe', { skip: lacks(['python3', 'python3']) }, async () => {
  const path = await written([
    entryOf('ONE', noise, { isCompressible: false }),
    entryOf('TWO', noise, { sizeBytes: undefined }),
    entryOf('THREE', Buffer.from('three')),
  ])
  const { stdout, stderr } = spawnSync('python3', ['-c', READ_FORWARD], { input: readFileSync(path), encoding: 'utf8' })
  assert.deepEqual([stdout, stderr], [`ONE ${noise.length}\nTWO ${noise.length}\nTHREE 5\n`, ''])
})

test('a failure while a file is read ends the archive with it, and its source is closed', async () => {
  let closed = 0
  async function* failing(): AsyncGenerator<Uint8Array> {
    try {
      yield noise
      throw new Error('the store is away')
    } finally {
      closed += 1
    }
  }
  await assert.rejects(written([entryOf('ONE', noise, { bytes: failing() })]), /the store is away/)
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield noise
    } finally {
      closed += 1
    }
  }
  const archive = zipOf(each([entryOf('ONE', noise, { bytes: endless() })]), AT)
  for (let at = 0; at < 5; at++) await archive.next()
  await archive.return(undefined)
  // The source ends when it is next asked for a chunk.
  while (closed < 2) await new Promise((resolve) => setImmediate(resolve))
})
