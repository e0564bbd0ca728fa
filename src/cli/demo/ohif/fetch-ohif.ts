/** The published files of the viewer OHIF, which `npm pack` fetches once into the user's cache folder. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { OperatorError } from '../../../server/operator-error.ts'

const VERSION = '3.13.2'
const PACKAGE = `@ohif/app@${VERSION}`
const SHA512 = 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=='
/** Its segmentation models (139 MB) are of no use without other downloads. */
const LEFT_OUT = ['package/dist/ort', '*.map']

const run = promisify(execFile)

export const ohifFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'hilum', `ohif-${VERSION}`)

/** Fetches OHIF unless it is there. An interrupted fetch leaves no folder of that name. @throws OperatorError */
export async function fetchOhif(
  folder: string,
  { note, signal }: { note(text: string): void; readonly signal?: AbortSignal },
): Promise<void> {
  if (existsSync(folder)) return
  note(`Fetching OHIF ${VERSION} (50 MB, once, into ${folder}) ...`)
  await mkdir(dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}-`)
  try {
    const archive = await download(temporary, signal)
    const excluded = LEFT_OUT.map((pattern) => `--exclude=${pattern}`)
    await run('tar', ['-xzf', archive, '-C', temporary, ...excluded, 'package/dist'], { signal })
    await rename(join(temporary, 'package', 'dist'), folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (!existsSync(folder)) throw error
    })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new OperatorError(
      `OHIF could not be fetched: ${reasonOf(cause)}. It needs npm, tar and the network. Repeat it later, or copy ${folder} from a machine that has it.`,
      { cause },
    )
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function download(into: string, signal: AbortSignal | undefined): Promise<string> {
  const args = [
    'pack',
    PACKAGE,
    '--pack-destination',
    into,
    '--ignore-scripts',
    '--loglevel=error',
    '--fetch-retries=1',
  ]
  const isWindows = process.platform === 'win32'
  await run('npm', args, { cwd: into, signal, shell: isWindows })
  const archive = join(into, `ohif-app-${VERSION}.tgz`)
  const sha512 = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')
  if (sha512 !== SHA512) throw new Error(`the archive of ${PACKAGE} is not the published one`)
  return archive
}

function reasonOf(cause: unknown): string {
  const { code, stderr, message } = cause as { code?: unknown; stderr?: string; message: string }
  if (code === 'ENOENT') return message.replace(/^spawn (\S+) ENOENT$/, '$1 is not installed')
  const [, npmCode] = /^npm (?:error|ERR!) code (\w+)/m.exec(stderr ?? '') ?? []
  return npmCode === undefined ? message.split('\n')[0]!.replace(/\.$/, '') : `npm failed with ${npmCode}`
}
