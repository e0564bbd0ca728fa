/** Lists the input files of `hilum import` with their object keys, and entries that cannot be read. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { OperatorError } from '../../server/operator-error.ts'
import { scanFolder } from '../../stores/blobs/disk/folder-scan.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'

export interface InputFile {
  /** With links resolved. Bytes, since a name need not be UTF-8. */
  readonly path: Buffer
  /** The path below the input folder, with slashes; bytes that are not UTF-8 are percent-escaped. */
  readonly key: string
}

export interface UnreadFile {
  readonly file: string
  readonly reason: string
}

export interface InputFiles {
  readonly files: readonly InputFile[]
  readonly unread: readonly UnreadFile[]
}

const UNREAD_SHOWN = 10

/** All files at any depth and with any name: DICOM files often have no extension. Links to folders are not followed. */
export async function listInputFiles(path: string): Promise<InputFiles> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new OperatorError(
      `${path} ${cause.code === 'ENOENT' ? 'does not exist' : `cannot be read (${cause.code})`}.`,
      {
        cause,
      },
    )
  })
  if (found.isFile()) return { files: [{ path: Buffer.from(path), key: basename(path) }], unread: [] }
  if (!found.isDirectory()) throw new OperatorError(`${path} is neither a file nor a folder.`)
  const [files, unread]: [InputFile[], UnreadFile[]] = [[], []]
  try {
    for await (const entry of scanFolder(path, { rules: 'command line', prefix: '', after: undefined })) {
      if ('unreadable' in entry) unread.push({ file: entry.key, reason: entry.reason })
      else files.push({ path: entry.path, key: entry.key })
    }
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable)) throw cause
    throw new OperatorError(whyNotListed(path, cause), { cause })
  }
  if (files.length === 0)
    throw new OperatorError(`${path} holds no file${unread.length === 0 ? '.' : whyUnread(unread)}`)
  return { files, unread }
}

const whyNotListed = (path: string, { reason, code }: StoreUnavailable): string =>
  reason === 'access'
    ? `You have no permission to list ${path} (${code}). Nothing was imported.`
    : `${path} could not be listed completely (${code}). Nothing was imported. Check its disk and try again.`

const whyUnread = (unread: readonly UnreadFile[]): string =>
  [
    ' that can be read:',
    ...unread.slice(0, UNREAD_SHOWN).map(({ file, reason }) => `  ${file}: ${reason}`),
    ...(unread.length > UNREAD_SHOWN ? [`  and ${unread.length - UNREAD_SHOWN} more`] : []),
  ].join('\n')
