/** Pages of searches by their links: while instances are stored, where too many series match to be sorted, and after updates. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Attributes, encodeP10 } from '../../dicom/encode.ts'
import { sample } from '../../fixtures/soak.ts'
import { checkDicomJson } from './dicom-json-model.fixture.ts'
import { type DicomwebStore, type JsonAttribute, startDicomweb } from './dicomweb.fixture.ts'

const fileOf = (study: number, series: number, number: number, given: Attributes = {}): Uint8Array =>
  encodeP10({
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    attributes: {
      ...{ SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: `1.2.${study}.${series}.${number}` },
      ...{ StudyInstanceUID: `1.2.${study}`, SeriesInstanceUID: `1.2.${study}.${series}`, PatientID: `P${study}` },
      ...{
        StudyDate: `202601${String((study % 28) + 1).padStart(2, '0')}`,
        PatientName: `N${study}^X`,
        Modality: 'OT',
      },
      ...{ SeriesNumber: series, InstanceNumber: number, Rows: 1, Columns: 1, ...given },
    },
  })

interface Page {
  readonly uids: readonly string[]
  readonly total: string | null
  readonly warning: string | null
}

async function* pages(store: DicomwebStore, path: string, tag: string): AsyncGenerator<Page> {
  let next: string | undefined = path
  while (next !== undefined) {
    const response: Response = await store.get(next)
    assert.equal(response.status, 200)
    const results = (await response.json()) as Record<string, JsonAttribute>[]
    checkDicomJson(results)
    yield {
      uids: results.map((result) => result[tag]!.Value![0] as string),
      total: response.headers.get('x-total-count'),
      warning: response.headers.get('warning'),
    }
    const [, url] = /^<([^>]*)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? []
    next = url?.slice(url.indexOf(store.datastoreId) + store.datastoreId.length + 1)
  }
}

const CASES = [
  { path: 'studies?limit=7', tag: '0020000D', known: (study: number) => [`1.2.${study}`] },
  {
    path: 'studies?limit=7&orderby=-StudyDate,PatientName',
    tag: '0020000D',
    known: (study: number) => [`1.2.${study}`],
  },
  {
    path: 'series?limit=9',
    tag: '0020000E',
    known: (study: number) => [0, 1].map((series) => `1.2.${study}.${series}`),
  },
  {
    path: 'instances?limit=11&orderby=PatientName,-InstanceNumber',
    tag: '00080018',
    known: (study: number) => [0, 1].flatMap((series) => [2, 4].map((number) => `1.2.${study}.${series}.${number}`)),
  },
]

for (const rows of [25_000, 6]) {
  test(`pages repeat and lose nothing while instances are stored, with at most ${rows} rows read`, async (t) => {
    const dicomweb = await startDicomweb({ limits: { dicomwebSearchRows: rows } })
    t.after(() => dicomweb.stop())
    for (const { path, tag, known } of sample(CASES, 1)) {
      const store = await dicomweb.open()
      const studies = Array.from({ length: 20 }, (_, study) => study)
      await store.bringIn(
        ...studies.flatMap((study) =>
          [0, 1].flatMap((series) => [2, 4].map((number) => fileOf(study, series, number))),
        ),
      )
      const found: string[] = []
      let at = 0
      for await (const { uids, total, warning } of pages(store, path, tag)) {
        found.push(...uids)
        if (path.startsWith('studies')) assert.equal(total, '20')
        assert.equal(warning?.startsWith('299 - "Too many') ?? false, total === null)
        assert.equal(total === null, rows === 6 && !path.startsWith('studies'))
        // Into studies that are there, and new ones; before and behind the page.
        at += 1
        if (at < 8) await store.bringIn(fileOf(at * 2, 0, 1), fileOf(at * 2, 1, 9), fileOf(100 + at, 0, 3))
      }
      assert.equal(new Set(found).size, found.length, `${path}: none is repeated`)
      const wanted = studies.flatMap(known)
      const was = new Set(wanted)
      assert.deepEqual(found.filter((uid) => was.has(uid)).sort(), wanted.toSorted(), `${path}: none is lost`)
    }
  })
}

test('an update of the numbers and names is what the next search compares', async (t) => {
  const dicomweb = await startDicomweb()
  t.after(() => dicomweb.stop())
  const store = await dicomweb.open()
  const PROCEDURE = { PerformedProcedureStepStartDate: '20260105', PatientBirthTime: '0700' }
  await store.bringIn(fileOf(1, 1, 1, PROCEDURE), fileOf(1, 1, 2, PROCEDURE))
  const numbers = async (query: string) =>
    (await store.json(`studies/1.2.1/series/1.2.1.1/instances?${query}`)).map((result) => result['00200013']!.Value![0])
  assert.deepEqual(await numbers(''), [1, 2])
  const Series = {
    '1.2.1.1': { DICOM: { SeriesDescription: 'knee' }, Instances: { '1.2.1.1.1': { DICOM: { InstanceNumber: '5' } } } },
  }
  await store.update({ Patient: { DICOM: { PatientBirthTime: '0830' } }, Study: { Series } })
  assert.deepEqual(await numbers(''), [2, 5])
  assert.deepEqual(await numbers('InstanceNumber=5'), [5])
  assert.deepEqual(await numbers('InstanceNumber=1'), [])
  const count = async (query: string) => (await store.json(`series?${query}`)).length
  assert.deepEqual([await count('PatientBirthTime=08'), await count('PatientBirthTime=07')], [1, 0])
  assert.equal(await count('SeriesDescription=knee'), 1)
  assert.equal(await count('PerformedProcedureStepStartDate=20260105'), 1, 'the text of the instances is kept')
})
