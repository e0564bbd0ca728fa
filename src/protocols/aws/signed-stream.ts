/**
 * Verifies a signed request whose body is streamed: the signature of its head first, and the body while it is read. Only what is verified is
 * passed on, except where the hash or the trailer at the end decides: `isHeld` says so.
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto'
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import type { Caller } from '../../security/callers/caller.ts'
import type { SignatureFailures } from '../http/rate-limits.ts'
import type { WireRequest } from '../http/wire.ts'
import { type ChunkSignatures, decodeAwsChunked } from './aws-chunked.ts'
import { countFailure, otherPayload, type ReadSignature, type SignatureRead, UNSIGNED_PAYLOAD } from './sigv4.ts'

export interface StreamedBody {
  /** Throws at its end where the body is not the signed one. To be iterated once. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Nothing of it may be used before its end. */
  readonly isHeld: boolean
}

interface SignedStream extends StreamedBody {
  readonly caller: Caller
}

type StreamLimits = Pick<
  Limits,
  'requestBodyBytes' | 'storeRequestBytes' | 'storeIdleMs' | 'storeRequestMs' | 'signedChunkBytes'
>

export type VerifyStream = (request: WireRequest, at: { readonly now: number }) => Promise<SignedStream>

/** The words of x-amz-content-sha256 for bodies in chunks. */
const CHUNKED: Readonly<Record<string, { readonly isSigned: boolean; readonly hasTrailer: boolean }>> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailer: true },
}

/** The body as it is sent: that of a caller with a bearer token. */
export const streamOf = ({ body }: WireRequest, limits: StreamLimits): AsyncIterable<Uint8Array> =>
  body.stream(limits.storeRequestBytes, { idleMs: limits.storeIdleMs, totalMs: limits.storeRequestMs })

export function streamVerifierOver(
  readSignature: ReadSignature,
  { limits, failures }: { readonly limits: StreamLimits; readonly failures: SignatureFailures },
): VerifyStream {
  async function verify(request: WireRequest, now: number): Promise<SignedStream> {
    const read = await readSignature(request, now)
    const { caller, declaredHash } = read
    if (declaredHash === undefined) return { caller, ...(await wholeBody(request, read, limits)) }
    read.checkSignature(declaredHash)
    const bytes = streamOf(request, limits)
    const chunked = CHUNKED[declaredHash]
    if (chunked !== undefined) {
      // The examples of AWS for curl have the header, and a body without chunks.
      if (!isAwsChunked(request)) return { caller, bytes, isHeld: false }
      return { caller, ...chunkedBody(request, { read, bytes, limits, ...chunked }) }
    }
    if (declaredHash === UNSIGNED_PAYLOAD) return { caller, bytes, isHeld: false }
    if (!/^[0-9a-f]{64}$/.test(declaredHash)) {
      throw new ContractError('InvalidSignatureException', 'The value of x-amz-content-sha256 is not supported.')
    }
    return { caller, bytes: hashed(bytes, declaredHash), isHeld: true }
  }
  return async (request, { now }) => {
    try {
      return await verify(request, now)
    } catch (error) {
      countFailure(failures, error, { request, now })
      throw error
    }
  }
}

/** Without a hash the whole body decides the signature, so the caller is not known before: it is read as other bodies are. */
async function wholeBody(
  { body }: WireRequest,
  read: SignatureRead,
  { requestBodyBytes }: StreamLimits,
): Promise<StreamedBody> {
  const bytes = await body.read(requestBodyBytes)
  read.checkSignature(hash('sha256', bytes))
  return {
    bytes: (async function* () {
      yield bytes
    })(),
    isHeld: false,
  }
}

const isAwsChunked = ({ headers }: WireRequest): boolean =>
  (headers['content-encoding'] ?? '').split(',').some((coding) => coding.trim().toLowerCase() === 'aws-chunked')

function chunkedBody(
  request: WireRequest,
  {
    read,
    bytes,
    limits,
    isSigned,
    hasTrailer,
  }: {
    readonly read: SignatureRead
    readonly bytes: AsyncIterable<Uint8Array>
    readonly limits: StreamLimits
    readonly isSigned: boolean
    readonly hasTrailer: boolean
  },
): StreamedBody {
  const length = request.headers['x-amz-decoded-content-length']
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new ContractError('ValidationException', 'x-amz-decoded-content-length must be a whole number.')
  }
  return {
    bytes: decodeAwsChunked(bytes, {
      chunkBytesMax: limits.signedChunkBytes,
      decodedBytes: length === undefined ? undefined : Number(length),
      signatures: isSigned ? signaturesOf(read) : undefined,
      hasTrailer,
    }),
    isHeld: hasTrailer,
  }
}

const EMPTY_SHA256 = hash('sha256', '')

function signaturesOf(read: SignatureRead): ChunkSignatures {
  let last = read.signature
  function check(expected: Buffer, signature: string): void {
    const isSame = /^[0-9a-f]{64}$/.test(signature) && timingSafeEqual(expected, Buffer.from(signature, 'hex'))
    if (!isSame) throw new ContractError('InvalidSignatureException', 'The signature of a chunk does not match it.')
    last = signature
  }
  return {
    checkChunk: (sha256, signature) =>
      check(read.signatureOf('AWS4-HMAC-SHA256-PAYLOAD', [last, EMPTY_SHA256, sha256]), signature),
    checkTrailer: (sha256, signature) => check(read.signatureOf('AWS4-HMAC-SHA256-TRAILER', [last, sha256]), signature),
  }
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, expected: string): AsyncGenerator<Uint8Array> {
  const sha256 = createHash('sha256')
  for await (const chunk of bytes) {
    sha256.update(chunk)
    yield chunk
  }
  if (sha256.digest('hex') !== expected) throw otherPayload()
}
