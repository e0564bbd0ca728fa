import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { drawPersonName } from '../terminal/draw-dicom.ts'
import { fitted, widthOf } from '../terminal/text-width.ts'
import { type DemoScreen, drawDemo } from './demo-screen.ts'

const study = {
  date: '20261124',
  time: '101502.123',
  modality: 'CT',
  patient: 'Yamada^Tarou=山田^太郎=やまだ^たろう',
  description: 'CT Thorax',
}
const screen: DemoScreen = {
  endpoint: 'http://127.0.0.1:8104',
  consoleLink: `http://127.0.0.1:8104/console/#open=${'x'.repeat(43)}`,
  ohif: undefined,
  lambdaAuthorizerArn: undefined,
  dataFolder: '/srv/hilum-data',
  envCommand: 'bin/hilum env',
  program: 'bin/hilum',
  datastoreId: '0123456789abcdef0123456789abcdef',
  datastoreName: 'demo',
  report: {
    status: 'COMPLETED',
    jobId: 'j',
    datastoreId: 'd',
    message: undefined,
    scanned: 1663,
    imported: 1663,
    failed: 0,
    skipped: 0,
    imageSets: 424,
    seconds: 5.25,
    failures: [],
    reportPlace: '/srv',
    notHandedOver: 0,
  },
  search: { days: 7, milliseconds: 4.2, studies: Array.from({ length: 30 }, () => study) },
}
const plain = { styled: (_style: string, text: string) => text }

describe('the screen of the demo', () => {
  test('has at most 24 lines of 100 columns, whatever the values', () => {
    const long = 'x'.repeat(300)
    const worst: DemoScreen = {
      ...screen,
      dataFolder: long,
      ohif: 'http://127.0.0.1:8105/',
      datastoreName: long,
      search: {
        ...screen.search,
        studies: screen.search.studies.map((one) => ({
          ...one,
          patient: `${long}=${'山'.repeat(99)}`,
          description: long,
        })),
      },
    }
    for (const lines of [drawDemo(screen, plain).split('\n'), drawDemo(worst, plain).split('\n')]) {
      assert.ok(lines.length <= 24, `${lines.length} lines`)
      for (const line of lines) assert.ok(widthOf(line) <= 100, `${widthOf(line)}: ${line}`)
    }
  })

  test('shows the endpoint, the data store, commands, and the result and time of a search', () => {
    const text = drawDemo(screen, plain)
    assert.match(text, /http:\/\/127\.0\.0\.1:8104 /)
    assert.match(text, /console +http:\/\/127\.0\.0\.1:8104\/console\/#open=x{43}\n/)
    assert.match(text, /eval "\$\(bin\/hilum env\)"\n/)
    assert.match(text, /--datastore-id 0123456789abcdef0123456789abcdef/)
    assert.match(text, /1,663 synthetic instances into 424 image sets in 5\.3 s/)
    assert.match(text, /last 7 days, searched with the official JavaScript SDK in 4 ms/)
    assert.match(text, /2026-11-24 10:15 {2}CT {8}Yamada, Tarou {2}山田 太郎 +CT Thorax\n/)
  })

  test('handles an empty result and missing values', () => {
    const empty = { days: undefined, milliseconds: 1, studies: [] }
    assert.match(drawDemo({ ...screen, report: undefined, search: empty }, plain), /found nothing/)
    const bare = { date: '', time: '', modality: '', patient: '', description: '' }
    assert.doesNotMatch(drawDemo({ ...screen, search: { ...empty, studies: [bare] } }, plain), /undefined/)
  })
})

test('a name is shown with its alphabetic and its ideographic group', () => {
  assert.equal(drawPersonName('Marlow^Eleanor^J'), 'Marlow, Eleanor')
  assert.equal(drawPersonName('=山田^太郎'), '山田 太郎')
  assert.equal(drawPersonName('\x1b[2JEvil^Eve'), '[2JEvil, Eve')
  assert.equal(drawPersonName(''), '')
})

test('text is cut and padded by its width on the screen', () => {
  assert.equal(fitted('山田', 6), '山田  ')
  assert.equal(fitted('山田太郎', 6), '山田… ')
  assert.equal(fitted('e\u0301a', 3), 'e\u0301a ')
  assert.equal(fitted('abcdef', 4), 'abc…')
})
