/** `hilum index` as a process beside a running server with an encrypted data store, and the searches that it makes possible. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { askingFor } from '../client/client.ts'
import { serveDatastore } from '../served-datastore.fixture.ts'

const DEPARTMENTS = ['Radiologie Süd', 'Kardiologie', 'Neuro-Radiologie']

const scan = (n: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SpecificCharacterSet: 'ISO_IR 192',
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      ...{ SOPInstanceUID: `2.25.${n}.1.1`, StudyInstanceUID: `2.25.${n}`, SeriesInstanceUID: `2.25.${n}.1` },
      ...{
        PatientID: `P${n}`,
        InstitutionalDepartmentName: DEPARTMENTS[n % 3],
        SliceThickness: n % 2 === 0 ? '1.50' : '3',
      },
    },
  })

/** A server with the data store `mine`, and a function that runs `hilum` beside it. */
async function openServer(t: TestContext) {
  const { cwd, client, datastoreId, hilum } = await serveDatastore(t)
  const importScans = async (...numbers: number[]) => {
    const folder = `disc ${numbers[0]}`
    mkdirSync(join(cwd, folder))
    for (const n of numbers) writeFileSync(join(cwd, folder, `${n}`), scan(n))
    const imported = await hilum('import', folder, '--datastore', 'mine')
    assert.equal(imported.code, 0, imported.output)
  }
  const matching = (match: string) => {
    const command = new SearchImageSetsCommand({ datastoreId })
    askingFor(command, { 'x-hilum-match': match })
    return client.send(command)
  }
  return { hilum, importScans, matching }
}

test('an operator makes an attribute searchable and unsearchable again', async (t) => {
  const { hilum, importScans, matching } = await openServer(t)
  const index = (work: string, ...words: string[]) => hilum('index', work, '--datastore', 'mine', ...words)
  const search = (...words: string[]) => hilum('search', '--datastore', 'mine', '--count', ...words)
  await importScans(0, 1, 2, 3, 4)

  await t.test('an attribute that is not declared is refused with the command that declares it', async () => {
    const refused = await search('--match', 'InstitutionalDepartmentName=radio')
    assert.equal(refused.code, 1)
    assert.match(refused.output, /can be declared searchable for a data store: hilum index add/)
    assert.match((await index('list')).output, /No attribute was made searchable\. For example: hilum index add/)
  })

  await t.test('image sets that are there, and later ones, are found by its words', async () => {
    const added = await index('add', '--tag', 'InstitutionalDepartmentName')
    assert.equal(added.code, 0, added.output)
    assert.match(added.output, /^InstitutionalDepartmentName is searchable: 5 image sets indexed in \d+\.\d s\./m)
    assert.match((await search('--match', 'InstitutionalDepartmentName=sued rad')).output, /2 image sets/)
    await importScans(6)
    const { output } = await search('--match', 'InstitutionalDepartmentName=radiologie', '--json')
    assert.equal(JSON.parse(output.split('\n')[0]!).total, 4)
    const explained = await hilum('explain', '--datastore', 'mine', '--match', 'InstitutionalDepartmentName=süd')
    assert.match(explained.output, /^Words .*; 3 image sets have them/m)
  })

  await t.test('a number is found however it is written', async () => {
    const added = await index('add', '--tag', '0018,0050', '--json')
    assert.deepEqual(
      { ...JSON.parse(added.output.split('\n').find((line) => line.startsWith('{'))!), seconds: 0 },
      {
        ...{
          keyword: 'SliceThickness',
          tag: '00180050',
          comparison: 'number',
          imageSets: 6,
          unreadable: [],
          seconds: 0,
        },
      },
    )
    const page = await matching('SliceThickness=1.5&InstitutionalDepartmentName=s%C3%BCd')
    assert.equal(page.imageSetsMetadataSummaries?.length, 2)
    await assert.rejects(matching('SliceThickness=thin'), /The value must be a number/)
  })

  await t.test('the list names tags and states', async () => {
    const { output } = await index('list')
    assert.match(output, /^InstitutionalDepartmentName +\(0008,1040\) +by words +searchable$/m)
    assert.match(output, /^SliceThickness +\(0018,0050\) +as a number +searchable$/m)
  })

  await t.test('after its removal the attribute is refused, and verify finds no difference', async () => {
    const removed = await index('remove', '--tag', 'InstitutionalDepartmentName')
    assert.equal(removed.code, 0, removed.output)
    assert.match(removed.output, /^InstitutionalDepartmentName is not searchable any more\.$/m)
    await assert.rejects(matching('InstitutionalDepartmentName=radio'), { name: 'ValidationException' })
    assert.match((await index('remove', '--tag', 'InstitutionalDepartmentName')).output, /was not made searchable/)
    const verified = await hilum('verify')
    assert.equal(verified.code, 0, verified.output)
  })

  await t.test(
    'what cannot be declared is refused with the reason, and a wrong command line with exit code 2',
    async () => {
      for (const [tag, reason] of [
        ['PixelData', /has the VR OB or OW/],
        ['PatientName', /searchable in every data store/],
        ['0019,1001', /Private attributes/],
        ['InstitutionalDepartment', /no attribute with this keyword.* Did you mean InstitutionalDepartmentName\?$/m],
      ] as const) {
        const refused = await index('add', '--tag', tag)
        assert.equal(refused.code, 2)
        assert.match(refused.output, reason)
      }
      assert.match((await hilum('index', 'list')).output, /needs --datastore/)
      assert.match((await index('add')).output, /needs --tag/)
      assert.match((await search('--match', 'radio')).output, /--match takes a keyword and words/)
      assert.match(
        (await hilum('index', 'add', '--datastore', 'no', '--tag', 'ImageType')).output,
        /no data store 'no'/,
      )
    },
  )
})
