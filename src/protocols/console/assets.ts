/**
 * The table of the built console's files, with the encodings that `console/vite.config.ts` wrote for each. Only files in the table are
 * served.
 */
import { hash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

export interface Asset {
  readonly contentType: string
  /** The file name contains a hash of the content, so clients may cache it forever. */
  readonly isImmutable: boolean
  /** Best first; the last is the unencoded file. */
  readonly encodings: readonly Encoding[]
  /** Of the unencoded bytes, in quotes. */
  etag(): Promise<string>
}

export interface Encoding {
  /** `br` or `gzip`; undefined for the unencoded bytes. */
  readonly name: string | undefined
  read(): Promise<Uint8Array>
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
}

const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

export interface Assets {
  /** By path below the folder, with slashes; empty if the console is not built. */
  readonly byName: ReadonlyMap<string, Asset>
  readonly builtAt: number | undefined
}

/** The HTML file of every page. */
export const PAGE = 'index.html'

/** Changes with every build. */
export async function builtAt(folder: string): Promise<number | undefined> {
  return (await stat(join(folder, PAGE)).catch(absent))?.mtimeMs
}

export async function readAssets(folder: string): Promise<Assets> {
  const at = await builtAt(folder)
  const paths = await pathsIn(folder)
  const there = new Set(paths)
  const byName = new Map(
    paths
      .filter((path) => extname(path) in CONTENT_TYPES)
      .map((path) => {
        const read = (ending: string) => () => readFile(join(folder, `${path}${ending}`))
        let etag: Promise<string> | undefined
        const asset: Asset = {
          contentType: CONTENT_TYPES[extname(path)]!,
          isImmutable: path.startsWith('assets/'),
          encodings: [
            ...ENCODINGS.filter(([, ending]) => there.has(`${path}${ending}`)).map(([name, ending]) => ({
              name,
              read: read(ending),
            })),
            { name: undefined, read: read('') },
          ],
          etag: () => {
            etag ??= readFile(join(folder, path)).then((bytes) => `"${hash('sha256', bytes).slice(0, 32)}"`)
            return etag
          },
        }
        return [path, asset]
      }),
  )
  return { byName, builtAt: at }
}

async function pathsIn(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(absent)) ?? []
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
