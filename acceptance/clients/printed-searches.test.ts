/** Runs what `hilum search --cli`, `--js` and `--python` print: each finds the same as `hilum search` itself. */
import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sample } from '../../src/fixtures/soak.ts'
import {
  awsAtItsOwnHost,
  environmentFor,
  run,
  skipUnlessAws,
  skipUnlessBoto3,
  temporaryFolder,
} from '../support/clients.ts'
import { instance } from '../support/fixtures.ts'
import { importFiles } from '../support/import.ts'
import { openUseCaseServer } from '../support/use-cases.ts'

const server = await openUseCaseServer()
const { hilum, datastoreId } = server
/** Characters that a shell and two languages must pass on unchanged. */
const QUOTED = `O'Brien "山田" $HOME`
const LAUNCHER = fileURLToPath(new URL('../../bin/hilum', import.meta.url))
const folder = temporaryFolder()
// The program imports the SDK by name, as in a project that has it installed.
symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
const env = { ...environmentFor(hilum), TZ: 'UTC', HILUM_DATA: join(folder, 'data') }

const hilumSearch = (...words: readonly string[]) =>
  run(process.execPath, [LAUNCHER, 'search', '--datastore', datastoreId, ...words], { env })

const idsIn = (lines: string): string[] =>
  lines
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).imageSetId)

before(async () => {
  const file = instance({
    SpecificCharacterSet: 'ISO_IR 192',
    StudyInstanceUID: '2.25.3000',
    PatientID: QUOTED,
    StudyDate: '20200101',
  })
  await importFiles(server, { datastoreId, files: { 'e.dcm': file } })
})

const SEARCHES: readonly { readonly words: readonly string[]; readonly count: number }[] = [
  { words: [], count: 50 },
  { words: ['--limit', '70', '--sort', 'created', '--asc'], count: 70 },
  { words: ['--all'], count: 1_103 },
  { words: ['--patient', QUOTED, '--primary'], count: 1 },
  { words: ['--study-date', '19990101..20000101', '--sort', 'studyDate', '--asc'], count: 2 },
  { words: ['--updated', '20260102..20260103', '--not-primary'], count: 2 },
  { words: ['--created', '..2026-01-02T01:00', '--series', '2.25.1000.7'], count: 1 },
]

for (const { words, count } of sample(SEARCHES, 3)) {
  describe(`hilum search ${words.join(' ')}`, () => {
    let expected: string[] = []
    before(async () => {
      expected = idsIn(await hilumSearch('--json', ...words))
    })

    test(`finds ${count}`, () => {
      assert.equal(expected.length, count)
    })

    test('is the same for the AWS CLI', skipUnlessAws(), async () => {
      const script = await hilumSearch('--cli', ...words)
      const output = await run('sh', ['-c', script], {
        env: { ...env, ...awsAtItsOwnHost(hilum), AWS_DEFAULT_OUTPUT: 'json' },
      })
      const found = JSON.parse(output).imageSetsMetadataSummaries as { imageSetId: string }[]
      assert.deepEqual(
        found.map(({ imageSetId }) => imageSetId),
        expected,
      )
    })

    test('is the same for the SDK for JavaScript', async () => {
      const file = join(folder, 'search.mjs')
      writeFileSync(file, await hilumSearch('--js', ...words))
      assert.deepEqual(idsIn(await run(process.execPath, [file], { env })), expected)
    })

    test('is the same for boto3', skipUnlessBoto3(), async () => {
      const file = join(folder, 'search.py')
      writeFileSync(file, await hilumSearch('--python', ...words))
      assert.deepEqual(idsIn(await run('python3', [file], { env })), expected)
    })
  })
}
