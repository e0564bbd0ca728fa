/** Files that dcmtk wrote, in several transfer syntaxes, are stored in one request and retrieved with the same pixels. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { signedHeaders } from '../support/raw-request.ts'
import { recorded } from '../support/sources.ts'
import { multipart, store, storeReplyOf } from '../support/store.ts'

/** Arguments before the two files. */
const TOOLS: readonly (readonly [name: string, ...words: string[]])[] = [
  ['dcmconv', '+ti'],
  ['dcmconv', '+tb'],
  ['dcmconv', '+td'],
  ['dcmcrle'],
  ['dcmcjpeg', '+e1'],
  ['dcmcjpls', '+el'],
]
const isInstalled = TOOLS.every(([name]) => spawnSync(name, ['--version']).status === 0)
const skip = isInstalled ? {} : { skip: 'dcmtk is not installed' }

test('files of dcmtk are stored in one request, and have the same pixels when they are retrieved', {
  ...recorded,
  ...skip,
}, async () => {
  const { hilum, sdk } = await openHilum({})
  const datastoreId = await activeDatastore(sdk)
  const folder = mkdtempSync(join(tmpdir(), 'hilum-dcmtk-'))
  removeAtExit(folder)
  const [rows, columns] = [64, 48]
  const pixels = Buffer.alloc(rows * columns * 2)
  for (let n = 0; n < rows * columns; n++) pixels.writeUInt16LE((n * 37) % 4_096, n * 2)
  const written = TOOLS.map(([name, ...words], n) => {
    const [from, to] = [join(folder, `${n}.dcm`), join(folder, `${n}-written.dcm`)]
    const attributes = {
      ...{ SOPInstanceUID: `2.25.1.1.${n}`, Rows: rows, Columns: columns, BitsAllocated: 16, BitsStored: 12 },
      ...{ HighBit: 11, PixelRepresentation: 0, SamplesPerPixel: 1, PhotometricInterpretation: 'MONOCHROME2' },
      PixelData: pixels,
    }
    writeFileSync(from, instance(attributes))
    execFileSync(name, [...words, from, to])
    return readFileSync(to)
  })
  const reply = await storeReplyOf(await store(hilum, { datastoreId, body: multipart(...written) }))
  const uids = TOOLS.map((_, n) => `2.25.1.1.${n}`)
  assert.deepEqual([reply.status, reply.stored, reply.warnings], [200, uids, uids.map(() => undefined)])
  for (const uid of reply.stored) {
    const path = `/datastore/${datastoreId}/studies/2.25.1/series/2.25.1.1/instances/${uid}/frames/1`
    const headers = await signedHeaders(hilum, { method: 'GET', path })
    const accept = 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1'
    const response = await fetch(`${hilum.endpoint}${path}`, { headers: { ...headers, accept } })
    const frame = Buffer.from(await response.arrayBuffer())
    assert.equal(response.status, 200, frame.toString())
    assert.ok(frame.equals(pixels), uid)
  }
})
