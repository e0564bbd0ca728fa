/** Signed retrievals by DICOMweb, with their bytes. */
import type { Hilum } from './hilum.ts'
import { signedHeaders } from './raw-request.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
}

export const getFrom =
  (hilum: Hilum) =>
  async (path: string, accept = '*/*', query = ''): Promise<Reply> => {
    const headers = await signedHeaders(hilum, { method: 'GET', path, query })
    const url = `${hilum.endpoint}${path}${query === '' ? '' : `?${query}`}`
    const response = await fetch(url, { headers: { ...headers, accept } })
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) }
  }
