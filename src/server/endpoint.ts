/** The address that clients on this machine call. */

/** `http://127.0.0.1:8104`; a host that stands for every address is called by its loopback. */
export function endpointOf(host: string, port: number): string {
  const callable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${port}`
}
