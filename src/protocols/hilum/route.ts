/** What a route below /hilum/ is (docs/extensions.md), and the replies that routes share. */
import type { Action } from '../../contract/actions.ts'
import type { Arns } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import type { WireReply, WireRequest } from '../http/wire.ts'

export type HilumRoute = SignedRoute | UnsignedRoute | LinkRoute

/** Signed with Signature Version 4, like every request of the API. */
interface SignedRoute {
  readonly http: `${string} /hilum/${string}`
  readonly isUnsigned?: never
  readonly redeem?: never
  /** In the audit log; default: the action. */
  readonly eventName?: string
  readonly isDataEvent?: never
  /** What the caller's policies must allow. */
  readonly needs: NeedsOfCall
  answer(call: SignedCall): Promise<WireReply>
}

/** Takes requests without a signature, and reads the body itself. No page of another origin may call it. */
interface UnsignedRoute {
  readonly http: `${string} /hilum/${string}`
  readonly isUnsigned: true
  readonly redeem?: never
  readonly eventName?: never
  readonly isDataEvent?: never
  answer(request: WireRequest): Promise<WireReply>
}

/** A one-time link: its token names the caller, whose policies decide as for a signed request. No page of another origin may call it. */
interface LinkRoute {
  readonly http: `${string} /hilum/${string}`
  readonly isUnsigned?: never
  readonly eventName: string
  readonly isDataEvent: boolean
  /** @throws ContractError AccessDeniedException */
  redeem(labels: SignedCall['labels'], arns: Arns): Promise<RedeemedCall>
}

interface RedeemedCall extends Pick<SignedCall, 'caller'> {
  readonly needs: readonly Need[]
  answer(): Promise<WireReply>
}

export type NeedsOfCall = (call: SignedCall, arns: Arns) => readonly Need[]

export interface SignedCall {
  /** Its body was read for the signature. */
  readonly request: WireRequest
  readonly caller: Caller
  /** By the names in the path template, decoded and not empty. */
  readonly labels: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Uint8Array
}

export const jsonReply = (output: object): WireReply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
  body: JSON.stringify(output),
})

/** For an action without a resource. */
export const onAll = (action: Action) => (): readonly Need[] => [{ action, resource: '*' }]

export const NO_CONTENT: WireReply = { status: 204, headers: {}, body: '' }
