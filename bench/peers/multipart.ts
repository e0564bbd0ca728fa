/** The body of a store request (PS3.18 10.5). */
export const BOUNDARY = 'bench-boundary'

export const multipartOf = (files: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    ...files.flatMap((file) => [
      Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`),
      file,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ])
