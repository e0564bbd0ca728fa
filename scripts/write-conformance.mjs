// Writes docs/conformance.md and docs/dicomweb-conformance.md from a file of test results (scripts/reporter.mjs, HILUM_TEST_RESULTS). Behaviours of test files without a
// result there keep the result that the document has. A process of its own, because it reads the contract, which is TypeScript.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { operations } from '../src/contract/operations.ts'
import {
  clientsOf,
  DICOMWEB_DOCUMENT,
  DOCUMENT,
  dicomwebSectionsOf,
  isOf,
  rowOf,
  rowsOf,
  sectionsOf,
  sentenceOf,
} from './behaviours.mjs'
import { ROOT } from './bootstrap.mjs'
import { DICOMWEB_INTRODUCTION, requestsOfDicomweb } from './dicomweb-conformance.mjs'

const INTRODUCTION = `# Conformance

Every tested behaviour of Hilum, and the source that says that AWS HealthImaging behaves the same. \`npm run conformance\` writes this page
from the results of the acceptance tests, which use a server as clients do: through AWS's SDK for JavaScript, and on the wire where the
bytes matter.

- **documented**: AWS's service model, API reference, developer guide, release notes or CLI examples.
- **recorded**: answers of the service and requests of its clients, published in AWS's examples and by other users.
- **choice**: no source says, or sources contradict each other; \`docs/decisions/\` has the reasons for what Hilum does.
`

const SOURCES = ['documented', 'recorded', 'choice']
const NOT_RUN = 'did not run'

function resultOf(tests) {
  if (tests.length === 0) return NOT_RUN
  if (tests.some(({ outcome }) => outcome === 'failed')) return 'fails'
  const skipped = tests.find(({ outcome }) => outcome === 'skipped')
  return skipped === undefined ? '✓' : `skipped: ${skipped.reason}`
}

function overview(sections) {
  const rows = sections.map(({ section, behaviours, results }) => {
    const counts = SOURCES.map((source) => behaviours.filter((behaviour) => behaviour.source === source).length || '')
    const open = results.filter((result) => result !== '✓').length
    return `| ${section} | ${counts.join(' | ')} | ${open === 0 ? '✓' : `all but ${open}`} |`
  })
  return `| | documented | recorded | choice | |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
}

function chapter({ section, files, behaviours, results }) {
  const rows = behaviours.map((behaviour, at) => `| ${sentenceOf(behaviour)} | ${behaviour.source} | ${results[at]} |`)
  const tested = `Tests: ${files.map((file) => `\`${file}\``).join(', ')}.`
  return `## ${section}\n\n${tested}\n\n| behaviour | source | |\n|---|---|---|\n${rows.join('\n')}\n`
}

function otherClients() {
  const rows = clientsOf(ROOT).map(({ file, opening }) => {
    const result = testsOf.has(file) ? resultOf(testsOf.get(file)) : (before.get(file) ?? NOT_RUN)
    return `| ${opening.replaceAll('|', '\\|')} | \`${file}\` | ${result} |`
  })
  return `## Through other clients\n\n| | tests | |\n|---|---|---|\n${rows.join('\n')}\n`
}

const before = new Map([...rowsOf(ROOT), ...rowsOf(ROOT, DICOMWEB_DOCUMENT)])
const results = readFileSync(process.argv[2], 'utf8').trim().split('\n')
const testsOf = Map.groupBy(
  results.map((line) => JSON.parse(line)),
  ({ file }) => file,
)

const resultOfBehaviour = (section, behaviour) =>
  testsOf.has(behaviour.file)
    ? resultOf(testsOf.get(behaviour.file).filter(({ name }) => name !== undefined && isOf(behaviour, name)))
    : (before.get(rowOf(section, behaviour)) ?? NOT_RUN)

const withResults = (sections) =>
  sections.map((each) => ({
    ...each,
    results: each.behaviours.map((behaviour) => resultOfBehaviour(each.section, behaviour)),
  }))

function write(document, parts) {
  writeFileSync(join(ROOT, document), parts.join('\n'))
  process.stdout.write(`Written: ${document}\n`)
}

const sections = withResults(sectionsOf(ROOT, Object.keys(operations)))
write(DOCUMENT, [INTRODUCTION, overview(sections), ...sections.map(chapter), otherClients()])
const chaptersOfDicomweb = withResults(dicomwebSectionsOf(ROOT)).map(chapter)
write(DICOMWEB_DOCUMENT, [DICOMWEB_INTRODUCTION, requestsOfDicomweb(), ...chaptersOfDicomweb])
