/** The Node versions that Hilum supports. On older ones the native code of better-sqlite3 crashes the process (decision 2). */

export const SMALLEST_NODE = '22.14'

export function isNodeTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  const [smallestMajor, smallestMinor] = SMALLEST_NODE.split('.').map(Number) as [number, number]
  return major < smallestMajor || (major === smallestMajor && minor < smallestMinor)
}

/** The message for an unsupported Node; undefined for a supported one. */
export function nodeComplaint(version: string, path: string): string | undefined {
  if (!isNodeTooOld(version)) return undefined
  return (
    `Hilum needs Node ${SMALLEST_NODE} or newer, and this is ${version} (${path}). Install Node 24 from https://nodejs.org, or run ` +
    'the same command with `npx -y node@24` in place of `node`.'
  )
}
