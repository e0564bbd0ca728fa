/**
 * Paging sees the data store as of its first page: each image set exactly once, and none that was added later, whatever is imported or
 * imported again between pages.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paginateSearchImageSets, type SearchCriteria } from '@aws-sdk/client-medical-imaging'
import { activeDatastore } from '../support/datastores.ts'
import { instance, studies } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles, jobAtEnd, startImport } from '../support/import.ts'
import { equal, patientsOf, search, sortedBy } from '../support/search.ts'
import { choice } from '../support/sources.ts'

const server = await openHilum({ partitions: 2 })
const { sdk } = server
const COUNT = 200
const original = { from: 1, count: COUNT }

const SEARCHES: Record<string, SearchCriteria> = {
  'the last updated first': {},
  'the first updated first': sortedBy('updatedAt', 'ASC'),
  'the first created first': sortedBy('createdAt', 'ASC'),
  'the last created first': sortedBy('createdAt', 'DESC'),
  'by study, with a filter': { ...equal({ isPrimary: true }), ...sortedBy('DICOMStudyDateAndTime', 'ASC') },
}

for (const [name, searchCriteria] of Object.entries(SEARCHES)) {
  test(`${name}, while other studies are imported and the same ones again`, choice, async () => {
    const datastoreId = await activeDatastore(sdk)
    await importFiles(server, { datastoreId, files: studies(original) })
    const atStart = patientsOf(await search(sdk, { datastoreId, searchCriteria }))

    const seen: (string | undefined)[] = []
    let page = 0
    for await (const { imageSetsMetadataSummaries } of paginateSearchImageSets(
      { client: sdk, pageSize: 20 },
      { datastoreId, searchCriteria },
    )) {
      seen.push(...patientsOf(imageSetsMetadataSummaries!))
      page += 1
      // Between any two pages: new studies, and others of the first ones updated, some seen already and some not.
      await importFiles(server, { datastoreId, files: studies({ from: 1_000 * page, count: 5 }) })
      await importFiles(server, { datastoreId, files: studies({ from: 1 + 17 * page, count: 20 }) })
    }
    assert.deepEqual(seen, atStart)
    assert.equal(page, COUNT / 20)
  })
}

test('while a job runs, with pages in quick succession', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  await importFiles(server, { datastoreId, files: studies(original) })
  const jobId = await startImport(server, {
    datastoreId,
    files: { ...studies({ from: 500, count: 500 }), ...studies(original) },
  })
  let running = true
  const end = jobAtEnd(server, { datastoreId, jobId }).then(() => {
    running = false
  })
  do {
    const patients: (string | undefined)[] = []
    for await (const { imageSetsMetadataSummaries } of paginateSearchImageSets(
      { client: sdk, pageSize: 10 },
      { datastoreId },
    )) {
      patients.push(...patientsOf(imageSetsMetadataSummaries!))
    }
    assert.equal(new Set(patients).size, patients.length, 'nothing twice')
    const missing = Object.keys(studies(original)).filter((file) => !patients.includes(`P${file.replace('.dcm', '')}`))
    assert.deepEqual(missing, [], 'nothing lost')
  } while (running)
  await end
})

test('a page has the values of its snapshot, not those of a later version', choice, async () => {
  const datastoreId = await activeDatastore(sdk)
  const file = (n: number, StudyDescription: string) =>
    instance({ StudyInstanceUID: `2.25.${n}`, PatientID: `P${n}`, StudyDescription })
  await importFiles(server, { datastoreId, files: { '1': file(1, 'before'), '2': file(2, 'before') } })
  const seen: [string | undefined, number | undefined][] = []
  for await (const { imageSetsMetadataSummaries } of paginateSearchImageSets(
    { client: sdk, pageSize: 1 },
    { datastoreId },
  )) {
    for (const { DICOMTags, version } of imageSetsMetadataSummaries!)
      seen.push([DICOMTags!.DICOMStudyDescription, version])
    await importFiles(server, { datastoreId, files: { '1': file(1, 'after'), '2': file(2, 'after') } })
  }
  assert.deepEqual(seen, [
    ['before', 1],
    ['before', 1],
  ])
})
