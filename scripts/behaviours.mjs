// Reads the behaviours that the acceptance tests require from the tests' source text: each with its operation and its source. A test name
// that a loop completes is one behaviour, with an ellipsis in place of the loop's words.
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { filesIn } from './bootstrap.mjs'

/** Sections of the folders below acceptance/ whose test files are not named by an operation. */
const SECTION_OF_FOLDER = {
  http: 'Every operation',
  imports: 'StartDICOMImportJob',
  journeys: 'Several operations',
  searches: 'SearchImageSets',
}

/** In the formatter's layout, where the indentation shows the nesting of suites and tests. */
const CALL =
  /^(?<indent> *)(?<kind>test|describe)\(\s*(?<quote>['"`])(?<name>(?:\\.|(?!\k<quote>).)*)\k<quote>,\s*(?:\{\s*\.\.\.)?(?:(?<source>(?:documented|recorded|choice)\b|clause\('[^']+'\)))?/gms

/** In the order of the document: "Every operation", the operations in the order of the contract, "Several operations". */
export function sectionsOf(root, operations) {
  const files = [...Object.keys(SECTION_OF_FOLDER), 'operations'].flatMap((folder) =>
    filesIn(join(root, 'acceptance', folder), '.test.ts').map((path) => relative(root, path)),
  )
  return ['Every operation', ...operations, 'Several operations'].map((section) => {
    const own = files.filter((file) => sectionOf(file) === section)
    // The operation's own file first.
    own.sort((a, b) => Number(b.includes('/operations/')) - Number(a.includes('/operations/')))
    return { section, files: own, behaviours: behavioursIn(root, own) }
  })
}

const behavioursIn = (root, files) =>
  files.flatMap((file) => behavioursOf(readFileSync(join(root, file), 'utf8')).map((each) => ({ file, ...each })))

/** Of DICOMweb: a section for each test file, named by the beginning of its opening comment, in the order of their names. */
export const dicomwebSectionsOf = (root) =>
  filesIn(join(root, 'acceptance', 'dicomweb'), '.test.ts')
    .map((path) => ({ section: openingOf(path).replace(/[:.].*$/s, ''), files: [relative(root, path)] }))
    .map((each) => ({ ...each, behaviours: behavioursIn(root, each.files) }))

/** The tests of other clients: each file with the first sentence of its opening comment. */
export const clientsOf = (root) =>
  filesIn(join(root, 'acceptance', 'clients'), '.test.ts').map((path) => ({
    file: relative(root, path),
    opening: openingOf(path),
  }))

function sectionOf(file) {
  const [, folder, name] = file.split('/')
  return SECTION_OF_FOLDER[folder] ?? operationOf(name)
}

/** `copy-image-set.test.ts` is about CopyImageSet, and so is `copy-image-set.promotion.test.ts`. */
const operationOf = (name) =>
  name
    .replace(/\..*/, '')
    .split('-')
    .map((word) => (word === 'dicom' ? 'DICOM' : word[0].toUpperCase() + word.slice(1)))
    .join('')

/** Of each test in a file's text: the names of its suites and its own name, and its source or that of the innermost suite with one. */
export function behavioursOf(text) {
  const suites = []
  return [...text.matchAll(CALL)].flatMap(({ groups }) => {
    const { indent, kind, name } = groups
    const source = groups.source?.replace(/^clause\('(.*)'\)$/, 'PS3.18 $1')
    while (suites.length > 0 && suites.at(-1).indent >= indent.length) suites.pop()
    const names = [...suites.map((suite) => suite.name), textOf(name)]
    const from = source ?? suites.findLast((suite) => suite.source !== undefined)?.source
    if (kind === 'test') return [{ names, source: from }]
    suites.push({ indent: indent.length, name: textOf(name), source })
    return []
  })
}

const FILLED_IN = '…'
const textOf = (literal) => literal.replaceAll(/\$\{[^}]*\}/g, FILLED_IN).replaceAll(/\\(.)/g, '$1')

/** Whether a test that ran under this name belongs to the behaviour. */
export function isOf({ names }, ran) {
  const escaped = names.map((name) =>
    name
      .split(FILLED_IN)
      .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*'),
  )
  return new RegExp(`^${escaped.join(' › ')}$`, 's').test(ran)
}

/** The first sentence of a file's opening comment. */
function openingOf(path) {
  const comment = /^\/\*\*(.*?)\*\//s.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  return comment
    .replaceAll(/\s*\n \*\s*/g, ' ')
    .trim()
    .replace(/(?<=[.:]) [A-Z].*$/s, '')
}

export const DOCUMENT = 'docs/conformance.md'
export const DICOMWEB_DOCUMENT = 'docs/dicomweb-conformance.md'

/** The results in a committed document, by `section | behaviour | source`, and by file for other clients. */
export function rowsOf(root, document = DOCUMENT) {
  const path = join(root, document)
  const rows = new Map()
  let section = ''
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    section = /^## (.*)$/.exec(line)?.[1] ?? section
    const row = /^\| (?<what>.*) \| (?<by>documented|recorded|choice|PS3\.18 [^|]+|`[^`]+`) \| (?<result>.*) \|$/.exec(
      line,
    )?.groups
    if (row === undefined || section === '') continue
    rows.set(row.by.startsWith('`') ? row.by.slice(1, -1) : `${section} | ${row.what} | ${row.by}`, row.result)
  }
  return rows
}

/** The key of a behaviour's row. */
export const rowOf = (section, behaviour) => `${section} | ${sentenceOf(behaviour)} | ${behaviour.source}`

/** As in a row of the document: the suites, then the test. */
export const sentenceOf = ({ names }) => names.join(': ').replaceAll('|', '\\|')
