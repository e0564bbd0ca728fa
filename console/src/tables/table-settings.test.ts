/** Settings of a table as local storage may have them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultSettings, parseSettings } from './table-settings.ts'

const DEFAULTS = {
  table: 'test',
  columns: ['name', 'size', 'added'].map((id) => ({ id, visible: id !== 'added' })),
  ...{ pageSizes: [20, 50], pageSize: 50 },
}

test('stored settings keep the order and the widths, without columns that the table no longer has', () => {
  const stored = {
    columns: [{ id: 'size', visible: false }, { id: 'gone', visible: true }, { id: 'name' }, { id: 'size' }],
    widths: { size: 120, gone: 10, name: 'wide' },
    ...{ pageSize: 20, contentDensity: 'compact', wrapLines: true },
  }
  assert.deepEqual(parseSettings(stored, DEFAULTS), {
    columns: [
      { id: 'size', visible: false },
      { id: 'name', visible: true },
      { id: 'added', visible: false },
    ],
    widths: { size: 120 },
    ...{ pageSize: 20, contentDensity: 'compact', wrapLines: true },
  })
})

test('values of another form are the defaults', () => {
  for (const value of [{}, { columns: 'all', widths: [], pageSize: 1e9, contentDensity: 3, wrapLines: 'no' }])
    assert.deepEqual(parseSettings(value, DEFAULTS), defaultSettings(DEFAULTS))
  for (const value of [null, 'x', []]) assert.equal(parseSettings(value, DEFAULTS), undefined)
})
