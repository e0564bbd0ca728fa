/**
 * Several files in the body of a request: a line with the list of them as JSON, `[{"name": "a/b.dcm", "sizeBytes": 2}]`, then their bytes,
 * one file after the other.
 */
import { invalid, isObject } from './json-request.ts'

const NEWLINE = 10

interface ListedFile {
  readonly name: string
  /** A view of the body. */
  readonly bytes: Uint8Array
}

/** @throws ContractError if the list does not describe the body. The message does not quote names: folders may be named after patients */
export function readFiles(body: Uint8Array): readonly ListedFile[] {
  const newline = body.indexOf(NEWLINE)
  const end = newline === -1 ? body.length : newline
  let start = Math.min(end + 1, body.length)
  const files = readList(body.subarray(0, end)).map((listed, at) => {
    if (!isListed(listed))
      throw invalid(`File ${at + 1} of the list must have name, a text, and sizeBytes, a whole number.`)
    const bytes = body.subarray(start, start + listed.sizeBytes)
    start += listed.sizeBytes
    return { name: listed.name, bytes }
  })
  if (start !== body.length) {
    const given = body.length - Math.min(end + 1, body.length)
    throw invalid(`The sizes of the list must add up to the bytes after it, which are ${given}.`)
  }
  return files
}

function readList(bytes: Uint8Array): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch {
    // The message of JSON.parse quotes the body.
  }
  if (Array.isArray(value)) return value
  throw invalid('The first line of the body must be the list of files as JSON: [{"name": "a.dcm", "sizeBytes": 2}].')
}

const isListed = (listed: unknown): listed is { readonly name: string; readonly sizeBytes: number } =>
  isObject(listed) &&
  typeof listed.name === 'string' &&
  Number.isSafeInteger(listed.sizeBytes) &&
  (listed.sizeBytes as number) >= 0
