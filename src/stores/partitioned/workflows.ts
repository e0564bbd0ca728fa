/**
 * Workflows: each is in the partition of its image sets. A copy whose destination is in another partition than its source would need both, and is
 * refused: only copies that force a series into another study ask for one.
 */
import { ContractError } from '../../contract/errors.ts'
import type {
  BeginWorkflowOutcome,
  ClaimedWorkflow,
  WorkflowRequest,
  Workflows,
} from '../catalog/workflow-repository.ts'
import { numberIn, type Partition, type Placement, partitionNumberOf, rowOf } from './placement.ts'

const ELSEWHERE =
  'The source and the destination are of different studies that this data store keeps in different partitions. Copy to a new image set instead'

export function partitionedWorkflows(placement: Placement): Workflows {
  /** Where the next claim begins, so that no partition waits for the others. */
  let turn = 0

  const workflowsOf = async (lease: { readonly workflow: number }): Promise<Workflows> =>
    (await placement.at(partitionNumberOf(lease.workflow))).catalog.workflows

  const inPartition = <Lease extends { readonly workflow: number }>(lease: Lease): Lease => ({
    ...lease,
    workflow: rowOf(lease.workflow),
  })

  /** How many of the operation the data store may still run in the partition, of a limit for all. */
  async function runningMaxIn(
    partition: Partition,
    { datastoreId, operation, max }: { datastoreId: string; operation: WorkflowRequest['operation']; max: number },
  ): Promise<number> {
    const others = (await placement.of(datastoreId)).filter((each) => each !== partition)
    const running = await Promise.all(
      others.map(({ catalog }) => catalog.partition.countWorkflows(datastoreId, operation)),
    )
    return max - running.reduce((sum, count) => sum + count, 0)
  }

  async function limited<Limited extends { readonly datastoreId: string; readonly runningMax?: number }>(
    partition: Partition,
    operation: WorkflowRequest['operation'],
    request: Limited,
  ): Promise<Limited> {
    const { datastoreId, runningMax: max } = request
    return max === undefined
      ? request
      : { ...request, runningMax: await runningMaxIn(partition, { datastoreId, operation, max }) }
  }

  async function begin(request: Parameters<Workflows['begin']>[0]): Promise<BeginWorkflowOutcome> {
    const { datastoreId } = request
    const [first, ...others] = await Promise.all(
      imageSetsOf(request.request).map((imageSetId) => placement.ofImageSet({ datastoreId, imageSetId })),
    )
    if (others.some((each) => each !== first)) throw new ContractError('ValidationException', ELSEWHERE)
    return first!.catalog.workflows.begin(await limited(first!, request.request.operation, request))
  }

  async function claim(request: Parameters<Workflows['claim']>[0]): Promise<ClaimedWorkflow | undefined> {
    const all = await placement.all()
    turn = (turn + 1) % all.length
    for (const partition of [...all.slice(turn), ...all.slice(0, turn)]) {
      const claimed = await partition.catalog.workflows.claim(request)
      if (claimed === undefined) continue
      const { lease } = claimed
      return { ...claimed, lease: { ...lease, workflow: numberIn(partition, lease.workflow) } }
    }
    return undefined
  }

  return {
    begin,
    async beginDeletions(request) {
      const partition = await placement.ofStudy({
        datastoreId: request.datastoreId,
        studyInstanceUID: request.studyInstanceUID,
      })
      return partition.catalog.workflows.beginDeletions(await limited(partition, 'DeleteImageSet', request))
    },
    claim,
    renew: async (lease, until) => (await workflowsOf(lease)).renew(inPartition(lease), until),
    release: async (lease, at) => (await workflowsOf(lease)).release(inPartition(lease), at),
    async expireLeases(workerIds, at) {
      for (const { catalog } of await placement.all()) await catalog.workflows.expireLeases(workerIds, at)
    },
    complete: async (lease, end) => (await workflowsOf(lease)).complete(inPartition(lease), end),
    fail: async (lease, end) => (await workflowsOf(lease)).fail(inPartition(lease), end),
    completeDeletion: async (lease, at) => (await workflowsOf(lease)).completeDeletion(inPartition(lease), at),
  }
}

function imageSetsOf(request: WorkflowRequest): readonly string[] {
  switch (request.operation) {
    case 'UpdateImageSetMetadata':
      return [request.imageSet.imageSetId]
    case 'CopyImageSet':
      return [request.source, request.destination].flatMap((each) => (each === undefined ? [] : [each.imageSetId]))
    case 'DeleteImageSet':
      return [request.imageSetId]
  }
}
