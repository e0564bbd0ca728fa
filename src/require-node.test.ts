/** An unsupported Node is refused with a message, before native code can crash it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { OLD_NODE, unlessOldNode } from './fixtures/old-node.ts'
import { isNodeTooOld, nodeComplaint, SMALLEST_NODE } from './server/node-version.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

test('22.14 is the minimum Node version everywhere', () => {
  const found = ['20.20.2', '22.9.0', '22.13.1', '22.14.0', '22.21.0', '23.0.0', '24.1.0'].map(isNodeTooOld)
  assert.deepEqual(found, [true, true, true, false, false, false, false])
  assert.equal(nodeComplaint('22.14.0', '/usr/bin/node'), undefined)
  assert.equal(JSON.parse(readFileSync(pathOf('package.json'), 'utf8')).engines.node, `>=${SMALLEST_NODE}`)
  for (const path of ['bin/hilum', 'scripts/bootstrap.mjs', 'README.md']) {
    assert.ok(readFileSync(pathOf(path), 'utf8').includes(SMALLEST_NODE), path)
  }
})

const COMPLAINT =
  /Hilum needs Node 22\.14 or newer, and this is \d+\.\d+\.\d+ \(\/usr\/\S*node\)\. Install Node 24 from https:\/\/nodejs\.org, or run/

test('hilum/testing refuses Node 20 with a message instead of a segmentation fault', { skip: unlessOldNode }, () => {
  const program = `const { startHilum } = await import(${JSON.stringify(pathOf('dist/testing.js'))}); await startHilum()`
  const { status, signal, stderr } = spawnSync(OLD_NODE!, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.deepEqual([status, signal], [1, null])
  assert.match(stderr, COMPLAINT)
})

test('dist/cli.js refuses Node 20 with a message and without a stack', { skip: unlessOldNode }, () => {
  for (const words of [['serve'], ['doctor'], ['--version']]) {
    const { status, stderr } = spawnSync(OLD_NODE!, [pathOf('dist/cli.js'), ...words], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, COMPLAINT)
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
  }
})
