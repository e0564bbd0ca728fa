/** `hilum serve` with a data store named `mine`, and `hilum` beside it, for tests of commands. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { CreateDatastoreCommand, GetDatastoreCommand, type MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
import { type HilumProcess, startHilumProcess } from '../fixtures/hilum-process.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openClient } from './client/client.ts'

interface ServedDatastore {
  readonly cwd: string
  readonly endpoint: string
  readonly client: MedicalImagingClient
  readonly datastoreId: string
  /** The flags with which a command finds the server. */
  readonly at: readonly string[]
  /** @returns the id of an ACTIVE data store */
  create(datastoreName: string): Promise<string>
  start(...words: string[]): HilumProcess
  hilum(...words: string[]): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }>
}

export async function serveDatastore(t: TestContext): Promise<ServedDatastore> {
  const cwd = mkdtempSync(join(tmpdir(), 'hilum-cli-'))
  removeAtExit(cwd)
  const server = startHilumProcess(t, ['serve', '--data', 'data', '--port', '0', '--host', '127.0.0.1'], { cwd })
  const [, endpoint] = await server.printed(/^Hilum answers at (http:\S+) and/m)
  const credentials = JSON.parse(readFileSync(join(cwd, 'data', 'credentials.json'), 'utf8'))
  const client = openClient({ endpoint: endpoint!, region: 'us-east-1', credentials })
  t.after(() => client.destroy())
  const create = async (datastoreName: string) => {
    const { datastoreId } = await client.send(new CreateDatastoreCommand({ datastoreName }))
    const status = async () =>
      (await client.send(new GetDatastoreCommand({ datastoreId }))).datastoreProperties?.datastoreStatus
    while ((await status()) !== 'ACTIVE') assert.notEqual(await status(), 'CREATE_FAILED')
    return datastoreId!
  }
  const at = ['--data', 'data', '--port', new URL(endpoint!).port]
  const start = (...words: string[]) => startHilumProcess(t, [...words, ...at], { cwd })
  return {
    ...{ cwd, endpoint: endpoint!, client, at, create, start, datastoreId: await create('mine') },
    async hilum(...words) {
      const run = start(...words)
      return { code: await run.ended, output: run.output() }
    },
  }
}
