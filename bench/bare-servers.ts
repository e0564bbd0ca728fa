/** Starts a bare server (bare-server.ts): the ceiling of a server on node:http that sends the same bytes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { MeasuredProcess } from './processes.ts'

export async function startBareServer(answer: Uint8Array): Promise<MeasuredProcess & { readonly port: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  child.stdin.end(answer)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    child,
    port: Number(line.toString()),
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
