/** `hilum search` and `hilum datastores` as processes, against a server as a process, over imported files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { serveDatastore } from '../served-datastore.fixture.ts'

const CLI = fileURLToPath(new URL('../../cli.ts', import.meta.url))
const IMAGE_SETS = 120

/** Study n is dated n days after 1 January 2024, at noon; the last one has a patient with a Japanese name. */
function scan(n: number): Uint8Array {
  const day = new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10).replaceAll('-', '')
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SpecificCharacterSet: 'ISO_IR 192',
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.${n}.1.1`,
      StudyInstanceUID: `2.25.${n}`,
      SeriesInstanceUID: `2.25.${n}.1`,
      StudyDate: day,
      StudyTime: '120000',
      Modality: 'CT',
      PatientID: `P${n % 10}`,
      PatientName: n === IMAGE_SETS - 1 ? 'Yamada^Tarou=山田^太郎' : `Patient^Number${n}`,
      StudyDescription: `Study ${n}`,
    },
  })
}

/** A server with the data store `mine`, and a function that runs `hilum` against it. */
async function openSearched(t: TestContext) {
  const served = await serveDatastore(t)
  const { cwd, at, create, datastoreId } = served
  const hilum = async (...words: string[]) => {
    const { code, output } = await served.hilum(...words)
    return { code, lines: output.trimEnd().split('\n') }
  }
  mkdirSync(join(cwd, 'disc'))
  for (let n = 0; n < IMAGE_SETS; n++) writeFileSync(join(cwd, 'disc', `${n}`), scan(n))
  const imported = await hilum('import', 'disc', '--datastore', 'mine')
  assert.equal(imported.code, 0, imported.lines.join('\n'))
  return {
    cwd,
    at,
    hilum,
    create,
    datastoreId,
    search: (...words: string[]) => hilum('search', '--datastore', 'mine', ...words),
  }
}

test('a person searches from the terminal', async (t) => {
  const { cwd, at, hilum, create, datastoreId, search } = await openSearched(t)
  const found = (lines: readonly string[]) =>
    lines.filter((line) => line.startsWith('2024-')).map((line) => line.slice(0, 10))

  await t.test('lists the data stores with their ids', async () => {
    const { code, lines } = await hilum('datastores')
    assert.equal(code, 0)
    assert.match(lines[1]!, new RegExp(`^mine  ${datastoreId}  ACTIVE +20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d$`))
    const { lines: json } = await hilum('datastores', '--json')
    assert.deepEqual([json.length, JSON.parse(json[0]!).datastoreId], [1, datastoreId])
  })

  await t.test('sees one page, its size, its time, and that there are more', async () => {
    const { code, lines } = await search('--sort', 'studyDate')
    assert.equal(code, 0)
    const dates = found(lines)
    assert.deepEqual([dates.length, dates[0]], [50, '2024-04-29'])
    const [head, first] = lines.filter((line) => /^Study date|^2024-04-29/.test(line)) as [string, string]
    assert.match(head, /^Study date +Mod +Patient ID +Patient +Description +Ser +Inst +Ver +Prim$/)
    assert.match(first, /^2024-04-29 12:00 {2}CT {3}P9 +Yamada, Tarou {2}山田 太郎 +Study 119 +1 +1 {2}yes$/)
    const closing = lines.find((line) => line.startsWith('50 image sets'))
    assert.match(closing!, /^50 image sets shown, in \d+ ms\. There are more: --all shows every one/)
  })

  await t.test('finds people by name, and sees how', async () => {
    const { code, lines } = await search('--name', 'taro 山', '--modality', 'ct', '--description', 'study')
    assert.equal(code, 0, lines.join('\n'))
    assert.deepEqual(found(lines), ['2024-04-29'])
    assert.equal(found((await search('--name', 'number*1', '--all')).lines).length, 12)
    const explained = await hilum(
      'explain',
      '--datastore',
      'mine',
      '--name',
      'patient',
      '--study-date',
      '20240101..',
      '--count',
    )
    assert.ok(explained.lines.includes('Plan     rows of postings'), explained.lines.join('\n'))
    assert.ok(
      explained.lines.includes(
        'Words    0 tokens, 0 postings, 120 of the newest image sets compared; 119 image sets have them',
      ),
      explained.lines.join('\n'),
    )
    const refused = await search('--series-number', 'first')
    assert.equal(refused.code, 1)
    assert.match(refused.lines.join(' '), /The value must be an integer/)
    assert.equal((await search('--name', 'x', '--js')).code, 2)
  })

  await t.test('sees all of them, or a limited number, over several pages and in order', async () => {
    const all = await search('--all', '--sort', 'studyDate', '--asc')
    assert.deepEqual(found(all.lines), found(all.lines).toSorted())
    assert.equal(found(all.lines).length, IMAGE_SETS)
    assert.ok(all.lines.some((line) => /^120 image sets, in \d+ ms\.$/.test(line)))
    assert.equal(found((await search('--limit', '70')).lines).length, 70)
    const exact = await search('--limit', String(IMAGE_SETS))
    assert.ok(
      exact.lines.some((line) => /^120 image sets, in/.test(line)),
      'the closing line promises no more where there are none',
    )
  })

  await t.test('finds the last day of a range as well, and filters by two attributes', async () => {
    const { lines } = await search('--study-date', '20240101..20240131', '--all')
    assert.equal(found(lines).length, 31, 'including noon of the last day')
    assert.equal(found((await search('--study-date', '20240101..20240131', '--patient', 'P3')).lines).length, 3)
    assert.equal(found((await search('--created', '-1d', '--primary', '--all')).lines).length, IMAGE_SETS)
    const nothing = await search('--patient', 'nobody')
    assert.equal(nothing.code, 0)
    assert.match(nothing.lines.join('\n'), /^Nothing found, in \d+ ms\.$/)
  })

  await t.test('gets one line of JSON for each summary with --json, and nothing else on standard output', () => {
    const words = ['search', '--datastore', datastoreId, '--json', '--all', '--patient', 'P9', ...at]
    const output = execFileSync(process.execPath, [CLI, ...words], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const summaries = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal(summaries.length, 12)
    for (const { imageSetId, version, isPrimary, createdAt, DICOMTags: tags } of summaries) {
      assert.match(imageSetId, /^[0-9a-z]{32}$/)
      assert.deepEqual([version, isPrimary, tags.DICOMPatientId], [1, true, 'P9'])
      assert.ok(createdAt.endsWith('Z'))
    }
  })

  await t.test('gets the total, on every page', async () => {
    const counted = async (...words: string[]) => (await search('--count', ...words)).lines.join('\n')
    assert.match(await counted(), /^1–50 of 120 image sets, in \d+ ms\. --all shows every one/m)
    assert.match(await counted('--all'), /^1–120 of 120 image sets, in \d+ ms\.$/m)
    assert.match(await counted('--patient', 'P3', '--limit', '5'), /^1–5 of 12 image sets, /m)
    assert.match(await counted('--patient', 'nobody'), /^Nothing found, in \d+ ms\.$/m)
    const pages = (await search('--count', '--json', '--all')).lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      pages.map(({ total, imageSetsMetadataSummaries: { length } }) => [total, length]),
      [
        [120, 50],
        [120, 50],
        [120, 20],
      ],
    )
    const nothing = (await search('--count', '--json', '--patient', 'nobody')).lines
    assert.ok(nothing.includes('{"total":0,"imageSetsMetadataSummaries":[]}'))
  })

  await t.test('gets the plan of a search, in lines or as JSON', async () => {
    const explain = async (...words: string[]) => (await hilum('explain', '--datastore', 'mine', ...words)).lines
    const [plan, ...others] = await explain('--study-date', '20240101..20240131', '--count')
    assert.match(plan!, /^Plan +kd-tree leaves, best first$/)
    assert.match(others.join('\n'), /^Partitions +primary image sets: 120 in \d+ leaves$/m)
    assert.match(others.join('\n'), /^Leaves +\d+ read of \d+, \d+ of which may match \(bound: \d+\)$/m)
    assert.match(others.join('\n'), /^Total +31 image sets: /m)
    assert.match(others.join('\n'), /^Time +\d+\.\d\d ms in the catalog, /m)
    const [json, ...surplus] = await explain('--patient', 'P3', '--json')
    const { strategy, index, rowsRead, imageSets, hasMore, total } = JSON.parse(json!)
    assert.deepEqual([strategy, index, rowsRead], ['posting list', 'DICOMPatientId', 12])
    assert.deepEqual([imageSets, hasMore, total, surplus], [12, false, undefined, []])
  })

  await t.test('passes criteria as JSON: in the option, in a file, on standard input', async () => {
    const json = JSON.stringify({ filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: 'P1' }] }] })
    writeFileSync(join(cwd, 'criteria.json'), json)
    assert.equal(found((await search('--criteria', json)).lines).length, 12)
    assert.equal(found((await search('--criteria', '@criteria.json')).lines).length, 12)
    const words = ['search', '--datastore', 'mine', '--criteria', '-', ...at]
    const output = execFileSync(process.execPath, [CLI, ...words], {
      cwd,
      encoding: 'utf8',
      input: json,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    assert.equal(found(output.split('\n')).length, 12)
  })

  await t.test('gets one sentence for each wrong command line', async () => {
    for (const [words, code, sentence] of [
      [['--limit', '0'], 2, /^hilum: --limit must be a whole number from 1 on, not '0'\.$/],
      [['--limit', '5', '--all'], 2, /--all and --limit contradict/],
      [['--cli', '--js'], 2, /^hilum: Choose one of --cli, --js\.$/],
      [['--count', '--js'], 2, /--count and --js contradict/],
      [['--criteria', '{}', '--patient', 'x'], 2, /Leave out --patient, or write it into the JSON/],
      [['--criteria', '@absent'], 1, /absent cannot be read \(ENOENT\)/],
      [['--patient', 'x', '--study', '1', '--series', '2'], 2, /at most two filters.*these are 3/],
      [['--study', 'not-a-uid'], 1, /refused: .*regular expression pattern: \[0-9\.\]\+.*ValidationException/],
    ] as const) {
      const { code: actual, lines } = await search(...words)
      assert.equal(actual, code, lines.join('\n'))
      assert.match(lines.at(-1)!, sentence)
    }
    const unknown = await hilum('search', '--datastore', 'mien')
    assert.match(unknown.lines.at(-1)!, /There is no data store 'mien'\. The data stores are: mine/)
    assert.equal(
      (await hilum('search', '--name', 'number*1', '--all')).code,
      0,
      'without --datastore, in the only data store',
    )
    await create('second')
    const missing = await hilum('search')
    assert.deepEqual([missing.code, /needs --datastore.*: second .*, mine /.test(missing.lines[0]!)], [2, true])
  })

  await t.test('stops when its output is closed', () => {
    const script = '"$0" "$@" 2>complaints | head -n 1'
    const words = [CLI, 'search', '--datastore', 'mine', '--all', '--json', ...at]
    const output = execFileSync('sh', ['-c', script, process.execPath, ...words], { cwd, encoding: 'utf8' })
    assert.equal(output.trimEnd().split('\n').length, 1)
    assert.doesNotMatch(readFileSync(join(cwd, 'complaints'), 'utf8'), /hilum:|EPIPE/)
  })
})
