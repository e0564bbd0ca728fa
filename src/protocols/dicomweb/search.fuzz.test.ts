/** Any query of a search is answered, and never with a fault of the server. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../../fixtures/soak.ts'
import { searchedKeywords } from '../../imaging/dicomweb-search/attributes.ts'
import { checkDicomJson } from './dicom-json-model.fixture.ts'
import { startDicomweb } from './dicomweb.fixture.ts'
import { fileWithEverything } from './source-instances.fixture.ts'

const dicomweb = await startDicomweb()
after(() => dicomweb.stop())

const of = <T>(...values: readonly T[]) => fc.constantFrom(...values)
const path = of(
  ...['studies', 'series', 'instances', 'studies/1.2.3/series', 'studies/1.2.3/instances'],
  ...['studies/1.2.3/series/1.2.3.1/instances', 'studies/9/series'],
)
const text = of(
  ...[
    '',
    '*',
    '1.2.3',
    '1.2.3,1.2.4',
    'P1',
    'P*',
    '?',
    'yamada^tarou*',
    '山田',
    '*山*',
    '20240229',
    '2024',
    '20230101-',
    '-',
    '1011',
  ],
  ...[
    'CT\\MR',
    'OT',
    '7',
    '007',
    "'",
    '"',
    '%',
    '\\',
    '[a-',
    '_',
    '\0',
    '\ud800',
    '^=^',
    'B000',
    '1e9',
    'true',
    '-1',
    'x'.repeat(1_025),
  ],
)
const field = of(
  ...['all', 'PatientName', '00101010', '00400275.00400009', '00191001', 'Foo', '.', ',', '00191003.00191004'],
)
const parameter = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(of(...searchedKeywords('instance')), text) },
  fc.tuple(of('includefield'), field),
  fc.tuple(of('limit', 'offset'), of('0', '1', '3', '1000', '5000', '-1', 'x', '1000000', '1000001')),
  fc.tuple(of('orderby'), of('StudyDate', '-PatientName,StudyID', 'Modality', '-InstanceNumber', 'x', ',', '-')),
  fc.tuple(of('fuzzymatching', 'nextToken', '00190010', 'Foo', 'X-Amz-Date', 'accept'), text),
)

test('a query is answered with results or refused', async () => {
  const store = await dicomweb.open()
  await store.bringIn(
    fileWithEverything(),
    fileWithEverything({ SOPInstanceUID: '1.2.3.5', InstanceNumber: '8' }),
    fileWithEverything({ SOPInstanceUID: '1.2.9.5', SeriesInstanceUID: '1.2.9.1', StudyInstanceUID: '1.2.9' }),
  )
  const statuses = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(path, fc.array(parameter, { maxLength: 4 }), async (at, parameters) => {
      const response = await store.get(`${at}?${new URLSearchParams(parameters as [string, string][])}`)
      const body = await response.text()
      assert.ok([200, 400, 406].includes(response.status), `${response.status} ${body}`)
      if (response.status === 200) checkDicomJson(JSON.parse(body))
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }),
    { seed: 20261127, numRuns: runs(500) },
  )
  for (const status of [200, 400]) assert.ok((statuses.get(status) ?? 0) > 50, JSON.stringify([...statuses]))
})
