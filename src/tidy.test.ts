/** The rules of the house, as a test: who may import whom, nothing unused, nothing that the documents name and that is not there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { operations } from './contract/operations.ts'

const src = import.meta.dirname
const root = dirname(src)

/** Which rooms a room may import. Files directly in src/ open everything and hang it together: they may import all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  dicom: [],
  imaging: ['dicom', 'contract'],
  frames: ['dicom'],
  stores: ['imaging', 'contract'],
  import: ['stores', 'imaging', 'frames', 'dicom', 'contract', 'app.ts'],
  workflows: ['import', 'stores', 'imaging', 'contract', 'app.ts'],
  operations: ['workflows', 'stores', 'imaging', 'dicom', 'contract', 'app.ts'],
  protocols: ['contract', 'app.ts', 'limits.ts'],
  demo: ['dicom', 'frames'],
}

/** All that a room beside stores/ may see of it: the interfaces. */
const STORE_INTERFACES = ['blob-store.ts', 'catalog.ts', 'locations.ts', 'store-unavailable.ts']

/** Rooms of pure functions: bytes and values in, values out. */
const PURE = ['contract', 'dicom', 'imaging']
const PURE_NODE_MODULES = ['node:zlib']

/** Started by name, not imported. */
const ENTRIES = [
  'cli.ts',
  'frames/frame-thread.ts',
  'import-thread.ts',
  'stores/sql/sqlite-checkpoint-thread.ts',
  'testing.ts',
]

/** What the console takes from here, beside what it asks over HTTP: pure text and bytes, the same in a browser and here. */
const CONSOLE_MAY_IMPORT = [
  'cli/search-snippets.ts',
  'dicom/codestream.ts',
  'dicom/component-lines.ts',
  'dicom/dictionary.ts',
  'dicom/jp2-boxes.ts',
]

const LINES_MAX = 400

interface SourceFile {
  readonly path: string
  readonly room: string
  readonly isTest: boolean
  readonly text: string
  readonly imports: readonly string[]
}

const filesOf = (folder: string): readonly SourceFile[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8')
      const imports = [...text.matchAll(/(?:from|import\(|^import) ?'([^']+)'/gm)].map((match) => match[1]!)
      const isTest = /\.(test|conformance)\.ts$/.test(path) || /\bfixture/.test(path)
      return { path, room: path.includes('/') ? path.split('/')[0]! : '', isTest, text, imports }
    })

const files = filesOf(src)
const consoleFiles = filesOf(join(root, 'console/src'))

const ofTheHouse = (file: SourceFile) =>
  file.imports
    .filter((path) => path.startsWith('.'))
    .map((path) => relative(src, resolve(src, dirname(file.path), path)))

test('every room imports only the rooms below it', () => {
  const wrong = files
    .filter((file) => !file.isTest && file.room in MAY_IMPORT)
    .flatMap((file) =>
      ofTheHouse(file)
        .filter((path) => {
          const room = path.includes('/') ? path.split('/')[0]! : path
          return room !== file.room && !MAY_IMPORT[file.room]!.includes(room)
        })
        .map((path) => `${file.path} -> ${path}`),
    )
  assert.deepEqual(wrong, [])
})

test('rooms see the interfaces of the stores, never an implementation', () => {
  const wrong = files
    .filter((file) => !file.isTest && file.room in MAY_IMPORT && file.room !== 'stores')
    .flatMap((file) =>
      ofTheHouse(file)
        .filter((path) => path.startsWith('stores/') && !STORE_INTERFACES.includes(path.slice('stores/'.length)))
        .map((path) => `${file.path} -> ${path}`),
    )
  assert.deepEqual(wrong, [])
})

test('the contract, DICOM and imaging use no I/O, no clock and no randomness', () => {
  const wrong = files
    .filter((file) => !file.isTest && PURE.includes(file.room))
    .flatMap((file) => {
      const modules = file.imports.filter((path) => path.startsWith('node:') && !PURE_NODE_MODULES.includes(path))
      const calls = [...file.text.matchAll(/\b(Date\.now\(|Math\.random\(|new Date\(\)|process\.)/g)].map(
        (match) => match[1]!,
      )
      return [...modules, ...calls].map((what) => `${file.path}: ${what}`)
    })
  assert.deepEqual(wrong, [])
})

test('the console takes a few named texts from here and nothing else', () => {
  const taken = consoleFiles
    .filter((file) => !file.isTest)
    .flatMap((file) =>
      file.imports.map((path) => relative(src, resolve(root, 'console/src', dirname(file.path), path))),
    )
    .filter((path) => /^[a-z]/.test(path))
  assert.deepEqual(
    taken.filter((path) => !CONSOLE_MAY_IMPORT.includes(path)),
    [],
  )
})

test('what the console takes from here imports neither Node nor a package', () => {
  const seen = new Set<string>()
  const outside: string[] = []
  const look = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    const file = files.find((one) => one.path === path)!
    // Types are gone before a browser sees them.
    const types = [...file.text.matchAll(/^import type .* from '([^']+)'$/gm)].map((match) => match[1]!)
    outside.push(...file.imports.filter((name) => !name.startsWith('.') && !types.includes(name)))
    for (const inner of ofTheHouse(file)) look(inner)
  }
  for (const path of CONSOLE_MAY_IMPORT) look(path)
  assert.deepEqual(outside, [])
})

test('every file is imported by another, or is an entry', () => {
  const imported = new Set(files.filter((file) => !file.isTest).flatMap(ofTheHouse))
  const lonely = files.filter((file) => !file.isTest && !imported.has(file.path) && !ENTRIES.includes(file.path))
  assert.deepEqual(
    lonely.map((file) => file.path),
    [],
  )
})

test(`no file is longer than ${LINES_MAX} lines, but the generated dictionary`, () => {
  const long = [...files, ...consoleFiles].filter(
    (file) => file.text.split('\n').length > LINES_MAX && !file.path.endsWith('dictionary-entries.ts'),
  )
  assert.deepEqual(
    long.map((file) => file.path),
    [],
  )
})

test('no file or export has a name that says nothing', () => {
  const banned = /\b(utils?|helpers?|managers?|common|misc)\b/i
  const wrong = [...files, ...consoleFiles]
    .filter((file) => banned.test(file.path.replaceAll('-', ' ')))
    .map((file) => file.path)
  assert.deepEqual(wrong, [])
})

test('every operation has its file and its acceptance test', () => {
  const missing = Object.keys(operations).flatMap((name) => {
    const file = name
      .replace(/DICOM/, 'Dicom')
      .replace(/[A-Z]/g, (letter, at: number) => `${at > 0 ? '-' : ''}${letter.toLowerCase()}`)
    return [`src/operations/${file}.ts`, `acceptance/operations/${file}.test.ts`].filter(
      (path) => !existsSync(join(root, path)),
    )
  })
  assert.deepEqual(missing, [])
})

test('every path that the documents name exists', () => {
  const missing = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((document) => {
    const text = readFileSync(join(root, document), 'utf8')
    const paths = [...text.matchAll(/`((?:src|acceptance|bench|console|docs|scripts|bin)\/[\w./-]*)`/g)].map(
      (match) => match[1]!,
    )
    return paths.filter((path) => !existsSync(join(root, path))).map((path) => `${document}: ${path}`)
  })
  assert.deepEqual(missing, [])
})
