/** Rendered images of imported files have the pixels that dcmtk shows of the same files: of every source syntax, and of other people's files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { parseP10 } from '../../dicom/parse.ts'
import { sample } from '../../fixtures/soak.ts'
import { draw, fileOf, lacks, netpbmPixels, openFolder } from '../../pixel-data/frames.fixture.ts'
import { lacksDecoders, SOURCES } from '../../pixel-data/source-files.fixture.ts'
import { type DicomwebStore, pathOf, startDicomweb } from './dicomweb.fixture.ts'

const programs = openFolder()
const dicomweb = await startDicomweb()
after(async () => {
  await dicomweb.stop()
  programs.remove()
})

const lacksPrograms = lacksDecoders || lacks(['dcm2img', 'dcmtk'], ['pngtopnm', 'netpbm'])

/** @param path of a frame, with its parameters */
async function pixelsOf(store: DicomwebStore, path: string): Promise<Uint8Array> {
  const image = await store.bytes(path, { accept: 'image/png' })
  return netpbmPixels(execFileSync('pngtopnm', { input: image, maxBuffer: 2 ** 28 }))
}

function assertClose(actual: Uint8Array, expected: Uint8Array, within: number): void {
  assert.equal(actual.length, expected.length)
  let worst = 0
  for (let at = 0; at < actual.length; at++) worst = Math.max(worst, Math.abs(actual[at]! - expected[at]!))
  assert.ok(worst <= within, `a value differs by ${worst}`)
}

describe('images of files of every syntax are those of dcmtk', { skip: lacksPrograms }, () => {
  for (const { name, pixel, encode, decode, numberOfFrames = 1 } of sample(SOURCES, 3)) {
    test(name, async () => {
      const drawn = Array.from({ length: numberOfFrames }, (_, index) => draw(pixel, index + 1))
      const source = programs.run(encode, fileOf(pixel, { frames: drawn }))
      const native = programs.run(decode, source)
      const store = await dicomweb.open()
      await store.bringIn(source)
      const isGrey = pixel.samplesPerPixel === 1
      // Of colour of more than 8 bits dcmtk keeps the upper ones; we round.
      const expected = netpbmPixels(
        programs.run(`dcm2img +F ${numberOfFrames}${isGrey ? ' +Ww 1000 1800' : ''} +op $in $out`, native, {
          out: '.pnm',
        }),
      )
      const path = `${pathOf(source)}/frames/${numberOfFrames}/rendered?window=1000,1800,linear`
      assertClose(await pixelsOf(store, path), expected, 1)
    })
  }
})

const folder = join(import.meta.dirname, '../../../node_modules/dicomweb-client/testData')
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.dcm')) : []

describe("images of other people's files are those of dcmtk", { skip: lacksPrograms }, () => {
  for (const name of names) {
    test(name, async () => {
      const source = readFileSync(join(folder, name))
      const { dataSet } = parseP10(source)
      const store = await dicomweb.open()
      await store.bringIn(source)
      const last = dataSet.number('00280008') ?? 1
      const isWindowed = dataSet.number('00281050') !== undefined
      const shown = isWindowed ? '+Wi 1 ' : (dataSet.number('00280101') ?? 16) > 8 ? '+Wm ' : ''
      const expected = netpbmPixels(programs.run(`dcm2img +F ${last} ${shown}+op $in $out`, source, { out: '.pnm' }))
      assertClose(await pixelsOf(store, `${pathOf(source)}/frames/${last}/rendered`), expected, 1)
    })
  }
})
