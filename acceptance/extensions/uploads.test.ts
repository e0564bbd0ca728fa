/** Uploads over HTTP into the bucket that import jobs read, and the report of the job, as the console uses them in a browser. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { StartDICOMImportJobCommand } from '@aws-sdk/client-medical-imaging'
import { movableClock } from '../support/clock.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { jobAtEnd, ROLE } from '../support/import.ts'
import { exchange, signedHeaders, textOf } from '../support/raw-request.ts'

const clock = movableClock('2026-01-01T00:00:00Z')
const server = await openHilum({
  ...clock.options,
  limits: {
    ...clock.options.limits,
    requestBodyBytes: 64 * 1024,
    importFileBytes: 512 * 1024,
    reportFiles: 3,
    reportPageFiles: 5,
    uploadFilesPerRequest: 4,
  },
})
const { hilum, sdk } = server

/** Signed except for the body, which is sent unchanged. */
async function ask(method: string, path: string, { query = '', bytes }: { query?: string; bytes?: Uint8Array } = {}) {
  const headers = await signedHeaders(hilum, {
    method,
    path,
    query,
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  })
  const response = await fetch(`${hilum.endpoint}${path}${query && `?${query}`}`, {
    method,
    headers,
    ...(bytes && { body: bytes as Uint8Array<ArrayBuffer> }),
  })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), text, json: () => JSON.parse(text) }
}

interface Started {
  readonly uploadId: string
  readonly inputS3Uri: string
  readonly outputS3Uri: string
}
const start = async (): Promise<Started> => (await ask('POST', '/hilum/uploads')).json()
const pathOf = ({ uploadId }: Started, name: string) => `/hilum/uploads/${uploadId}/${encodeURIComponent(name)}`
const stored = ({ inputS3Uri }: Started, name: string) =>
  hilum.getObject('hilum-import', `${inputS3Uri.slice('s3://hilum-import/'.length)}${name}`)

describe('an upload', () => {
  test('is imported by a job, whose report lists every file', async () => {
    const datastoreId = await activeDatastore(sdk)
    const upload = await start()
    const put = async (name: string, bytes: Uint8Array) =>
      assert.equal((await ask('PUT', pathOf(upload, name), { bytes })).status, 204)
    await put('good.dcm', instance({}))
    await put('Ä folder/100%.dcm', instance({ StudyInstanceUID: '2.25.9', StudyDate: 'yesterday' }))
    for (const name of ['a', 'b', 'c', 'd']) await put(`bad/${name}.txt`, Buffer.from('no DICOM at all'))
    const { jobId } = await sdk.send(
      new StartDICOMImportJobCommand({
        datastoreId,
        dataAccessRoleArn: ROLE,
        inputS3Uri: upload.inputS3Uri,
        outputS3Uri: upload.outputS3Uri,
      }),
    )
    const job = await jobAtEnd(server, { datastoreId, jobId: jobId! })
    assert.equal(job.jobStatus, 'COMPLETED', job.message)
    const { failures, warnings, ...counts } = (await ask('GET', `/hilum/reports/${datastoreId}/${jobId}`)).json()
    assert.deepEqual(counts, { scanned: 6, imported: 2, failed: 4, skipped: 0, imageSets: 2, hasMore: true })
    assert.deepEqual(
      failures.map(({ file }: { file: string }) => file),
      ['bad/a.txt', 'bad/b.txt', 'bad/c.txt'],
    )
    assert.equal(failures[0].exceptionType, 'ValidationException')
    assert.match(failures[0].message, /./)
    assert.deepEqual(
      warnings.map(({ file }: { file: string }) => file),
      ['Ä folder/100%.dcm'],
    )
    assert.match(warnings[0].messages[0], /./)
    const fileOf = (name: string) => ask('GET', `/hilum/reports/${datastoreId}/${jobId}/${name}`)
    const failed = (await fileOf('failure')).text.split('\n').slice(0, -1)
    assert.deepEqual(
      failed.map((line) => JSON.parse(line).inputFile.split('/').slice(-2).join('/')),
      ['bad/a.txt', 'bad/b.txt', 'bad/c.txt', 'bad/d.txt'],
    )
    assert.equal((await fileOf('manifest')).json().jobSummary.jobId, jobId)
    for (const absent of ['skipped', 'other', '__proto__']) {
      assert.equal((await fileOf(absent)).type, 'ResourceNotFoundException', absent)
    }

    const report = `/hilum/reports/${datastoreId}/${jobId}`
    const noDicom = 'DICOM attributes does not exist. The file is a text file'
    const { failureReasons, warningReasons, ...rest } = (await ask('GET', `${report}/summary`)).json()
    assert.deepEqual(rest, { scanned: 6, imported: 2, failed: 4, skipped: 0, imageSets: 2, hasMoreReasons: false })
    assert.deepEqual(failureReasons, [{ reason: noDicom, files: 4 }])
    assert.deepEqual(warningReasons, [{ reason: warnings[0].messages[0], files: 1 }])
    const page = async (query: string, file = 'failure') =>
      (await ask('GET', `${report}/${file}/files`, { query })).json()
    const { files: two, next } = await page('limit=2')
    assert.deepEqual(two[0].messages, [failures[0].message])
    assert.equal(two[0].exceptionType, 'ValidationException')
    const second = await page(`after=${next}&limit=2&reason=${encodeURIComponent(noDicom)}`)
    assert.deepEqual(
      [...two, ...second.files].map(({ file }: { file: string }) => file),
      ['bad/a.txt', 'bad/b.txt', 'bad/c.txt', 'bad/d.txt'],
    )
    assert.equal(second.next, undefined)
    assert.deepEqual(await page('reason=other'), { files: [] })
    assert.deepEqual(await page('', 'warning'), {
      files: [{ file: 'Ä folder/100%.dcm', messages: warnings[0].messages }],
    })
    assert.equal((await page(`after=${next + 1}`)).message, 'after must be the next of another page of this report.')
    assert.equal((await page('limit=6')).message, 'A page has at most 5 files.')
    assert.equal((await ask('GET', `${report}/success/files`)).status, 404)
    const listed = await exchange(
      hilum,
      textOf(
        { method: 'GET', path: `/listDICOMImportJobs/datastore/${datastoreId}` },
        await signedHeaders(hilum, { method: 'GET', path: `/listDICOMImportJobs/datastore/${datastoreId}` }),
      ),
    )
    assert.equal(listed.headers['x-hilum-import-counts'], '2/4/0')

    assert.equal((await ask('DELETE', `/hilum/uploads/${upload.uploadId}`)).status, 204)
    assert.equal(await stored(upload, 'good.dcm'), undefined)
    assert.equal((await ask('DELETE', `/hilum/uploads/${upload.uploadId}`)).status, 204)
  })

  test('accepts several files in one request, and says what is wrong with a list of them', async () => {
    const upload = await start()
    const path = `/hilum/uploads/${upload.uploadId}`
    const send = (list: unknown, ...contents: readonly string[]) =>
      ask('POST', path, {
        bytes: Buffer.from(`${typeof list === 'string' ? list : JSON.stringify(list)}\n${contents.join('')}`),
      })
    const list = [
      { name: 'a/1.dcm', sizeBytes: 3 },
      { name: 'empty', sizeBytes: 0 },
      { name: 'Ä 2.dcm', sizeBytes: 5 },
    ]
    assert.equal((await send(list, 'one', '', 'two\n2')).status, 204)
    assert.equal(String(Buffer.from((await stored(upload, 'a/1.dcm'))!)), 'one')
    assert.equal((await stored(upload, 'empty'))!.length, 0)
    assert.equal(String(Buffer.from((await stored(upload, 'Ä 2.dcm'))!)), 'two\n2')
    for (const [refused, message] of [
      [send(list, 'one', 'two\n2', 'more'), 'The sizes of the list must add up to the bytes after it, which are 12.'],
      [send(list, 'one'), 'The sizes of the list must add up to the bytes after it, which are 3.'],
      [
        send('{"name": "secret"', 'x'),
        'The first line of the body must be the list of files as JSON: [{"name": "a.dcm", "sizeBytes": 2}].',
      ],
      [
        send([{ name: 'x', sizeBytes: -1 }], ''),
        'File 1 of the list must have name, a text, and sizeBytes, a whole number.',
      ],
      [send([{ name: '../x', sizeBytes: 1 }], 'x'), 'A file cannot have this name: a part of it is empty, . or ...'],
      [send([], ''), 'A request must have 1 to 4 files.'],
      [
        send(
          Array.from({ length: 5 }, (_, at) => ({ name: `${at}`, sizeBytes: 0 })),
          '',
        ),
        'A request must have 1 to 4 files.',
      ],
    ] as const) {
      const { status, json } = await refused
      assert.deepEqual([status, json().message], [400, message])
    }
    assert.equal(
      (await ask('POST', '/hilum/uploads/x', { bytes: Buffer.from('[{"name":"a","sizeBytes":0}]') })).status,
      400,
    )
  })

  test('accepts a large file in parts, in any order, and joins them', async () => {
    const upload = await start()
    const bytes = randomBytes(64 * 1024 * 2 + 7)
    const path = pathOf(upload, 'large.dcm')
    for (const part of [3, 1, 2]) {
      const slice = bytes.subarray((part - 1) * 64 * 1024, part * 64 * 1024)
      assert.equal((await ask('PUT', path, { query: `part=${part}`, bytes: slice })).status, 204)
    }
    const early = await ask('POST', path, { query: 'parts=4' })
    assert.deepEqual(
      [early.status, early.json().message],
      [400, 'Part 4 of the file was not sent. Send it, then join the parts.'],
    )
    assert.equal(await stored(upload, 'large.dcm'), undefined)
    assert.equal((await ask('POST', path, { query: 'parts=3' })).status, 204)
    assert.deepEqual(Buffer.from((await stored(upload, 'large.dcm'))!), bytes)
  })

  test('is limited to the size of an import, per request and in parts', async () => {
    const upload = await start()
    const path = pathOf(upload, 'large.dcm')
    assert.equal((await ask('PUT', path, { bytes: new Uint8Array(64 * 1024 + 1) })).status, 413)
    for (const query of ['part=9', 'part=0', 'part=1.5', 'part=']) {
      assert.equal((await ask('PUT', path, { query, bytes: new Uint8Array(1) })).status, 400, query)
    }
    assert.equal((await ask('POST', path, { query: 'parts=9' })).status, 400)
    assert.equal((await ask('POST', path)).status, 400)
  })

  test('cannot leave its folder, and a refusal does not quote the name', async () => {
    const upload = await start()
    for (const name of [
      '../x',
      'a/../../x',
      '/x',
      'x/',
      'a//b',
      'a/./b',
      'a\0b',
      'a\nb',
      '.hilum-x.unfinished',
      'x'.repeat(256),
      'y/'.repeat(460),
    ]) {
      const { status, text } = await ask('PUT', pathOf(upload, name), { bytes: new Uint8Array(1) })
      assert.equal(status, 400, name)
      assert.match(JSON.parse(text).message, /^A file cannot have this name: /)
    }
    for (const id of ['x', `20260101T000000000Z-${'0'.repeat(31)}`, `../${upload.uploadId}`]) {
      assert.equal(
        (await ask('PUT', `/hilum/uploads/${encodeURIComponent(id)}/x`, { bytes: new Uint8Array(1) })).status,
        400,
      )
      assert.equal((await ask('DELETE', `/hilum/uploads/${encodeURIComponent(id)}`)).status, 400)
    }
    assert.equal((await ask('PUT', `/hilum/uploads/${upload.uploadId}/%ff`, { bytes: new Uint8Array(1) })).status, 400)
  })

  test('that was not removed is deleted when another begins after a week', async () => {
    const upload = await start()
    await ask('PUT', pathOf(upload, 'left.dcm'), { bytes: new Uint8Array(1) })
    clock.advance(7 * 24 * 3_600_000 - 1)
    const young = await start()
    await ask('PUT', pathOf(young, 'young.dcm'), { bytes: new Uint8Array(1) })
    assert.ok(await stored(upload, 'left.dcm'))
    clock.advance(2)
    await start()
    while ((await stored(upload, 'left.dcm')) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.ok(await stored(young, 'young.dcm'))
  })

  test('and its report require a signature', async () => {
    const host = new URL(hilum.endpoint).host
    for (const [method, path] of [
      ['POST', '/hilum/uploads'],
      ['POST', '/hilum/uploads/x'],
      ['PUT', '/hilum/uploads/x/y'],
      ['POST', '/hilum/uploads/x/y'],
      ['DELETE', '/hilum/uploads/x'],
      ['GET', '/hilum/reports/x/y'],
      ['GET', '/hilum/reports/x/y/failure'],
      ['GET', '/hilum/reports/x/y/summary'],
      ['GET', '/hilum/reports/x/y/failure/files'],
    ] as const) {
      const { status, headers } = await exchange(hilum, textOf({ method, path }, { host }))
      assert.deepEqual([status, headers['x-amzn-errortype']], [403, 'MissingAuthenticationTokenException'], path)
    }
  })

  test('a report of 100,000 failures is summarized, and a rare reason is found in a few requests', async () => {
    const datastoreId = await activeDatastore(sdk)
    const upload = await start()
    assert.equal((await ask('PUT', pathOf(upload, 'a.txt'), { bytes: Buffer.from('no DICOM') })).status, 204)
    const { inputS3Uri, outputS3Uri } = upload
    const job = { datastoreId, dataAccessRoleArn: ROLE, inputS3Uri, outputS3Uri }
    const { jobId } = await sdk.send(new StartDICOMImportJobCommand(job))
    const ended = await jobAtEnd(server, { datastoreId, jobId: jobId! })
    const lines = Array.from({ length: 100_000 }, (_, at) => {
      const message = at === 99_000 ? 'rare' : `${at % 3 === 0 ? 'one' : 'other'} fault at byte ${at}`
      const inputFile = `${inputS3Uri.slice('s3://hilum-import/'.length)}${'folder/'.repeat(20)}${at}`
      return `${JSON.stringify({ inputFile, exception: { exceptionType: 'ValidationException', message } })}\n`
    })
    const folder = ended.outputS3Uri!.slice('s3://hilum-import-output/'.length)
    await hilum.putObject('hilum-import-output', `${folder}FAILURE/failure.ndjson`, Buffer.from(lines.join('')))
    const report = `/hilum/reports/${datastoreId}/${jobId}`
    assert.deepEqual((await ask('GET', `${report}/summary`)).json().failureReasons, [
      { reason: 'other fault', files: 66_666 },
      { reason: 'one fault', files: 33_333 },
      { reason: 'rare', files: 1 },
    ])
    const found: string[] = []
    let requests = 0
    for (let after: number | undefined = 0; after !== undefined; requests++) {
      const query: string = `reason=rare${after === 0 ? '' : `&after=${after}`}`
      const page = (await ask('GET', `${report}/failure/files`, { query })).json()
      found.push(...page.files.map(({ file }: { file: string }) => file))
      after = page.next
    }
    assert.deepEqual(found, [`${'folder/'.repeat(20)}99000`])
    // 27 MB, of which each reads 8 MiB.
    assert.equal(requests, Math.ceil(lines.join('').length / (8 * 1024 ** 2)))
  })

  test('the report of a job that does not exist is not found', async () => {
    const datastoreId = await activeDatastore(sdk)
    for (const path of [`${datastoreId}/${'0'.repeat(32)}`, `${'0'.repeat(32)}/1`, 'x/y', 'x/y/failure']) {
      assert.equal((await ask('GET', `/hilum/reports/${path}`)).type, 'ResourceNotFoundException', path)
    }
  })
})
