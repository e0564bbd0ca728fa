/** What a function that answers a request to DICOMweb receives: the request of an authorized caller, whose labels are checked. */
import type { App } from '../../app.ts'
import type { DicomwebOperations } from '../../contract/dicomweb.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import type { StreamedBody } from '../aws/signed-stream.ts'
import type { WireReply, WireRequest } from '../http/wire.ts'
import type { RequestName } from './routes.ts'

export interface DicomwebCall {
  readonly request: WireRequest
  /** Of an action that stores: unread. */
  readonly body: StreamedBody
  /** By the names in the path of the route, decoded and not empty. */
  readonly labels: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The parameter `imageSetId`; undefined: primary image sets only. */
  readonly imageSetId: string | undefined
  readonly caller: Caller
  /** Checks what the request needs beyond its route, as the answer learns it. @throws ContractError AccessDeniedException */
  authorize(needs: readonly Need[]): Promise<void>
}

/** @throws ContractError, StoreUnavailable */
export type DicomwebAnswer = (
  call: DicomwebCall,
  to: { readonly app: App; readonly operations: DicomwebOperations<App> },
) => Promise<WireReply>

export type DicomwebAnswers = { readonly [Name in RequestName]: DicomwebAnswer }
