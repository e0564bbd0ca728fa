/**
 * Every error that leaves Hilum has a name in this table. The first nine are the service's own (AWS model
 * medical-imaging 2023-07-19); the rest belong to the protocol (restJson1) and to Signature Version 4, and carry AWS's names.
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
  RequestTimeoutException: { status: 408, fault: 'client', protocol: true },
  UnknownOperationException: { status: 404, fault: 'client', protocol: true },
  ServiceUnavailableException: { status: 503, fault: 'server', protocol: true },

  IncompleteSignatureException: { status: 403, fault: 'client', protocol: true },
  InvalidSignatureException: { status: 403, fault: 'client', protocol: true },
  MissingAuthenticationTokenException: { status: 403, fault: 'client', protocol: true },
  RequestTimeTooSkewed: { status: 403, fault: 'client', protocol: true },
  UnrecognizedClientException: { status: 403, fault: 'client', protocol: true },
} as const satisfies Record<string, { status: number; fault: 'client' | 'server'; protocol?: true }>

export type ErrorName = keyof typeof ERRORS

/** Any operation may answer these, although no operation lists them. */
export const isProtocolError = (name: ErrorName): boolean => 'protocol' in ERRORS[name]

/** Something Hilum stands on is away for a while, through no fault of the request: the same request may succeed later. */
export class TemporarilyUnavailable extends Error {
  /** Seconds after which another try makes sense. */
  readonly retryAfterSeconds: number = 5
}

/** One member that broke a constraint: `path` is a JSON pointer into the input, as Smithy's ValidationException has it. */
export interface FieldFault {
  readonly path: string
  readonly message: string
}

/** The one class for what a caller can be told by name. Its message is public: no patient's values, no paths of the machine. */
export class ContractError extends Error {
  override readonly name: ErrorName
  readonly fields: readonly FieldFault[]
  /** Seconds after which the same request may succeed: becomes the Retry-After header. */
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
