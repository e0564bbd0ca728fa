/**
 * What a line of the log may hold: only the members below, and of an error only its type, code, message and stack. A member of another name, such
 * as a database driver's `detail` with the values of a row, is left out and its name is logged.
 */

const LOGGED = new Set([
  // Requests.
  ...['method', 'operation', 'status', 'durationMs', 'requestId', 'isWhole', 'error', 'reason', 'code'],
  // Ids, which Hilum makes.
  ...['datastoreId', 'imageSetId', 'imageFrameId', 'jobId', 'accessKeyId', 'blobKey', 'chain', 'sequence', 'hash'],
  // Numbers.
  ...['offsetBytes', 'sizeBytes', 'blobs', 'tookMs', 'filesFound', 'filesDone', 'connections', 'leftOut', 'processes'],
  ...['partition', 'partitions'],
  // Configuration.
  ...['authorizer', 'endpoint', 'host', 'dataFolder', 'folder', 'limit', 'value', 'work'],
])

export function loggedFields(fields: object): object {
  const logged: Record<string, unknown> = {}
  const omitted: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'err') logged.err = errorOf(value)
    else if (name === 'stack') logged.stack = value
    else if (!LOGGED.has(name)) omitted.push(name)
    else if (value !== undefined) logged[name] = isPlain(value) ? value : typeof value
  }
  return omitted.length === 0 ? logged : { ...logged, omitted }
}

const isPlain = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value) || value === null

function errorOf(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  // The message of JSON.parse quotes the text.
  if (error instanceof SyntaxError)
    return { type: error.name, stack: error.stack?.replace(/^.*?(?=\n {4}at )/s, error.name) }
  const { code } = error as NodeJS.ErrnoException
  return {
    ...{ type: error.name, message: error.message, stack: error.stack },
    ...(typeof code === 'string' && { code }),
    ...(error.cause !== undefined && { cause: errorOf(error.cause) }),
  }
}
