/** The compressed size of the scripts and styles that the search page loads. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const BUILT = fileURLToPath(new URL('../../dist/console', import.meta.url))
const SCRIPT_BYTES_MAX = 450_000
/** Without fonts, of which the browser loads those that it needs. */
const STYLE_BYTES_MAX = 120_000
/** The page, its script and styles, and what the bundler needs. */
const FILES_MAX = 4

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

test('the search page loads at most 450 kB of scripts and 120 kB of styles with gzip, in few files', () => {
  const chunks = [...initialChunks(JSON.parse(readFileSync(join(BUILT, 'manifest.json'), 'utf8')))]
  const scripts = gzipBytes(chunks.map(({ file }) => file))
  const styleSheets = [...new Set(chunks.flatMap(({ css = [] }) => css))]
  const styles = gzipBytes(styleSheets)
  assert.ok(scripts > 100_000 && scripts <= SCRIPT_BYTES_MAX, `${scripts} bytes of script`)
  assert.ok(
    1 + chunks.length + styleSheets.length <= FILES_MAX,
    `${chunks.length} scripts, ${styleSheets.length} styles`,
  )
  assert.ok(styles > 50_000 && styles <= STYLE_BYTES_MAX, `${styles} bytes of styles`)
})
