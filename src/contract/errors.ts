/**
 * The table of every error that clients can receive. The first nine are in AWS's model (medical-imaging 2023-07-19); the others belong to
 * the protocol (restJson1), to Signature Version 4, under AWS's names, and to bearer tokens.
 */

const ERRORS = {
  AccessDeniedException: { status: 403, fault: 'client' },
  BadRequestException: { status: 400, fault: 'client' },
  ConflictException: { status: 409, fault: 'client' },
  InternalServerException: { status: 500, fault: 'server' },
  NotAcceptableException: { status: 406, fault: 'client' },
  ResourceNotFoundException: { status: 404, fault: 'client' },
  ServiceQuotaExceededException: { status: 402, fault: 'client' },
  ThrottlingException: { status: 429, fault: 'client' },
  ValidationException: { status: 400, fault: 'client' },

  SerializationException: { status: 400, fault: 'client', protocol: true },
  RequestEntityTooLargeException: { status: 413, fault: 'client', protocol: true },
  RequestHeaderFieldsTooLargeException: { status: 431, fault: 'client', protocol: true },
  RangeNotSatisfiableException: { status: 416, fault: 'client', protocol: true },
  RequestTimeoutException: { status: 408, fault: 'client', protocol: true },
  UnsupportedMediaTypeException: { status: 415, fault: 'client', protocol: true },
  UnknownOperationException: { status: 404, fault: 'client', protocol: true },
  ServiceUnavailableException: { status: 503, fault: 'server', protocol: true },

  AuthorizerCrossAccountException: { status: 424, fault: 'client', protocol: true },
  AuthorizerFailedException: { status: 424, fault: 'client', protocol: true },
  AuthorizerMisconfigurationException: { status: 424, fault: 'client', protocol: true },
  AuthorizerTimeoutException: { status: 408, fault: 'client', protocol: true },
  ExpiredTokenException: { status: 403, fault: 'client', protocol: true },
  IncompleteSignatureException: { status: 403, fault: 'client', protocol: true },
  InvalidSignatureException: { status: 403, fault: 'client', protocol: true },
  InvalidTokenException: { status: 403, fault: 'client', protocol: true },
  MissingAuthenticationTokenException: { status: 403, fault: 'client', protocol: true },
  RequestTimeTooSkewed: { status: 403, fault: 'client', protocol: true },
  UnrecognizedClientException: { status: 403, fault: 'client', protocol: true },
} as const satisfies Record<string, { status: number; fault: 'client' | 'server'; protocol?: true }>

export type ErrorName = keyof typeof ERRORS

/** Any operation may return these, although none lists them. */
export const isProtocolError = (name: ErrorName): boolean => 'protocol' in ERRORS[name]

/** A dependency is unavailable for a while: the same request may succeed later. */
export class TemporarilyUnavailable extends Error {
  /** Seconds to wait before a retry. */
  readonly retryAfterSeconds: number = 5
}

/** A member that violates a constraint. `path` is a JSON pointer into the input, as in Smithy's ValidationException. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

/** An error that is returned to the client. Its message is public: it holds no values of a patient and no paths of the server. */
export class ContractError extends Error {
  override readonly name: ErrorName
  readonly fields: readonly FieldFault[]
  /** Seconds after which the same request may succeed, sent as Retry-After. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    name: ErrorName,
    message: string,
    options: { cause?: unknown; fields?: readonly FieldFault[]; retryAfterSeconds?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = name
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number {
    return ERRORS[this.name].status
  }

  get fault(): 'client' | 'server' {
    return ERRORS[this.name].fault
  }
}
