// Runs the test files named as arguments with `node --test`, after starting the PostgreSQL and S3 servers that they share. A process of
// its own, because the Node of `npm test` may be too old for the tests.
import { readFileSync } from 'node:fs'
import { availableParallelism, constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { runNode } from '../bin/run-node.mjs'
import { s3IsMissing, startS3 } from '../src/stores/blobs/s3/s3.fixture.ts'
import { postgresIsMissing, startPostgres } from '../src/stores/sql/engine/postgres/postgres.fixture.ts'
import { ROOT } from './bootstrap.mjs'

// Two more than the number of cores, because tests wait for servers and child processes.
const concurrency = process.env.HILUM_TEST_CONCURRENCY ?? availableParallelism() + 2
const files = process.argv.slice(2)
const isUsed = (name) => files.some((file) => readFileSync(join(ROOT, file), 'utf8').includes(name))

// Imports have the lowest priority. At a higher one, the other test files would take all the processor time that a test waits for.
setPriority(constants.priority.PRIORITY_LOW)

const postgres = isUsed('openPostgres()') && postgresIsMissing === undefined ? await startPostgres() : undefined
const s3 = isUsed('openS3()') && s3IsMissing === undefined ? await startS3([]) : undefined
try {
  if (postgres !== undefined) process.env.HILUM_TEST_POSTGRES = await postgres.newDatabase()
  if (s3 !== undefined) process.env.HILUM_TEST_S3 = s3.place.endpoint
  // With this variable, the runner would take itself for a test of another runner.
  delete process.env.NODE_TEST_CONTEXT
  // Every test file is a process: they share what one of them has compiled.
  process.env.NODE_COMPILE_CACHE ??= join(ROOT, 'node_modules', '.cache', 'node')
  process.chdir(ROOT)
  process.exitCode = await runNode(process.execPath, [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-reporter=${join(ROOT, 'scripts', 'reporter.mjs')}`,
    '--test-reporter-destination=stdout',
    ...files,
  ])
} finally {
  await s3?.stop()
  await postgres?.remove()
}
