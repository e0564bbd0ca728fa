/** The compressed size of the scripts and styles that the search page loads. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BUILT = fileURLToPath(new URL('../../dist/console', import.meta.url))
const SCRIPT_BYTES_MAX = 450_000
const STYLE_BYTES_MAX = 300_000

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
}

/** The entry and its static imports. */
function initialChunks(manifest: Readonly<Record<string, Chunk>>): ReadonlySet<Chunk> {
  const loaded = new Set<Chunk>()
  const load = (chunk: Chunk) => {
    if (loaded.has(chunk)) return
    loaded.add(chunk)
    for (const name of chunk.imports ?? []) load(manifest[name]!)
  }
  for (const chunk of Object.values(manifest)) if (chunk.isEntry) load(chunk)
  return loaded
}

const gzipBytes = (files: readonly string[]): number =>
  files.reduce((sum, file) => sum + statSync(join(BUILT, `${file}.gz`)).size, 0)

test('the search page loads at most 450 kB of scripts and 300 kB of styles with gzip', () => {
  const chunks = [...initialChunks(JSON.parse(readFileSync(join(BUILT, 'manifest.json'), 'utf8')))]
  const scripts = gzipBytes(chunks.map(({ file }) => file))
  const styles = gzipBytes([...new Set(chunks.flatMap(({ css = [] }) => css))])
  assert.ok(scripts > 100_000 && scripts <= SCRIPT_BYTES_MAX, `${scripts} bytes of script`)
  assert.ok(styles > 50_000 && styles <= STYLE_BYTES_MAX, `${styles} bytes of styles`)
})
