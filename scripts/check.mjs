// npm run check: types and lint, without running anything.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bootstrap, ROOT } from './bootstrap.mjs'

const CHECKS = [
  ['types', 'typescript/bin/tsc', '-p', 'tsconfig.json'],
  ['types of acceptance', 'typescript/bin/tsc', '-p', 'acceptance'],
  ['types of the console', 'typescript/bin/tsc', '-p', 'console'],
  ["types of the console's tests", 'typescript/bin/tsc', '-p', 'console/e2e'],
  ['lint', '@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
]

/** Returns whether all checks pass. Prints a line for each check and the output of those that fail. */
export function check(node) {
  const outcomes = CHECKS.map(([name, tool, ...args]) => {
    const startedAt = Date.now()
    const command = [join(ROOT, 'node_modules', tool), ...args]
    const { status, stdout, stderr } = spawnSync(node, command, { cwd: ROOT, encoding: 'utf8' })
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    process.stdout.write(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n`)
    if (status !== 0) process.stdout.write(`${stdout}${stderr}\n`)
    return status === 0
  })
  return outcomes.every(Boolean)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = check(bootstrap({ typescript: true })) ? 0 : 1
}
