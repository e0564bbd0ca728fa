/** The name of a large binary value, by which metadata and DICOMweb refer to it. */
import { createHash } from 'node:crypto'

/** The MD5 of the bytes in little endian, as on AWS. */
export const largeBinaryName = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
