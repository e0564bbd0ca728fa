/**
 * Instances of a series whose patient, study or series attributes differ: each keeps its own through imports, updates and copies, and its
 * file can be rebuilt from the document.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { tagOf } from '../dicom/dictionary.ts'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { parseP10 } from '../dicom/parse.ts'
import { rebuildDataSet } from '../imaging/documents/document-data-set.ts'
import { describedInstance } from '../imaging/documents/metadata.fixture.ts'
import { levelOf } from '../imaging/documents/metadata-levels.ts'
import { readDocument } from '../imaging/documents/read-document.ts'
import { submitJob, untilEnded } from '../ingest/import-job.fixture.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import { appOver, type ImageSet, imageSetsOf, perform, propertiesOf, versionsOf } from '../jobs/workflows.fixture.ts'
import { newId } from '../server/new-id.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'

const SERIES = '2.25.1.1'
const uidOf = (number: number) => `${SERIES}.${number}`
const inSeries = (DICOM: object) => ({ Study: { Series: { [SERIES]: { DICOM } } } })

const fileOf = (number: number, attributes: Attributes): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
      SOPInstanceUID: uidOf(number),
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: SERIES,
      PatientID: 'P1',
      SpecificCharacterSet: 'ISO_IR 192',
      ...attributes,
    },
  })

async function openWithImports(context: TestContext | { after(fn: () => unknown): void }) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const stores = { catalog, blobs: openMemoryBlobs(), locations: openMemoryLocations() }
  const output = stores.locations.createBucket('out-bucket')
  const app = appOver(stores as never)
  let datastoreId: string | undefined
  return {
    app,
    async importFiles(files: ReadonlyMap<number, Attributes>) {
      const input = stores.locations.createBucket('in-bucket')
      for (const [number, attributes] of files) {
        await input.put(`${String(number).padStart(5, '0')}.dcm`, fileOf(number, attributes))
      }
      const job = await submitJob(catalog, datastoreId)
      datastoreId = job.datastoreId
      const worker = startImportWorker(app)
      const ended = await untilEnded(catalog, job)
      await worker.stop()
      assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
      for (const number of files.keys()) await input.remove([`${String(number).padStart(5, '0')}.dcm`])
      return { warnings: await warningsIn(output, job.jobId) }
    },
    imageSets: () => imageSetsOf(catalog, datastoreId!),
    async documentOf(imageSet: ImageSet) {
      return (await versionsOf(stores as never, imageSet)).at(-1)!.document
    },
    async statusOf(imageSet: ImageSet) {
      return (await propertiesOf(catalog, imageSet)).workflowStatus
    },
  }
}

async function warningsIn(output: BlobStore, jobId: string) {
  const file = await output.open(`${jobId}/WARNING/warning.ndjson`)
  const text = file === undefined ? '' : Buffer.from(await readAll(file)).toString()
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** All attributes of the file that a document contains. */
function attributesOf(file: Uint8Array): Record<string, unknown> {
  const { patient, study, series, own } = describedInstance(parseP10(file))
  const all = Object.entries({ ...patient, ...study, ...series, ...own })
  const ofTheFile = /^(FileMeta|MediaStorage|TransferSyntax|Implementation)/
  return Object.fromEntries(all.filter(([key]) => !ofTheFile.test(key)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** By number. */
function exportedFrom(document: string): ReadonlyMap<number, Record<string, unknown>> {
  return new Map(
    readDocument(document).map((instance) => {
      const { meta, attributes } = rebuildDataSet(instance)
      const file = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes, meta })
      return [Number(instance.SOPInstanceUID.slice(SERIES.length + 1)), attributesOf(file)]
    }),
  )
}

const expectedOf = (files: ReadonlyMap<number, Attributes>) =>
  new Map([...files].map(([number, attributes]) => [number, attributesOf(fileOf(number, attributes))]))

const byNumber = <Value>(map: ReadonlyMap<number, Value>) => [...map].sort(([a], [b]) => a - b)

const ctSlices = () =>
  new Map<number, Attributes>(
    Array.from({ length: 114 }, (_, index) => [
      index + 1,
      {
        InstanceNumber: index + 1,
        ...(index === 40 ? { PixelPaddingValue: { vr: 'SS', value: -2000 }, PixelRepresentation: 1 } : {}),
      },
    ]),
  )

test('PixelPaddingValue in 1 of 114 slices stays with that slice, and is reported', async (context) => {
  const { importFiles, imageSets, documentOf } = await openWithImports(context)
  const files = ctSlices()
  const { warnings } = await importFiles(files)
  const [imageSet] = await imageSets()
  const document = await documentOf(imageSet!)
  const { Study } = JSON.parse(document)
  const { DICOM, Instances } = Study.Series[SERIES]
  assert.equal(DICOM.PixelPaddingValue, undefined)
  assert.equal(Instances[uidOf(41)].DICOM.PixelPaddingValue, -2000)
  assert.deepEqual(byNumber(exportedFrom(document)), byNumber(expectedOf(files)))
  assert.deepEqual(
    warnings.map(({ inputFile, importResponse }) => [inputFile, importResponse.warnings]),
    [
      [
        '00041.dcm',
        [
          {
            warning_reason_code: 0xb000,
            type: 'CoercionOfDataElements',
            message:
              'Patient, study or series attributes differ from those of the image set and are kept with the instance: PixelPaddingValue',
          },
        ],
      ],
    ],
  )
})

test('an instance without an attribute of its series is distinguished from one where it is empty', async (context) => {
  const { importFiles, imageSets, documentOf } = await openWithImports(context)
  const files = new Map<number, Attributes>([
    [1, { PatientSex: null }],
    [2, {}],
    [3, { PatientSex: 'F' }],
  ])
  await importFiles(files)
  const document = await documentOf((await imageSets())[0]!)
  const { Instances } = JSON.parse(document).Study.Series[SERIES]
  // A reader that does not know DICOMAbsent finds both empty.
  assert.deepEqual(
    [1, 2, 3].map((number) => Instances[uidOf(number)].DICOM.PatientSex),
    [null, null, undefined],
  )
  assert.deepEqual(
    [1, 2, 3].map((number) => Instances[uidOf(number)].DICOMAbsent),
    [undefined, ['PatientSex'], undefined],
  )
  assert.deepEqual(byNumber(exportedFrom(document)), byNumber(expectedOf(files)))
})

test('a series in which nothing differs has documents without values of instances, and no warnings', async (context) => {
  const { importFiles, imageSets, documentOf } = await openWithImports(context)
  const { warnings } = await importFiles(
    new Map([1, 2, 3].map((number) => [number, { PatientName: 'A', SeriesNumber: 1 }])),
  )
  assert.deepEqual(warnings, [])
  const { Instances } = JSON.parse(await documentOf((await imageSets())[0]!)).Study.Series[SERIES]
  for (const { DICOM, DICOMAbsent } of Object.values<{ DICOM: object; DICOMAbsent?: unknown }>(Instances)) {
    assert.deepEqual([Object.keys(DICOM).filter((key) => levelOf(tagOf(key)!)), DICOMAbsent], [[], undefined])
  }
})

test('instances keep their values when a later import has other attributes', async (context) => {
  const { importFiles, imageSets, documentOf } = await openWithImports(context)
  const files = new Map<number, Attributes>([
    [1, { PatientName: 'First', Manufacturer: 'M' }],
    [2, { PatientName: 'Second' }],
  ])
  await importFiles(files)
  const later = new Map<number, Attributes>([[3, { PatientName: 'Third', StudyDescription: 'Chest' }]])
  await importFiles(later)
  const [imageSet, ...others] = await imageSets()
  assert.deepEqual(others, [])
  const document = await documentOf(imageSet!)
  assert.equal(JSON.parse(document).Patient.DICOM.PatientName, 'Third')
  assert.deepEqual(byNumber(exportedFrom(document)), byNumber(expectedOf(new Map([...files, ...later]))))
})

test('an update of a patient attribute applies to all instances, and their other values stay', async (context) => {
  const { app, importFiles, imageSets, documentOf, statusOf } = await openWithImports(context)
  await importFiles(
    new Map<number, Attributes>([
      [1, { PatientName: 'First', StationName: 'S1' }],
      [2, { PatientName: 'Second' }],
      [3, { PatientName: 'Third', StationName: 'S3' }],
    ]),
  )
  const [imageSet] = await imageSets()
  await perform(app, { name: 'update', of: imageSet!, put: { Patient: { DICOM: { PatientName: 'Updated' } } } })
  assert.equal(await statusOf(imageSet!), 'UPDATED')
  const exported = exportedFrom(await documentOf(imageSet!))
  assert.deepEqual(
    [1, 2, 3].map((number) => [exported.get(number)!.PatientName, exported.get(number)!.StationName]),
    [
      ['Updated', 'S1'],
      ['Updated', undefined],
      ['Updated', 'S3'],
    ],
  )
  await perform(app, { name: 'update', of: imageSet!, put: inSeries({ StationName: 'S' }) })
  const again = exportedFrom(await documentOf(imageSet!))
  assert.deepEqual(
    [1, 2, 3].map((number) => again.get(number)!.StationName),
    ['S', 'S', 'S'],
  )
  // Again, with an instance that is updated: it keeps its own values.
  await perform(app, { name: 'revert', of: imageSet!, to: 1 })
  const renamed = { Study: { Series: { [SERIES]: { Instances: { [uidOf(2)]: { DICOM: { InstanceNumber: '7' } } } } } } }
  await perform(app, { name: 'update', of: imageSet!, put: renamed })
  const last = exportedFrom(await documentOf(imageSet!)).get(2)!
  assert.deepEqual([last.PatientName, last.StationName, last.InstanceNumber], ['Second', undefined, '7 '])
})

test('a forced copy takes the attributes of its destination where the two image sets differ', async (context) => {
  const { app, importFiles, imageSets, documentOf, statusOf } = await openWithImports(context)
  await importFiles(
    new Map<number, Attributes>([
      [1, { PatientName: 'A', StationName: 'S1' }],
      [2, { PatientName: 'B', StationName: 'S2' }],
      [3, { PatientName: 'C', StationName: 'S3' }],
    ]),
  )
  const [source] = await imageSets()
  const copyOf = async (number: number) =>
    (await perform(app, { name: 'copy', of: source!, instance: { series: SERIES, uid: uidOf(number) } })).at(-1)!
  const destination = await copyOf(3)
  await perform(app, { name: 'update', of: destination, put: { Patient: { DICOM: { PatientName: 'Right' } } } })
  const subset = await copyOf(1)
  assert.equal(exportedFrom(await documentOf(subset)).get(1)!.PatientName, 'A')
  await perform(app, { name: 'copy', of: subset, into: destination, force: true })
  assert.equal(await statusOf(destination), 'COPIED')
  const exported = exportedFrom(await documentOf(destination))
  assert.deepEqual(
    [1, 3].map((number) => [exported.get(number)!.PatientName, exported.get(number)!.StationName]),
    [
      ['Right', 'S1'],
      ['Right', 'S3'],
    ],
  )
})

const VALUES: Readonly<Record<string, fc.Arbitrary<Attributes[string] | undefined>>> = {
  PatientName: fc.constantFrom(undefined, null, 'A^B', 'Müller^Jörg'),
  PatientSex: fc.constantFrom(undefined, null, 'F'),
  OtherPatientNames: fc.constantFrom(undefined, ['A', '', 'B']),
  PatientAge: fc.constantFrom(undefined, '041Y', '042Y'),
  StudyDescription: fc.constantFrom(undefined, 'Chest', 'Head'),
  ReferencedStudySequence: fc.constantFrom(undefined, [{ ReferencedSOPInstanceUID: '1.2' }], []),
  SoftwareVersions: fc.constantFrom(undefined, ['1', '2'], ['1', '']),
  PixelPaddingValue: fc.constantFrom(undefined, { vr: 'US', value: 7 }, { vr: 'US', value: 8 }),
  RequestAttributesSequence: fc.constantFrom(undefined, [
    { ScheduledProcedureStepID: 'S', RequestedProcedureID: null },
  ]),
  InstanceNumber: fc.constantFrom(1, 2),
  '00190010': fc.constant({ vr: 'LO', value: 'HILUM TEST' }),
  '00191001': fc.constantFrom(undefined, { vr: 'FD', value: [0.5] }),
}

const attributes: fc.Arbitrary<Attributes> = fc
  .record(VALUES)
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Attributes)

type Step =
  | { readonly kind: 'import'; readonly files: ReadonlyMap<number, Attributes> }
  | { readonly kind: 'update'; readonly put: Readonly<Record<string, string>> }
  | { readonly kind: 'copy' }

const files = fc
  .uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
  .chain((numbers) => fc.tuple(...numbers.map((number) => attributes.map((of) => [number, of] as const))))
  .map((all) => new Map(all))

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: files.map((of): Step => ({ kind: 'import', files: of })), weight: 3 },
  fc.constantFrom<Step>(
    { kind: 'update', put: { PatientName: 'Updated' } },
    { kind: 'update', put: { PatientSex: 'M' } },
    { kind: 'copy' },
  ),
)

test('every file can be rebuilt from the document, whatever differs in the series', async () => {
  await fc.assert(
    fc.asyncProperty(files, fc.array(step, { maxLength: 4 }), async (first, steps) => {
      const closing: (() => unknown)[] = []
      const { app, importFiles, imageSets, documentOf } = await openWithImports({
        after: (fn: () => unknown) => closing.push(fn),
      })
      const model = new Map<number, Attributes>(first)
      await importFiles(first)
      const [imageSet] = await imageSets()
      assert.deepEqual(byNumber(exportedFrom(await documentOf(imageSet!))), byNumber(expectedOf(model)))
      for (const each of steps) {
        let shown = imageSet!
        if (each.kind === 'import') {
          await importFiles(each.files)
          for (const [number, of] of each.files) model.set(number, of)
        } else if (each.kind === 'update') {
          await perform(app, { name: 'update', of: shown, put: { Patient: { DICOM: each.put } } })
          for (const [number, of] of model) model.set(number, { ...of, ...each.put })
        } else {
          shown = (await perform(app, { name: 'copy', of: shown })).at(-1)!
        }
        assert.deepEqual(byNumber(exportedFrom(await documentOf(shown))), byNumber(expectedOf(model)))
      }
      for (const close of closing) await close()
    }),
    { seed: 20260112, numRuns: 60 },
  )
})
