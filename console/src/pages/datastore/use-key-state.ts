/**
 * Whether the KMS key of a data store lets the server use it. No operation reports that, so a search for one image set is sent, which the
 * server refuses without the key (docs/operating/encryption.md).
 */
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { useQuery } from '@tanstack/react-query'
import { useApi } from '../../api.ts'
import { errorMessageOf } from '../../error-messages.ts'

/** `unknown`: the answer is not there yet, or says nothing of the key. */
export type KeyStateName = 'usable' | 'refused' | 'unknown'

export function useKeyState(datastoreId: string) {
  const { client } = useApi()
  const { error, isSuccess, refetch } = useQuery({
    queryKey: ['key-state', datastoreId],
    queryFn: async () => {
      await client.send(new SearchImageSetsCommand({ datastoreId, maxResults: 1 }))
      return true
    },
  })
  const isRefused = error !== null && errorMessageOf(error).kind === 'key'
  const state: KeyStateName = isRefused ? 'refused' : isSuccess && error === null ? 'usable' : 'unknown'
  return { state, error, check: () => void refetch() }
}
