/** Every file of the demo is generated once and read back; dcmtk checks a sample where it is installed. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseP10, requireAttribute } from '../dicom/parse.ts'
import { type DemoInstance, demoInstances } from './instances.ts'
import { PATIENTS } from './studies/patients.ts'
import { demoCounts } from './studies/studies.ts'

const OPTIONS = { seed: 1, today: '20260301' }
const IDENTIFIERS = ['SOPInstanceUID', 'SOPClassUID', 'SeriesInstanceUID', 'StudyInstanceUID'] as const
/** SamplesPerPixel, Rows, Columns, BitsAllocated. */
const SIZE_TAGS = ['00280002', '00280010', '00280011', '00280100']
const SET_SIZE_MAX_BYTES = 80_000_000
const isInstalled = spawnSync('dcmdump', ['--version']).status === 0

interface Read {
  path: string
  sizeBytes: number
  transferSyntaxUID: string
  uids: readonly string[]
  PatientID: string
  PatientName: string
  Modality: string
}

function read({ path, bytes }: DemoInstance): Read {
  const { dataSet, transferSyntaxUID, pixelData } = parseP10(bytes)
  assert.deepEqual(dataSet.unknownCharacterSets(), [])
  const [samples, rows, columns, bits] = SIZE_TAGS.map((tag) => dataSet.number(tag)!) as [
    number,
    number,
    number,
    number,
  ]
  const frames = dataSet.number('00280008') ?? 1
  // Encapsulated frames are decoded by encode-image.test.ts.
  if (!pixelData?.encapsulated) assert.equal(pixelData?.lengthBytes, (frames * samples * rows * columns * bits) / 8)
  return {
    path,
    sizeBytes: bytes.length,
    transferSyntaxUID,
    uids: IDENTIFIERS.map((keyword) => requireAttribute(dataSet, keyword)),
    PatientID: requireAttribute(dataSet, 'PatientID'),
    PatientName: requireAttribute(dataSet, 'PatientName'),
    Modality: requireAttribute(dataSet, 'Modality'),
  }
}

async function firstInstances(count: number, options = OPTIONS): Promise<DemoInstance[]> {
  const list: DemoInstance[] = []
  for await (const instance of demoInstances(options)) {
    list.push(instance)
    if (list.length === count) break
  }
  return list
}

const all: Read[] = []
/** The first file of each modality in each transfer syntax. */
const samples = new Map<string, DemoInstance>()
for await (const instance of demoInstances(OPTIONS)) {
  const one = read(instance)
  all.push(one)
  const kind = `${one.Modality} ${one.transferSyntaxUID}`
  if (!samples.has(kind)) samples.set(kind, instance)
}

describe('the demo set', () => {
  test('has as many files as planned, each with its own path', () => {
    assert.equal(all.length, demoCounts(OPTIONS).instances)
    assert.equal(new Set(all.map(({ path }) => path)).size, all.length)
    assert.ok(all.every(({ path }) => /^(CT|MR|CR|US|MG|PT|second-copy)\/[\d.]+\/\d{4}\.dcm$/.test(path)))
  })

  test('is small: most files below 64 KB, all of them together below 80 MB', () => {
    assert.ok(all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) < SET_SIZE_MAX_BYTES)
    assert.ok(all.filter(({ sizeBytes }) => sizeBytes > 65_536).length < all.length / 20)
  })

  test('has valid UIDs, and no instance twice except in the contradicting copy', () => {
    const isValid = (uid: string) => uid.length <= 64 && /^(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/.test(uid)
    assert.ok(all.flatMap(({ uids }) => uids).every(isValid))
    const [copies, firsts] = [true, false].map((isCopy) =>
      all.filter(({ path }) => path.startsWith('second-copy/') === isCopy),
    ) as [Read[], Read[]]
    const instances = new Set(firsts.map(({ uids }) => uids[0]))
    assert.equal(instances.size, firsts.length)
    assert.ok(copies.length > 0 && copies.every(({ uids }) => instances.has(uids[0])))
    assert.equal(all.at(-1)?.path.startsWith('second-copy/'), true)
  })

  test('agrees on the patient within a series, except in the contradicting copy', () => {
    const perSeries = Map.groupBy(all, ({ uids }) => uids[2]!)
    const disagreeing = [...perSeries.values()].filter(
      (list) => new Set(list.map(({ PatientID }) => PatientID)).size > 1,
    )
    assert.equal(disagreeing.length, 1)
  })

  test('has the name of the patient in every file, for any character set', () => {
    const names = new Set(PATIENTS.map(({ PatientName }) => PatientName))
    assert.deepEqual(new Set(all.map(({ PatientName }) => PatientName)), names)
  })

  test('is the same bytes for the same seed, and others for another', async () => {
    const bytes = async (options?: typeof OPTIONS) =>
      (await firstInstances(40, options)).map((instance) => Buffer.from(instance.bytes).toString('base64'))
    const once = await bytes()
    assert.deepEqual(await bytes(), once)
    const other = await bytes({ ...OPTIONS, seed: 2 })
    assert.ok(once.every((each, index) => each !== other[index]))
  })

  test('is valid for dcmtk, in each modality and transfer syntax', {
    skip: isInstalled ? false : 'dcmdump (dcmtk) is not installed',
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'hilum-demo-'))
    try {
      for (const [kind, { bytes }] of samples) {
        const path = join(folder, `${kind.replace(' ', '-')}.dcm`)
        writeFileSync(path, bytes)
        assert.match(spawnSync('dcmftest', [path], { encoding: 'utf8' }).stdout, /^yes:/)
        const dump = spawnSync('dcmdump', ['-q', '+P', 'PixelData', path], { encoding: 'utf8' })
        assert.equal(dump.status, 0, kind)
        assert.match(dump.stdout, /\(7fe0,0010\)/, kind)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
