/**
 * Workflows: each is in the partition of its image sets. A version of another study makes that study one of the partition (study-places.ts). A
 * copy into an image set of another partition would need both, and is refused: it is one that forces a series into another study.
 */
import { ContractError } from '../../contract/errors.ts'
import { StudiesMoved } from '../catalog/partition-repository.ts'
import type { ClaimedWorkflow, WorkflowRequest, Workflows } from '../catalog/workflow-repository.ts'
import { firstAnswer } from './away-partitions.ts'
import { publishing } from './declared-attributes.ts'
import { numberIn, partitionNumberOf, rowOf } from './numbers.ts'
import { CONTROL, type Partition, type Placement } from './placement.ts'
import { type StudyPlaces, studyElsewhere } from './study-places.ts'

const DESTINATION_ELSEWHERE =
  'The source and the destination are of different studies, which the data store keeps in different partitions, and an instance cannot be in both. ' +
  'Copy without destinationImageSet, then update the StudyInstanceUID of the copy, or import the files into the study of the destination'

export function partitionedWorkflows(placement: Placement, studies: StudyPlaces): Workflows {
  /** Where the next claim begins, so that no partition waits for the others. */
  let turn = 0

  const partitionOf = (lease: { readonly workflow: number }): Promise<Partition> =>
    placement.at(partitionNumberOf(lease.workflow))
  const workflowsOf = async (lease: { readonly workflow: number }): Promise<Workflows> =>
    (await partitionOf(lease)).catalog.workflows

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
      others.map(({ catalog }) => catalog.asPartition.countWorkflows(datastoreId, operation)),
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

  async function begin(request: Parameters<Workflows['begin']>[0]): ReturnType<Workflows['begin']> {
    const { datastoreId, studyInstanceUID } = request
    const { operation } = request.request
    const [first, ...others] = await Promise.all(
      imageSetsOf(request.request).map((imageSetId) => placement.ofImageSet({ datastoreId, imageSetId })),
    )
    if (others.some((each) => each !== first)) throw new ContractError('ValidationException', DESTINATION_ELSEWHERE)
    // Refused here instead of in a version that failed. It is decided again when the workflow completes.
    if (studyInstanceUID !== undefined) await studies.keepIn(first!, { datastoreId, studyInstanceUID })
    return first!.catalog.workflows.begin(await limited(first!, operation, request))
  }

  /** The image sets that are expected are of one partition. Without any, the study has none, or one that the caller did not find. */
  async function partitionOfDeletions(request: Parameters<Workflows['beginDeletions']>[0]): Promise<Partition> {
    const { datastoreId, studyInstanceUID, imageSetIds } = request
    const [imageSetId] = imageSetIds
    if (imageSetId !== undefined) return placement.ofImageSet({ datastoreId, imageSetId })
    return (await studies.find(datastoreId, [studyInstanceUID])).get(studyInstanceUID)!
  }

  async function complete(...[lease, end]: Parameters<Workflows['complete']>): ReturnType<Workflows['complete']> {
    const partition = await partitionOf(lease)
    const own = inPartition(lease)
    if (partition.number === CONTROL) return partition.catalog.workflows.complete(own, end)
    const datastoreId = await partition.catalog.asPartition.datastoreOfWorkflow(own)
    for (const studyInstanceUID of new Set(end.versions.map(({ grouping }) => grouping.StudyInstanceUID))) {
      await studies.keepIn(partition, { datastoreId, studyInstanceUID })
    }
    const partitions = await placement.of(datastoreId)
    return publishing({ datastoreId, partitions }, () => partition.catalog.workflows.complete(own, end)).catch(
      (cause: unknown) => {
        throw cause instanceof StudiesMoved ? studyElsewhere() : cause
      },
    )
  }

  /** A partition that is away delays no other. */
  async function claim(request: Parameters<Workflows['claim']>[0]): Promise<ClaimedWorkflow | undefined> {
    turn += 1
    return firstAnswer(placement, turn, async (partition) => {
      const claimed = await partition.catalog.workflows.claim(request)
      return (
        claimed && { ...claimed, lease: { ...claimed.lease, workflow: numberIn(partition, claimed.lease.workflow) } }
      )
    })
  }

  return {
    begin,
    async beginDeletions(request) {
      const partition = await partitionOfDeletions(request)
      return partition.catalog.workflows.beginDeletions(await limited(partition, 'DeleteImageSet', request))
    },
    claim,
    renew: async (lease, until) => (await workflowsOf(lease)).renew(inPartition(lease), until),
    release: async (lease, at) => (await workflowsOf(lease)).release(inPartition(lease), at),
    async expireLeases(workerIds, at) {
      for (const { catalog } of await placement.all()) await catalog.workflows.expireLeases(workerIds, at)
    },
    complete,
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
