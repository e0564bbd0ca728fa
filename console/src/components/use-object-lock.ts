/** Whether a legal hold or a retention keeps a resource from being deleted: from the tags of the image set and of its data store. */
import { ListTagsForResourceCommand } from '@aws-sdk/client-medical-imaging'
import { useQueries } from '@tanstack/react-query'
import { lockOf } from '../../../src/imaging/object-lock.ts'
import { useApi } from '../api.ts'

/** @returns why it is not deleted now: `under legal hold`; undefined if it is not locked, or not known yet */
export function useObjectLock(arn: string | undefined): string | undefined {
  const { client } = useApi()
  const datastoreArn = arn?.split('/imageset/')[0]
  const arns = [...new Set([arn, datastoreArn])].filter((each) => each !== undefined)
  const found = useQueries({
    queries: arns.map((each) => ({
      queryKey: ['tags', each],
      queryFn: async () => (await client.send(new ListTagsForResourceCommand({ resourceArn: each }))).tags ?? {},
    })),
  })
  for (const [at, { data }] of found.entries()) {
    const lock = data === undefined ? undefined : lockOf(data, Date.now())
    if (lock !== undefined) return arns[at] === arn ? lock : `in a data store that is ${lock}`
  }
  return undefined
}
