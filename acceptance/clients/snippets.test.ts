/** Runs the snippets of the README unchanged, with the variables of `hilum env` and the id of a data store in the environment. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  aws2ByName,
  awsAtItsOwnHost,
  buildGo,
  environmentFor,
  run,
  skipUnlessAws,
  skipUnlessAws2,
  skipUnlessBoto3,
  skipUnlessGo,
  temporaryFolder,
} from '../support/clients.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'

const server = await openHilum()
const datastoreId = await activeDatastore(server.sdk)
const folder = temporaryFolder()
const env = { ...environmentFor(server.hilum), DATASTORE_ID: datastoreId }
const pathOf = (snippet: string) => fileURLToPath(new URL(`snippets/${snippet}`, import.meta.url))

before(async () => {
  const files: Record<string, Uint8Array> = {}
  for (const [date, modality] of [
    ['20191231', 'XA'],
    ['20240102', 'CT'],
    ['20260301', 'MR'],
    ['20230101', 'US'],
  ] as const) {
    files[date] = instance({
      StudyInstanceUID: `2.25.${date}`,
      StudyDate: date,
      Modality: modality,
      PatientID: `PAT-${date}`,
      StudyDescription: 'A study',
    })
  }
  await importFiles(server, { datastoreId, files })
})

const NEWEST = [
  '20260301\tMR\tPAT-20260301\tA study',
  '20240102\tCT\tPAT-20240102\tA study',
  '20230101\tUS\tPAT-20230101\tA study',
  '',
]

const assertNewest = (output: string) => assert.deepEqual(output.split('\n'), NEWEST)

test('the snippet for the AWS CLI', skipUnlessAws(), async () => {
  assertNewest(await run('sh', [pathOf('cli.sh')], { env: { ...env, ...awsAtItsOwnHost(server.hilum) } }))
})

test('the snippet for the AWS CLI, by the AWS CLI 2', skipUnlessAws2(), async () => {
  assertNewest(await run('sh', [pathOf('cli.sh')], { env: { ...env, ...aws2ByName(server.hilum) } }))
})

test('the snippet for boto3', skipUnlessBoto3(), async () => {
  assertNewest(await run('python3', [pathOf('python.py')], { env }))
})

test('the snippet for the SDK for JavaScript', async () => {
  assertNewest(await run(process.execPath, [pathOf('javascript.mjs')], { env }))
})

describe('the snippet for the SDK for Go', skipUnlessGo(), () => {
  test('finds the same', async () => {
    const program = await buildGo(pathOf('go/main.go'), folder)
    assertNewest(await run(program, [], { env }))
  })
})
