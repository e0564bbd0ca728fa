/**
 * Writing processes on data stores of one catalog: image sets a second, processor time for each in Node and in PostgreSQL, and how long a
 * transaction holds the lock of its data store. With `--beside FOLDER` another checkout is measured in alternating turns.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { optionsOf } from '../options.ts'
import { processorOfPostgres } from '../postgres-processor.ts'
import { startBenchPostgres } from '../postgres-server.ts'
import { inTempFolder, median, projectFolder } from '../processes.ts'
import { openCatalog, type WritingTask, type Written } from './writing-process.ts'

const USAGE =
  'npm run bench -- writers [--engines SQLite,PostgreSQL] [--writers 1/1,3/3] [--partitions 1,4] [--turns N] [--seconds N] [--beside FOLDER] [--json]\n'

type Engine = WritingTask['place']['engine']

interface Turn {
  readonly engine: Engine
  readonly checkout: string
  readonly writers: number
  readonly stores: number
  readonly partitions: number
}

interface TurnResult {
  readonly image_sets_per_s: number
  readonly node_us: number
  readonly database_us: number
  readonly locked_ms: number
  readonly statements: number
  readonly batch_p50_ms: number
}

/** @param args see USAGE */
export async function writersBench(args: readonly string[]): Promise<number> {
  const options = optionsOf(args, {
    engines: 'SQLite,PostgreSQL',
    turns: '3',
    seconds: '3',
    beside: '',
    writers: '1/1,2/1,3/1,3/3',
    partitions: '1',
  })
  if (options === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  const configurations = options.writers.split(',').flatMap((text) => {
    const [writers, stores] = text.split('/').map(Number)
    const partitions = options.partitions.split(',').map(Number)
    return partitions.map((each) => ({ writers: writers!, stores: stores!, partitions: each }))
  })
  const checkouts = options.beside === '' ? [projectFolder] : [options.beside, projectFolder]
  const rows: (Omit<Turn, 'checkout'> & { readonly checkout: 'before' | 'now' } & TurnResult)[] = []
  await inTempFolder(async (folder) => {
    // PostgreSQL runs as another user.
    await chmod(folder, 0o755)
    for (const engine of options.engines.split(',') as Engine[]) {
      const postgres = engine === 'PostgreSQL' ? await startBenchPostgres(folder) : undefined
      const found = new Map<string, TurnResult[]>()
      try {
        for (let turn = 0; turn < Number(options.turns); turn++) {
          for (const configuration of configurations) {
            for (const checkout of checkouts) {
              const of = { engine, checkout, ...configuration }
              const result = await measure(of, { folder, url: postgres?.url, seconds: Number(options.seconds) })
              const name = JSON.stringify(of)
              found.set(name, [...(found.get(name) ?? []), result])
              process.stderr.write(`${engine} ${JSON.stringify(configuration)} ${JSON.stringify(result)}\n`)
            }
          }
        }
      } finally {
        await postgres?.stop()
      }
      for (const [name, results] of found) {
        const { checkout, ...of }: Turn = JSON.parse(name)
        rows.push({ ...of, checkout: checkout === projectFolder ? 'now' : 'before', ...medians(results) })
      }
    }
  })
  process.stdout.write(options.json ? `${JSON.stringify(rows, null, 2)}\n` : tableOf(rows))
  return 0
}

function medians(results: readonly TurnResult[]): TurnResult {
  const names = Object.keys(results[0]!) as (keyof TurnResult)[]
  return Object.fromEntries(
    names.map((name) => [name, median(results.map((each) => each[name]))]),
  ) as unknown as TurnResult
}

function tableOf(rows: readonly object[]): string {
  const names = Object.keys(rows[0]!)
  const line = (cells: readonly unknown[]) => `| ${cells.join(' | ')} |\n`
  return [line(names), line(names.map(() => '---')), ...rows.map((row) => line(Object.values(row)))].join('')
}

let places = 0

async function measure(
  turn: Turn,
  by: { readonly folder: string; readonly url: string | undefined; readonly seconds: number },
): Promise<TurnResult> {
  const place = await newPlace(turn.engine, by)
  const catalog = await openCatalog({ ...turn, place })
  const datastoreIds = Array.from({ length: turn.stores }, (_, store) => String(store).padStart(32, '0'))
  for (const datastoreId of datastoreIds) {
    await catalog.datastores.create({
      datastore: {
        ...{ datastoreId, datastoreName: 'bench', datastoreStatus: 'CREATING', losslessStorageFormat: 'HTJ2K' },
        ...{ kmsKeyArn: undefined, lambdaAuthorizerArn: undefined, createdAt: 0, updatedAt: 0 },
      },
      ...{ tags: {}, token: { clientToken: datastoreId, fingerprint: '', usedSince: 0 } },
    })
    await catalog.datastores.settle(datastoreId, 0)
  }
  // More batches than any writer publishes in the time.
  const [batches, capMs] = [5 + Math.ceil(by.seconds * 40), by.seconds * 1000]
  const children: ChildProcess[] = []
  for (let writer = 0; writer < turn.writers; writer++) {
    const datastoreId = datastoreIds[writer % turn.stores]!
    const { checkout, partitions } = turn
    const task: WritingTask = { ...{ checkout, partitions, place }, datastoreId, writer, batches, capMs }
    const child = fork(join(import.meta.dirname, 'writing-process.ts'), [JSON.stringify(task)])
    children.push(child)
    // One after the other: a claim takes the job that waits longest.
    await answerOf(child)
  }
  if (place.engine === 'PostgreSQL') await command(place.url, 'ANALYZE')
  const databaseBefore = processorOfPostgres()
  const answers = children.map(answerOf) as Promise<Written>[]
  for (const child of children) child.send('go')
  const written = await Promise.all(answers)
  // The connections are closed afterwards: the time of a process that has ended is not counted.
  const inDatabaseMs = processorOfPostgres() - databaseBefore
  for (const child of children) child.send('close')
  await Promise.all(children.map((child) => (child.exitCode === null ? once(child, 'exit') : undefined)))
  await catalog.close()
  const sum = (of: (each: Written) => number) => written.reduce((total, each) => total + of(each), 0)
  const imageSets = sum((each) => each.imageSets)
  return {
    image_sets_per_s: Math.round(sum((each) => each.imageSets / each.seconds)),
    node_us: Math.round((sum((each) => each.processorMs) * 1000) / imageSets),
    database_us: Math.round((inDatabaseMs * 1000) / imageSets),
    locked_ms: Math.round(median(written.map((each) => each.lockedMs)) * 10) / 10,
    statements: median(written.map((each) => each.statements)),
    batch_p50_ms: Math.round(median(written.map((each) => each.batch_p50_ms)) * 10) / 10,
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`a writing process ended with code ${code}`)
  })
  exited.catch(() => {})
  const [message] = await Promise.race([once(child, 'message'), exited])
  return message
}

async function newPlace(
  engine: Engine,
  { folder, url }: { readonly folder: string; readonly url: string | undefined },
): Promise<WritingTask['place']> {
  const name = `writers_${places++}`
  if (engine === 'SQLite') return { engine, folder: await mkdtemp(join(folder, name)) }
  await command(url!.replace(/\/[^/]*$/, '/postgres'), `CREATE DATABASE ${name}`)
  return { engine, url: url!.replace(/\/[^/]*$/, `/${name}`) }
}

async function command(url: string, text: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(text)
  await client.end()
}
