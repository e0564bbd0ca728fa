/** The XMLHttpRequest of browsers over fetch, as far as dicomweb-client uses it. */

type Body = ArrayBuffer | string | object | null

export class FetchedRequest {
  responseType = ''
  readyState = 0
  status = 0
  response: Body = null
  withCredentials = false
  onreadystatechange: () => void = () => {}
  onloadend: () => void = () => {}
  onloadstart: () => void = () => {}
  readonly #headers: Record<string, string> = {}
  #method = ''
  #url = ''
  #replyHeaders = new Headers()

  open(method: string, url: string): void {
    this.#method = method
    this.#url = url
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value
  }

  getResponseHeader(name: string): string | null {
    return this.#replyHeaders.get(name)
  }

  getAllResponseHeaders(): string {
    return [...this.#replyHeaders].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  }

  send(body?: ArrayBuffer): void {
    void this.#send(body).then(() => {
      this.readyState = 4
      this.onreadystatechange()
    })
  }

  async #send(body?: ArrayBuffer): Promise<void> {
    const init = { method: this.#method.toUpperCase(), headers: this.#headers, ...(body !== undefined && { body }) }
    const response = await fetch(this.#url, init)
    this.status = response.status
    this.#replyHeaders = response.headers
    this.response = this.responseType === 'json' ? ((await response.json()) as object) : await response.arrayBuffer()
  }
}
