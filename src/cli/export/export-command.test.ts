/** `hilum export` as a process, with a server as a process that imported the files. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import {
  GetImageSetCommand,
  SearchImageSetsCommand,
  UpdateImageSetMetadataCommand,
} from '@aws-sdk/client-medical-imaging'
import { encodeP10 } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { startHilumProcess } from '../../fixtures/hilum-process.ts'
import { removeAtExit } from '../../fixtures/remove-at-exit.ts'
import { attributesOf, draw, nativeFrames, pixelOf } from '../../pixel-data/frames.fixture.ts'
import { encodeRLEFrame } from '../../pixel-data/rle/rle.ts'
import { serveDatastore } from '../served-datastore.fixture.ts'
import { pathIn } from './export.fixture.ts'

const pixel = pixelOf({ bitsStored: 12, numberOfFrames: 3 })
const FRAMES = [1, 2, 3].map((seed) => draw(pixel, seed))

const FRAME_BYTES = FRAMES[0]!.length

const instance = (number: number, given: object = {}): Uint8Array =>
  encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.5',
    attributes: {
      ...attributesOf(pixel),
      ...{
        SOPInstanceUID: `1.2.3.1.${number}`,
        InstanceNumber: String(110 + number),
        SpecificCharacterSet: 'ISO_IR 100',
        PatientName: 'Müller^Jörg',
      },
      ...given,
    },
    pixelData: { frames: FRAMES.map((cells) => encodeRLEFrame(cells, pixel)) },
  })

async function openExported(t: TestContext) {
  const { client, datastoreId, ...served } = await serveDatastore(t)
  const { cwd, hilum, start } = served
  return {
    ...{ cwd, hilum, endpoint: served.endpoint },
    async bringIn(...files: Uint8Array[]) {
      rmSync(join(cwd, 'disc'), { recursive: true, force: true })
      mkdirSync(join(cwd, 'disc'))
      for (const [number, bytes] of files.entries()) writeFileSync(join(cwd, 'disc', `${number}`), bytes)
      const { code, output } = await hilum('import', 'disc', '--datastore', 'mine')
      assert.equal(code, 0, output)
    },
    async imageSetIds() {
      const { imageSetsMetadataSummaries } = await client.send(new SearchImageSetsCommand({ datastoreId }))
      return (imageSetsMetadataSummaries ?? []).map(({ imageSetId }) => imageSetId!)
    },
    async update(imageSetId: string, attributes: object) {
      const imageSet = () => client.send(new GetImageSetCommand({ datastoreId, imageSetId }))
      const { versionId } = await imageSet()
      await client.send(
        new UpdateImageSetMetadataCommand({
          ...{ datastoreId, imageSetId, latestVersionId: versionId },
          updateImageSetMetadataUpdates: {
            DICOMUpdates: { updatableAttributes: Buffer.from(JSON.stringify(attributes)) },
          },
        }),
      )
      while ((await imageSet()).imageSetState === 'LOCKED') await wait(10)
      assert.deepEqual((await imageSet()).imageSetWorkflowStatus, 'UPDATED')
    },
    startExport: (to: string, ...words: string[]) => start('export', '--datastore', 'mine', '--to', to, ...words),
    exportTo: (to: string, ...words: string[]) => hilum('export', '--datastore', 'mine', '--to', to, ...words),
  }
}

test('hilum export writes the files of a data store', async (t) => {
  const { cwd, hilum, endpoint, bringIn, imageSetIds, update, exportTo, startExport } = await openExported(t)
  const files = [1, 2].map((number) => instance(number))
  await bringIn(...files)
  const [imageSetId] = await imageSetIds()

  await t.test('of an image set, pixel for pixel', async () => {
    const { code, output } = await exportTo('out', '--image-set', imageSetId!)
    assert.equal(code, 0, output)
    assert.match(output, /^2 files of 1 image set written into .*out \(0\.1 MB\)$/m)
    for (const file of files) {
      const bytes = readFileSync(pathIn(join(cwd, 'out'), file))
      const { dataSet, transferSyntaxUID } = parseP10(bytes)
      assert.equal(transferSyntaxUID, '1.2.840.10008.1.2.1')
      assert.deepEqual([dataSet.string('00100010'), dataSet.string('00080005')], ['Müller^Jörg', 'ISO_IR 192'])
      assert.ok(Buffer.concat(nativeFrames(bytes)).equals(Buffer.concat(FRAMES)))
    }
  })

  await t.test('and skips existing identical files', async () => {
    const again = await exportTo('out', '--image-set', imageSetId!)
    assert.equal(again.code, 0, again.output)
    assert.match(again.output, /^0 files of 1 image set written into/m)
    assert.match(again.output, /^2 identical files skipped$/m)
    rmSync(pathIn(join(cwd, 'out'), files[0]!))
    const rest = await exportTo('out', '--image-set', imageSetId!)
    assert.deepEqual([rest.code, /^1 file of 1 image set written/m.test(rest.output)], [0, true], rest.output)
    assert.match(rest.output, /^1 identical file skipped$/m)
  })

  await t.test('and keeps and reports a different existing file, unless --overwrite is given', async () => {
    const path = pathIn(join(cwd, 'out'), files[1]!)
    const changed = readFileSync(path)
    changed[changed.length - 1]! ^= 1
    writeFileSync(path, changed)
    const refused = await exportTo('out', '--image-set', imageSetId!)
    assert.equal(refused.code, 1)
    assert.match(refused.output, /^1 instance not exported:$/m)
    const line =
      /, 1\.2\.3\.1\.2 \(Instance 112\): .*1\.2\.3\.1\.2\.dcm exists and is a different file: --overwrite replaces it$/m
    assert.match(refused.output, line)
    const json = await exportTo('out', '--image-set', imageSetId!, '--json')
    const { skipped, notExported } = JSON.parse(json.output.split('\n').find((each) => each.startsWith('{'))!)
    const { sopInstanceUID, instanceNumber } = notExported[0]
    assert.deepEqual([skipped, sopInstanceUID, instanceNumber], [1, '1.2.3.1.2', '112'])
    assert.equal((await exportTo('out', '--image-set', imageSetId!, '--overwrite')).code, 0)
    assert.ok(!readFileSync(path).equals(changed))
  })

  await t.test('with --json as one object, and with --compressed as stored', async () => {
    const { output } = await exportTo('compressed', '--image-set', imageSetId!, '--compressed', '--json')
    const line = output.split('\n').find((each) => each.startsWith('{'))
    const { files: count, imageSets, notExported, leftOut } = JSON.parse(line!)
    assert.deepEqual([count, imageSets, notExported], [2, 1, []])
    assert.deepEqual(leftOut, { 'stored-separately': 0, icon: 0, 'unknown-keyword': 0 })
    const { transferSyntaxUID } = parseP10(readFileSync(pathIn(join(cwd, 'compressed'), files[0]!)))
    assert.equal(transferSyntaxUID, '1.2.840.10008.1.2.4.202')
  })

  await t.test('of a version that is no longer the latest', async () => {
    await bringIn(instance(3, { PatientName: 'Later^Name' }))
    const old = await exportTo('old', '--image-set', imageSetId!, '--version-id', '1')
    assert.match(old.output, /^2 files of 1 image set/m)
    assert.match((await exportTo('new', '--image-set', imageSetId!)).output, /^3 files of 1 image set/m)
    const nameIn = (folder: string, file: Uint8Array) =>
      parseP10(readFileSync(pathIn(join(cwd, folder), file))).dataSet.string('00100010')
    // A version has the patient and study attributes of the last instance; each instance keeps its own values.
    assert.deepEqual([nameIn('old', files[0]!), nameIn('new', files[0]!)], ['Müller^Jörg', 'Müller^Jörg'])
    assert.equal(nameIn('new', instance(3)), 'Later^Name')
    const none = await exportTo('none', '--image-set', imageSetId!, '--version-id', '9')
    assert.deepEqual([none.code, /refused: .*\(ResourceNotFoundException\)/.test(none.output)], [1, true])
  })

  await t.test('with updated metadata', async () => {
    await update(imageSetId!, { SchemaVersion: 1.1, Patient: { DICOM: { PatientName: 'Updated^Name' } } })
    const { code, output } = await exportTo('updated', '--image-set', imageSetId!)
    assert.equal(code, 0, output)
    const { dataSet } = parseP10(readFileSync(pathIn(join(cwd, 'updated'), files[1]!)))
    assert.deepEqual([dataSet.string('00100010'), dataSet.string('00080018')], ['Updated^Name', '1.2.3.1.2'])
  })

  await t.test('of a whole study, one image set after another', async () => {
    await bringIn(instance(1, { SeriesInstanceUID: '1.2.3.2', SOPInstanceUID: '1.2.3.2.1' }))
    const { code, output } = await exportTo('study', '--study', '1.2.3')
    assert.equal(code, 0, output)
    assert.match(output, /^4 files of 2 image sets/m)
    assert.deepEqual(readdirSync(join(cwd, 'study', '1.2.3')).toSorted(), ['1.2.3.1', '1.2.3.2'])
    const unknown = await exportTo('unknown', '--study', '9.9')
    assert.deepEqual([unknown.code, /has no image set of this study/.test(unknown.output)], [1, true])
  })

  await t.test('of a whole data store, and again only new files', async () => {
    const { code, output } = await exportTo('all', '--all')
    assert.equal(code, 0, output)
    assert.match(output, /^4 files of 2 image sets written/m)
    await bringIn(instance(1, { StudyInstanceUID: '1.4', SeriesInstanceUID: '1.4.1', SOPInstanceUID: '1.4.1.1' }))
    const again = await exportTo('all', '--all')
    assert.equal(again.code, 0, again.output)
    assert.match(again.output, /^1 file of 3 image sets written/m)
    assert.match(again.output, /^4 identical files skipped/m)
    assert.deepEqual(readdirSync(join(cwd, 'all')).toSorted(), ['1.2.3', '1.4'])
  })

  await t.test('and keeps only complete files when interrupted', async () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      instance(index, { StudyInstanceUID: '1.5', SeriesInstanceUID: '1.5.1', SOPInstanceUID: `1.5.1.${index + 1}` }),
    )
    await bringIn(...many)
    const run = startExport('interrupted', '--study', '1.5')
    const folder = join(cwd, 'interrupted', '1.5', '1.5.1')
    while (!existsSync(folder) || readdirSync(folder).length < 10) await wait(5)
    run.child.kill('SIGINT')
    assert.equal(await run.ended, 130, run.output())
    const [, files] = /^Interrupted after (\d+) files, which are complete\. Run it again to resume\.$/m.exec(
      run.output(),
    )!
    const names = readdirSync(folder)
    assert.deepEqual([names.length, names.every((name) => name.endsWith('.dcm'))], [Number(files), true])
    for (const name of names)
      assert.equal(parseP10(readFileSync(join(folder, name))).pixelData!.lengthBytes, FRAME_BYTES * 3)
  })

  await t.test('or reports a failure of the disk or the server', async () => {
    writeFileSync(join(cwd, 'file'), '')
    const { code, output } = await exportTo('file', '--image-set', imageSetId!)
    assert.deepEqual(
      [code, /^hilum: .*file cannot be written \(ENOTDIR\)\. Choose another folder with --to\.$/m.test(output)],
      [1, true],
      output,
    )
    const nobody = await hilum(
      'export',
      '--datastore',
      'mine',
      '--to',
      'x',
      '--study',
      '1',
      '--endpoint',
      endpoint.replace(/\d+$/, '1'),
    )
    assert.match(nobody.output, /^hilum: No server answers at/m)
  })
})

test('an invalid command line is refused with an explanation', async (t) => {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-export-'))
  removeAtExit(cwd)
  const wrong: [words: string, sentence: RegExp][] = [
    ['export', /needs --datastore/],
    ['export --datastore mine', /needs --to/],
    ['export --datastore mine --to out', /either --image-set, once or several times, or --study/],
    ['export --datastore mine --to out --study 1.2 --image-set a', /either --image-set/],
    ['export --datastore mine --to out --study 1.2 --all', /either --image-set.*, or --study, or --all/],
    ['export --datastore mine --to out --study 1.2 --version-id 3', /--version-id needs one --image-set/],
    ['export --datastore mine --to out --image-set ID --version-id x', /must be a whole number/],
    ['export --datastore mine --to out --image-set ../a', /'..\/a' is not an image set id/],
    ['export out --datastore mine', /takes no argument 'out'/],
  ]
  await Promise.all(
    wrong.map(async ([words, sentence]) => {
      const run = startHilumProcess(t, words.replace('ID', 'a'.repeat(32)).split(' '), { cwd })
      assert.equal(await run.ended, 2)
      assert.match(run.output(), sentence)
    }),
  )
})
