// Runs the acceptance tests named as arguments and writes docs/conformance.md; of the others it keeps what is there. Its own process, like run-tests.mjs.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from 'node:test'
import { operations } from '../src/contract/operations.ts'
import { clientsOf, DOCUMENT, isOf, rowOf, rowsOf, sectionsOf, sentenceOf } from './behaviours.mjs'
import { ROOT } from './bootstrap.mjs'
import { report } from './reporter.mjs'

const INTRODUCTION = `# Conformance

What Hilum does, behaviour by behaviour, and who says that AWS HealthImaging does the same. Made by \`npm run conformance\` out of the
acceptance tests, which talk to a server as its users do: through AWS's SDK for JavaScript, and on the wire where its bytes matter.

- **documented**: AWS's service model, API reference, developer guide, release notes or CLI examples.
- **recorded**: real answers of the service and real requests of its clients, published in AWS's examples and by other users.
- **choice**: nobody says, or sources contradict each other; what Hilum does was chosen (\`docs/decisions/\` has the reasons).
`

const SOURCES = ['documented', 'recorded', 'choice']
const NOT_RUN = 'did not run'

function resultOf(tests) {
  if (tests.length === 0) return NOT_RUN
  if (tests.some(({ error }) => error !== undefined)) return 'fails'
  const skipped = tests.find(({ skip }) => skip !== undefined)
  return skipped === undefined ? '✓' : `skipped: ${skipped.skip}`
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

const before = rowsOf(ROOT)
/** By file, of those that were run. */
const testsOf = new Map()
const files = process.argv.slice(2).map((path) => resolve(ROOT, path))
const isGood = await report(run({ files, concurrency: 2, cwd: ROOT }), {
  root: ROOT,
  print: (line) => process.stdout.write(`${line}\n`),
  onFile: (file, tests) => testsOf.set(file, tests),
})

const resultOfBehaviour = (section, behaviour) =>
  testsOf.has(behaviour.file)
    ? resultOf(testsOf.get(behaviour.file).filter(({ name }) => isOf(behaviour, name)))
    : (before.get(rowOf(section, behaviour)) ?? NOT_RUN)

const sections = sectionsOf(ROOT, Object.keys(operations)).map((each) => ({
  ...each,
  results: each.behaviours.map((behaviour) => resultOfBehaviour(each.section, behaviour)),
}))
const text = [INTRODUCTION, overview(sections), ...sections.map(chapter), otherClients()].join('\n')
writeFileSync(join(ROOT, DOCUMENT), text)
process.stdout.write(`Written: ${DOCUMENT}\n`)
process.exitCode = isGood ? 0 : 1
