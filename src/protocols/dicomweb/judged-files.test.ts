/** dcmtk and dciodvfy judge the files of whole studies, and those of WADO-URI, of each modality of the demo. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { demoInstances } from '../../demo/instances.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { lacks } from '../../pixel-data/frames.fixture.ts'
import { checkDicomJson } from './dicom-json-model.fixture.ts'
import { partsOf, startDicomweb } from './dicomweb.fixture.ts'

const FILES_PER_STUDY = 4

const folder = mkdtempSync(join(tmpdir(), 'hilum-judged-'))
removeAtExit(folder)
const FILE = join(folder, 'file.dcm')

const uidsOf = (file: Uint8Array) => {
  const { dataSet } = parseP10(file)
  const [study, series, instance] = ['0020000D', '0020000E', '00080018'].map((tag) => dataSet.string(tag)!)
  return { study: study!, series: series!, instance: instance! }
}

/** The first files of the first study of each modality. */
async function studiesOfDemo(): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const studies = new Map<string, Uint8Array[]>()
  for await (const { path, bytes } of demoInstances({ seed: 1, today: '20260401' })) {
    const [modality = ''] = path.split('/')
    const files = studies.get(modality) ?? []
    const isOfStudy = files.length === 0 || uidsOf(files[0]!).study === uidsOf(bytes).study
    if (isOfStudy && files.length < FILES_PER_STUDY) studies.set(modality, [...files, bytes])
    if (studies.size === 6 && modality !== [...studies.keys()].at(-1)) break
  }
  return studies
}

function faultsOf(file: Uint8Array): readonly string[] {
  writeFileSync(FILE, file)
  const { stderr } = spawnSync('dciodvfy', [FILE], { encoding: 'utf8' })
  return stderr.split('\n').filter((line) => line.startsWith('Error'))
}

function dcmtkReads(file: Uint8Array): void {
  writeFileSync(FILE, file)
  assert.match(execFileSync('dcmftest', [FILE], { encoding: 'utf8' }), /^yes:/)
  const { status, stderr } = spawnSync('dcmdump', ['+E', FILE], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [0, ''])
}

const skip = lacks(['dciodvfy', 'dicom3tools'], ['dcmdump', 'dcmtk'])

describe('files of a study', { skip }, async () => {
  if (skip !== false) return
  const dicomweb = await startDicomweb()
  after(() => dicomweb.stop())
  const store = await dicomweb.open()
  const studies = await studiesOfDemo()
  assert.equal(studies.size, 6)
  await store.bringIn(...[...studies.values()].flat())

  for (const [modality, files] of studies) {
    const { study } = uidsOf(files[0]!)
    const partsWith = async (accept: string) => {
      const response = await store.get(`studies/${study}`, { accept })
      assert.equal(response.status, 200)
      const parts = partsOf(Buffer.from(await response.arrayBuffer()), response.headers.get('content-type')!)
      assert.equal(parts.length, files.length)
      return parts.map(({ bytes }) => bytes)
    }

    test(`${modality}: dcmtk reads them, decoded and as stored, and dciodvfy finds no fault that the imported ones have not`, async () => {
      for (const file of await partsWith('multipart/related; type="application/dicom"; transfer-syntax=*')) {
        dcmtkReads(file)
      }
      for (const file of await partsWith('multipart/related; type="application/dicom"')) {
        dcmtkReads(file)
        const imported = files.find((each) => uidsOf(each).instance === uidsOf(file).instance)!
        const known = faultsOf(imported)
        assert.deepEqual(
          faultsOf(file).filter((fault) => !known.includes(fault)),
          [],
        )
      }
    })

    test(`${modality}: WADO-URI has the same files`, async () => {
      for (const file of await partsWith('multipart/related; type="application/dicom"')) {
        const { series, instance } = uidsOf(file)
        const query = `requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}`
        assert.ok((await store.bytes(`wado?${query}&contentType=application/dicom`)).equals(file))
      }
    })

    test(`${modality}: metadata are of the DICOM JSON model`, async () => {
      const metadata = await store.json(`studies/${study}/metadata`)
      checkDicomJson(metadata)
      assert.equal(metadata.length, files.length)
    })
  }
})
