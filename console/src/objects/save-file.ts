/** Saves bytes as a file, as a link with the attribute `download` does. */
export function saveFile(bytes: BlobPart, fileName: string): void {
  // Never opened by the browser: not a type that it shows.
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS)
}

const REVOKE_AFTER_MS = 60_000
