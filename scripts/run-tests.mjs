// Runs the test files named as arguments, two at a time, and reports them. Its own process, because the Node of `npm test` may be too
// old for it.
import { resolve } from 'node:path'
import { run } from 'node:test'
import { ROOT } from './bootstrap.mjs'
import { report } from './reporter.mjs'

const mayNotSkip =
  process.env.HILUM_CI === '1'
    ? { unless: (process.env.HILUM_CI_MAY_SKIP ?? '').split(',').filter(Boolean) }
    : undefined
const files = process.argv.slice(2).map((path) => resolve(ROOT, path))
const events = run({ files, concurrency: 2, cwd: ROOT })
const isGood = await report(events, { root: ROOT, print: (line) => process.stdout.write(`${line}\n`), mayNotSkip })
process.exitCode = isGood ? 0 : 1
