/** Any change of an audit log is found, whether by accident or on purpose. */
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { newFolder, openIn, request, verifyOne } from './audit.fixture.ts'

/** A log of three servers in succession, with rotations. */
let intact: string
let files: string[]

before(async () => {
  intact = newFolder()
  for (let start = 0; start < 3; start++) {
    const log = await openIn(intact, { limits: { auditFileBytes: 2_000 } })
    for (let at = 0; at < 8; at++) await log.record(request({ requestId: `${start}-${at}`, isReadOnly: at % 2 === 0 }))
    await log.stop()
  }
  files = readdirSync(intact)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
})

function changed(change: (folder: string) => void): string {
  const folder = newFolder()
  cpSync(intact, folder, { recursive: true })
  change(folder)
  return folder
}

const linesOf = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n')

test('an unchanged log is intact', async () => {
  const report = await verifyOne(intact)
  assert.equal(report.fault, undefined)
  assert.deepEqual(report.unfinishedLines, [])
  assert.equal(report.lines, report.lastSequence)
  assert.equal(report.files, files.length)
  assert.ok(files.length > 4, 'it rotated')
})

describe('fuzzed', () => {
  const place = fc.tuple(fc.nat(), fc.nat())

  test('a changed byte in any file is found', async () => {
    const all = readdirSync(intact)
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async ([file, at], bits) => {
        const folder = changed((copy) => {
          const path = join(copy, all[file % all.length]!)
          const bytes = readFileSync(path)
          bytes[at % bytes.length]! ^= bits
          writeFileSync(path, bytes)
        })
        assert.notEqual((await verifyOne(folder)).fault, undefined)
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 120, seed: 1 },
    )
  })

  test('a removed, repeated or moved line is found', async () => {
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('remove', 'repeat', 'swap'), async ([file, at], how) => {
        const folder = changed((copy) => {
          const name = files[file % files.length]!
          const lines = linesOf(copy, name)
          const line = at % lines.length
          if (how === 'remove') lines.splice(line, 1)
          else if (how === 'repeat') lines.splice(line, 0, lines[line]!)
          else if (lines.length > 1) {
            const other = (line + 1) % lines.length
            ;[lines[line], lines[other]] = [lines[other]!, lines[line]!]
          } else lines.pop()
          writeFileSync(join(copy, name), lines.map((each) => `${each}\n`).join(''))
        })
        assert.notEqual((await verifyOne(folder)).fault, undefined)
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 60, seed: 1 },
    )
  })

  test('a file that is cut at any byte is found', async () => {
    await fc.assert(
      fc.asyncProperty(place, async ([file, at]) => {
        const folder = changed((copy) => {
          const path = join(copy, files[file % files.length]!)
          truncateSync(path, at % readFileSync(path).length)
        })
        assert.notEqual((await verifyOne(folder)).fault, undefined)
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 60, seed: 1 },
    )
  })
})

test('a missing file is found, at the beginning, in the middle and at the end', async () => {
  for (const name of [files[0]!, files[2]!, files.at(-1)!]) {
    const { fault } = await verifyOne(changed((copy) => rmSync(join(copy, name))))
    assert.match(fault!.what, /missing/, name)
  }
})

test('two files with exchanged names are found', async () => {
  const folder = changed((copy) => {
    const [one, two] = [join(copy, files[1]!), join(copy, files[2]!)]
    renameSync(one, `${one}.x`)
    renameSync(two, one)
    renameSync(`${one}.x`, two)
  })
  assert.match((await verifyOne(folder)).fault!.what, /sequence number/)
})

test('the report names file, line and fault', async () => {
  const name = files[1]!
  const folder = changed((copy) => {
    const [first, ...others] = linesOf(copy, name)
    writeFileSync(join(copy, name), [first!.replace('"test"', '"best"'), ...others].map((line) => `${line}\n`).join(''))
  })
  const { fault } = await verifyOne(folder)
  const { line, file, what } = fault!
  assert.ok((file === name && line === 2) || (file === files[2] && line === 1), JSON.stringify(fault))
  assert.match(what, /one of the two was altered/)
})

test('a log whose lines are cut at the end stays damaged after the next start', async () => {
  const folder = changed((copy) => {
    const name = files.at(-1)!
    writeFileSync(
      join(copy, name),
      linesOf(copy, name)
        .slice(0, -1)
        .map((line) => `${line}\n`)
        .join(''),
    )
  })
  const log = await openIn(folder)
  await log.stop()
  assert.match((await verifyOne(folder)).fault!.what, /when it was written, lines up to \d+ were durable/)
})

test('a log whose head was removed stays damaged after the next start', async () => {
  const folder = changed((copy) => {
    for (const name of readdirSync(copy)) if (name.endsWith('.head')) rmSync(join(copy, name))
  })
  assert.match((await verifyOne(folder)).fault!.what, /head of the log is missing/)
  const log = await openIn(folder)
  await log.stop()
  assert.match((await verifyOne(folder)).fault!.what, /head of the log was missing/)
})

test('bytes of an unfinished line are no fault, and the next start records them', async () => {
  const folder = changed((copy) => {
    const path = join(copy, files.at(-1)!)
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"eventVersion":"1.11","eventT`)
  })
  const bytes = Buffer.byteLength('{"eventVersion":"1.11","eventT')
  const before = await verifyOne(folder)
  assert.equal(before.fault, undefined)
  assert.deepEqual(before.unfinishedLines, [{ file: files.at(-1), bytes }])
  const log = await openIn(folder)
  await log.record(request())
  await log.stop()
  const after = await verifyOne(folder)
  assert.equal(after.fault, undefined)
  assert.deepEqual(after.unfinishedLines, before.unfinishedLines)
  assert.equal(after.lines, before.lines + 3)
  // They are part of the record now.
  const path = join(folder, files.at(-1)!)
  writeFileSync(path, readFileSync(path, 'utf8').replace(/eventT$/, 'eventX'))
  assert.match((await verifyOne(folder)).fault!.what, /not a line of an audit log/)
})
