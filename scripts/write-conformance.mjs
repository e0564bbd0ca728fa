// Runs the acceptance tests named as arguments and writes docs/conformance.md. Its own process, like run-tests.mjs.
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { run } from 'node:test'
import { operations } from '../src/contract/operations.ts'
import { clientsOf, DOCUMENT, isOf, sectionsOf, sentenceOf } from './behaviours.mjs'
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

function resultOf(tests) {
  if (tests.length === 0) return 'did not run'
  if (tests.some(({ error }) => error !== undefined)) return 'fails'
  const skipped = tests.find(({ skip }) => skip !== undefined)
  return skipped === undefined ? '✓' : `skipped: ${skipped.skip}`
}

function overview(sections) {
  const rows = sections.map(({ section, behaviours, results }) => {
    if (behaviours.length === 0) return `| ${section} | | | | not built |`
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

function otherClients(testsOf) {
  const rows = clientsOf(ROOT).map(({ file, opening }) => {
    return `| ${opening.replaceAll('|', '\\|')} | \`${file}\` | ${resultOf(testsOf.get(file) ?? [])} |`
  })
  return `## Through other clients\n\n| | tests | |\n|---|---|---|\n${rows.join('\n')}\n`
}

const testsOf = new Map()
const files = process.argv.slice(2).map((path) => resolve(ROOT, path))
const isGood = await report(run({ files, concurrency: 2, cwd: ROOT }), {
  root: ROOT,
  print: (line) => process.stdout.write(`${line}\n`),
  onFile: (file, tests) => testsOf.set(file, tests),
})

const sections = sectionsOf(ROOT, Object.keys(operations)).map((section) => ({
  ...section,
  results: section.behaviours.map((behaviour) =>
    resultOf((testsOf.get(behaviour.file) ?? []).filter(({ name }) => isOf(behaviour, name))),
  ),
}))
const built = sections.filter(({ behaviours }) => behaviours.length > 0)
const text = [INTRODUCTION, overview(sections), ...built.map(chapter), otherClients(testsOf)].join('\n')
writeFileSync(join(ROOT, DOCUMENT), text)
process.stdout.write(`Written: ${DOCUMENT}\n`)
process.exitCode = isGood ? 0 : 1
