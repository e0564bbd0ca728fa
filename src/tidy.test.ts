/**
 * The rules of the code base, as a test: which module may import which, no circle of imports, nothing unused, plain words, and nothing
 * that the documents name and that does not exist.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { operations } from './contract/operations.ts'

const src = import.meta.dirname
const root = dirname(src)

/** Which modules (folders of src/) a module may import. Files directly in src/ start the program and may import every module. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  dicom: [],
  'pixel-data': ['dicom'],
  imaging: ['dicom', 'contract'],
  stores: ['imaging', 'dicom', 'contract'],
  ingest: ['stores', 'imaging', 'pixel-data', 'dicom', 'contract', 'app.ts'],
  versions: ['ingest', 'stores', 'imaging', 'pixel-data', 'dicom', 'contract', 'app.ts'],
  maintenance: ['versions', 'ingest', 'stores', 'imaging', 'pixel-data', 'contract', 'app.ts'],
  jobs: ['maintenance', 'versions', 'ingest', 'stores', 'imaging', 'pixel-data', 'dicom', 'contract', 'app.ts'],
  operations: ['security', 'versions', 'ingest', 'stores', 'imaging', 'pixel-data', 'dicom', 'contract', 'app.ts'],
  security: ['stores', 'contract', 'limits.ts'],
  protocols: ['security', 'contract', 'app.ts', 'limits.ts'],
  server: [
    'jobs',
    'maintenance',
    'security',
    'stores',
    'pixel-data',
    'contract',
    'app.ts',
    'limits.ts',
    'default-limits.ts',
  ],
  demo: ['pixel-data', 'dicom'],
}

/** All that a module beside stores/ may see of it: the interfaces, and pure functions on places and formats. */
const STORE_INTERFACES = [
  /^stores\/catalog\/[a-z-]+\.ts$/,
  /^stores\/blobs\/(blob-store|blob-range|blob-key|bytes-digest|frame-table|image-frame-id|moved-ranges)\.ts$/,
  /^stores\/locations\/(locations|s3-uri)\.ts$/,
  /^stores\/store-unavailable\.ts$/,
]

/** The neutral layer below every protocol. */
const HTTP = 'protocols/http'

/** Pure functions: bytes and values in, values out. */
const PURE = ['contract', 'dicom', 'imaging', 'security/policies', 'stores/search/kd-tree']
const PURE_NODE_MODULES = ['node:zlib', 'node:assert/strict']

/** Started by name, not imported. */
const ENTRIES = [
  'cli.ts',
  'pixel-data/threads/frame-thread.ts',
  'processes/jobs-process.ts',
  'processes/request-process.ts',
  'server/job-thread.ts',
  'server/verify-thread.ts',
  'stores/sql/engine/sqlite/sqlite-checkpoint-thread.ts',
  'testing.ts',
]

/** What the console shares with the server, beside what it asks over HTTP: pure text and bytes, the same in a browser and here. */
const CONSOLE_MAY_IMPORT = [
  'cli/search/search-snippets.ts',
  'contract/access.ts',
  'contract/audit.ts',
  'contract/lock-tags.ts',
  'contract/maintenance.ts',
  'contract/search-attributes.ts',
  'contract/word-attributes.ts',
  'dicom/dictionary.ts',
  'dicom/encode-elements.ts',
  'dicom/encode-values.ts',
  'dicom/file-start.ts',
  'imaging/object-lock.ts',
  'pixel-data/htj2k/component-lines.ts',
  'pixel-data/jpeg2000/codestream.ts',
  'pixel-data/jpeg2000/jp2-boxes.ts',
]

const LINES_MAX = 400

interface SourceFile {
  readonly path: string
  readonly module: string
  readonly isTest: boolean
  readonly text: string
  readonly imports: readonly string[]
}

const filesOf = (folder: string): readonly SourceFile[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(tsx?|mjs)$/.test(path) && !path.includes('node_modules'))
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8')
      const imports = [...text.matchAll(/(?:from|import\(|^import) ?'([^']+)'/gm)].map((match) => match[1]!)
      const isTest = /\.(test|conformance)\.tsx?$/.test(path) || /\bfixture/.test(path)
      return { path, module: path.includes('/') ? path.split('/')[0]! : '', isTest, text, imports }
    })

const files = filesOf(src)
const consoleFiles = filesOf(join(root, 'console/src'))

const importedBy = (file: SourceFile, from = src) =>
  file.imports
    .filter((path) => path.startsWith('.'))
    .map((path) => relative(from, resolve(from, dirname(file.path), path)))

test('every module imports only the modules below it', () => {
  const wrong = files
    .filter((file) => !file.isTest && file.module in MAY_IMPORT)
    .flatMap((file) =>
      importedBy(file)
        .filter((path) => {
          const module = path.includes('/') ? path.split('/')[0]! : path
          return module !== file.module && !MAY_IMPORT[file.module]!.includes(module)
        })
        .map((path) => `${file.path} -> ${path}`),
    )
  assert.deepEqual(wrong, [])
})

test('modules see the interfaces of the stores, never an implementation', () => {
  const wrong = files
    .filter((file) => !file.isTest && file.module in MAY_IMPORT && !['stores', 'server'].includes(file.module))
    .flatMap((file) =>
      importedBy(file)
        .filter((path) => path.startsWith('stores/') && !STORE_INTERFACES.some((allowed) => allowed.test(path)))
        .map((path) => `${file.path} -> ${path}`),
    )
  assert.deepEqual(wrong, [])
})

test('the layer of HTTP knows no protocol above it', () => {
  const wrong = files
    .filter((file) => !file.isTest && file.path.startsWith(`${HTTP}/`))
    .flatMap((file) =>
      importedBy(file)
        .filter((path) => path.startsWith('protocols/') && !path.startsWith(`${HTTP}/`))
        .map((path) => `${file.path} -> ${path}`),
    )
  assert.deepEqual(wrong, [])
})

test('no file is on a circle of imports, types included', () => {
  for (const [folder, all] of [
    [src, files],
    [join(root, 'console/src'), consoleFiles],
  ] as const) {
    const edges = new Map(all.filter((file) => !file.isTest).map((file) => [file.path, importedBy(file, folder)]))
    assert.deepEqual(circlesOf(edges), [])
  }
})

test('no folder is on a circle of imports', () => {
  for (const [folder, all] of [
    [src, files],
    [join(root, 'console/src'), consoleFiles],
  ] as const) {
    // A file at the top stands for itself: app.ts lies below every module, main.ts above.
    const folderOf = (path: string) => (path.includes('/') ? dirname(path) : path)
    const edges = new Map<string, string[]>()
    for (const file of all.filter((one) => !one.isTest)) {
      const from = folderOf(file.path)
      const others = importedBy(file, folder)
        .filter((path) => !path.startsWith('..'))
        .map(folderOf)
        .filter((path) => path !== from)
      edges.set(from, [...(edges.get(from) ?? []), ...others])
    }
    assert.deepEqual(circlesOf(edges), [])
  }
})

/** Strongly connected components of more than one node (Tarjan). */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const circles: string[][] = []
  const visit = (node: string) => {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    for (const next of edges.get(node) ?? []) {
      if (!edges.has(next)) continue
      if (!index.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== index.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return circles
}

test('circlesOf finds a circle and nothing else', () => {
  const edges = new Map([
    ['a', ['b']],
    ['b', ['c', 'd']],
    ['c', ['a']],
    ['d', []],
    ['e', ['a']],
  ])
  assert.deepEqual(circlesOf(edges), [['a', 'b', 'c']])
})

test('pure modules use no I/O, no clock and no randomness', () => {
  const wrong = files
    .filter((file) => !file.isTest && PURE.some((folder) => file.path.startsWith(`${folder}/`)))
    .flatMap((file) => {
      const modules = file.imports.filter((path) => path.startsWith('node:') && !PURE_NODE_MODULES.includes(path))
      const calls = [...file.text.matchAll(/\b(Date\.now\(|Math\.random\(|new Date\(\)|process\.\w)/g)].map(
        (match) => match[1]!,
      )
      return [...modules, ...calls].map((what) => `${file.path}: ${what}`)
    })
  assert.deepEqual(wrong, [])
})

test('the console takes a few named files from the server and nothing else', () => {
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

test('what the console takes from the server imports neither Node nor a package', () => {
  const seen = new Set<string>()
  const outside: string[] = []
  const check = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    const file = files.find((one) => one.path === path)!
    // Types are gone before a browser sees them.
    const types = [...file.text.matchAll(/^import type .* from '([^']+)'$/gm)].map((match) => match[1]!)
    outside.push(...file.imports.filter((name) => !name.startsWith('.') && !types.includes(name)))
    for (const inner of importedBy(file)) check(inner)
  }
  for (const path of CONSOLE_MAY_IMPORT) check(path)
  assert.deepEqual(outside, [])
})

test('every file is imported by another, or is an entry', () => {
  const imported = new Set(files.filter((file) => !file.isTest).flatMap((file) => importedBy(file)))
  const lonely = files.filter((file) => !file.isTest && !imported.has(file.path) && !ENTRIES.includes(file.path))
  assert.deepEqual(
    lonely.map((file) => file.path),
    [],
  )
})

/** Everything that may use an export, tests included. */
const readers = ['src', 'acceptance', 'bench', 'console/src', 'console/e2e', 'scripts'].flatMap((folder) =>
  filesOf(join(root, folder)).map((file) => ({ ...file, path: join(folder, file.path) })),
)

/** The package's entry, and types that declaration files name. */
const USED_FROM_OUTSIDE = ['src/testing.ts', 'src/contract/shapes.ts']

test('every export is used by another file', () => {
  const names = new Map(readers.map((file) => [file.path, new Set(file.text.match(/[A-Za-z_$][\w$]*/g))]))
  const declared =
    /^export (?:abstract )?(?:interface|type|class|const|let|function\*?|async function\*?) ([A-Za-z_$][\w$]*)/gm
  const unused = readers
    .filter(({ path }) => /^(src|console\/src)\//.test(path) && !USED_FROM_OUTSIDE.includes(path))
    .flatMap((file) =>
      [...file.text.matchAll(declared)]
        .map((match) => match[1]!)
        .filter((name) => !readers.some((other) => other.path !== file.path && names.get(other.path)!.has(name)))
        .map((name) => `${file.path}: ${name}`),
    )
  assert.deepEqual(unused, [])
})

test('no file exports everything of another', () => {
  const wrong = readers.filter((file) => /^export (type )?\*/m.test(file.text)).map((file) => file.path)
  assert.deepEqual(wrong, [])
})

test(`no file is longer than ${LINES_MAX} lines, except the generated dictionary`, () => {
  const long = [...files, ...consoleFiles].filter(
    (file) => file.text.split('\n').length > LINES_MAX && !file.path.endsWith('dictionary-entries.ts'),
  )
  assert.deepEqual(
    long.map((file) => file.path),
    [],
  )
})

test('no file has a name that says nothing', () => {
  const banned = /\b(utils?|helpers?|managers?|common|misc)\b/i
  const wrong = [...files, ...consoleFiles]
    .filter((file) => banned.test(file.path.replaceAll('-', ' ')))
    .map((file) => file.path)
  assert.deepEqual(wrong, [])
})

/** Words that a newcomer would have to decode, and what the project writes instead. */
const PLAIN_WORDS: readonly (readonly [banned: RegExp, instead: string])[] = [
  [/\bhollow/i, 'partly unreferenced blob, compaction'],
  [/\bsweeps?\b|\bsweeping\b/i, 'garbage collection'],
  [/\bbites?\b/i, 'batch'],
  [/\b(heavy|light) (text|value)s?\b/i, 'high- or low-frequency value'],
  [/\basOf\b|\bkeepPast\b/, 'snapshotVersion, keepRowHistory'],
  [/\bidTail\b|\bid_tail\b/, 'idSuffix'],
  [/\btakeTurn\b/, 'lockChanges'],
  [/\bonlyToLook\b/, 'readOnly'],
  [/\bstudy ?instants?\b/i, 'study timestamp'],
  [/\bgathered\b|GATHERED/, 'buffered, coalesced'],
  [/\bdeadly\b|\bcareful file/i, 'poison file, isolated retry'],
  [/\btakes? leave\b|\berasing\b/i, 'secure delete'],
  [
    /\bwhoever\b|\bnobody's\b|\btold of\b|\btells? of\b|\bput down\b|\blest\b|\banew\b|\bgone on with\b/i,
    'a plain sentence',
  ],
]

/** Prose of the project. docs/conformance.md is made from the names of tests. */
const DOCUMENTS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'examples']
const documents = DOCUMENTS.flatMap((path) => {
  const at = join(root, path)
  if (!existsSync(at)) return []
  if (extname(path) !== '') return [path]
  return readdirSync(at, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|ts|mjs|py|yaml|sh)$/.test(name) && !name.includes('node_modules'))
    .map((name) => join(path, name))
}).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

test('code, tests and documents use plain words', () => {
  const wrong = [...readers, ...documents]
    .filter(({ path }) => path !== 'src/tidy.test.ts' && !path.endsWith('dictionary-entries.ts'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) =>
        PLAIN_WORDS.flatMap(([banned, instead]) => {
          const found = banned.exec(line)?.[0]
          return found === undefined ? [] : [`${path}:${at + 1}: '${found}'; write ${instead}`]
        }),
      ),
    )
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
  const missing = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|acceptance|bench|console|docs|scripts|bin|examples)\/[\w./-]*)`/g)]
      .map((match) => match[1]!)
      .filter((named) => named !== 'bench/.cache' && !existsSync(join(root, named)))
      .map((named) => `${path}: ${named}`),
  )
  assert.deepEqual(missing, [])
})
