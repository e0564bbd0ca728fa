/** The address of the server for clients on the same machine. */

/** `http://127.0.0.1:8104`; a wildcard address is replaced by its loopback address. */
export function endpointOf(host: string, port: number): string {
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${port}`
}
