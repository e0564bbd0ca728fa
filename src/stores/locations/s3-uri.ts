/** `s3://bucket/prefix`, as the contract's S3Uri pattern has let it through, taken apart and put together. */

interface S3Place {
  readonly bucket: string
  /** Without a leading slash; empty for the whole bucket. */
  readonly prefix: string
}

/** Names that S3 allows, as the contract's S3Uri has them; each is one part of a path. */
export const isBucketName = (name: string): boolean => /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)

export function s3Place(uri: string): S3Place {
  const rest = uri.slice('s3://'.length)
  const slash = rest.indexOf('/')
  return slash < 0 ? { bucket: rest, prefix: '' } : { bucket: rest.slice(0, slash), prefix: rest.slice(slash + 1) }
}

/** Why no object can have a key that begins as the URI says, or undefined; the pattern of the contract lets some through. */
export function faultOfUri(uri: string): string | undefined {
  if (uri.includes('\0')) return 'it contains the character NUL, which no object key can have'
  return uri.isWellFormed() ? undefined : 'it is not well-formed Unicode'
}

/** The folder below a URI that may or may not end in a slash; the result does. */
export const s3Folder = (uri: string, name: string): string => `${uri.replace(/\/+$/, '')}/${name}/`
