/** CSV files of tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvColumns, csvHead, csvRows, type TextColumn } from './csv.ts'

interface Row {
  readonly name: string
  readonly note: string
}
const COLUMNS: readonly TextColumn<Row>[] = [
  { id: 'picture', header: 'Image', cell: () => null },
  { id: 'name', header: 'Name', cell: () => null, textOf: ({ name }) => name },
  { id: 'note', header: 'Note, long', cell: () => null, textOf: ({ note }) => note },
]
const textOf = (note: string) => csvRows([COLUMNS[2]!], [{ name: '', note }]).slice(0, -2)

test('the shown columns in their order, without pictures', () => {
  const shown = [
    { id: 'note', visible: true },
    { id: 'picture', visible: true },
    { id: 'name', visible: true },
  ]
  const columns = csvColumns(COLUMNS, shown)
  assert.equal(csvHead(columns), '\uFEFF"Note, long",Name\r\n')
  assert.equal(csvRows(columns, [{ name: 'Müller', note: 'a' }]), 'a,Müller\r\n')
  assert.deepEqual(csvColumns(COLUMNS, [{ id: 'name', visible: false }]), [])
})

test('commas, quotes, line breaks and outer spaces are quoted', () => {
  assert.equal(textOf('a,b'), '"a,b"')
  assert.equal(textOf('say "no"'), '"say ""no"""')
  assert.equal(textOf('two\r\nlines'), '"two\r\nlines"')
  assert.equal(textOf(' x '), '" x "')
  assert.equal(textOf('plain text'), 'plain text')
})

test('no spreadsheet runs a text as a formula; numbers stay numbers', () => {
  assert.equal(textOf('=1+1'), "'=1+1")
  assert.equal(textOf('=HYPERLINK("http://a","b")'), `"'=HYPERLINK(""http://a"",""b"")"`)
  assert.equal(textOf('+49 30'), "'+49 30")
  assert.equal(textOf('-CT'), "'-CT")
  assert.equal(textOf('@SUM(A1)'), "'@SUM(A1)")
  assert.equal(textOf('\t=1'), `"'\t=1"`)
  assert.equal(textOf(' =1'), `' =1`)
  assert.equal(textOf('-12.5'), '-12.5')
  assert.equal(textOf('2026-01-15'), '2026-01-15')
})
