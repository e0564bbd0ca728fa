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

  send(): void {
    void this.#send().then(() => {
      this.readyState = 4
      this.onreadystatechange()
    })
  }

  async #send(): Promise<void> {
    const response = await fetch(this.#url, { method: this.#method.toUpperCase(), headers: this.#headers })
    this.status = response.status
    this.#replyHeaders = response.headers
    this.response = this.responseType === 'json' ? ((await response.json()) as object) : await response.arrayBuffer()
  }
}
