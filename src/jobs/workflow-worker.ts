/**
 * Takes workflows one after another, each under a lease: whoever dies while holding one loses it to the next worker, which begins anew,
 * since nothing of a workflow is visible before its end.
 */
import { ContractError } from '../contract/errors.ts'
import { type ClaimedWorkflow, WorkflowLeaseLost } from '../stores/catalog/workflow-repository.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import type { WorkflowApp } from '../versions/version-blob.ts'
import { WorkflowFailed } from '../versions/workflow-failed.ts'
import { LateReleases } from './late-releases.ts'
import { asJobMessage } from './run-import.ts'
import { removeBlobsOf, runWorkflow } from './run-workflow.ts'
import { startWorkLoop, type WorkLoop } from './work-loop.ts'

/** Of workers that died on it: then it is the workflow. */
const ATTEMPTS_MAX = 3

export function startWorkflowWorker(app: WorkflowApp): WorkLoop {
  const owner = app.newId()
  const late = new LateReleases((error) => error instanceof WorkflowLeaseLost)
  return startWorkLoop(app.log, {
    name: 'workflow worker',
    async takeOne() {
      await late.catchUp()
      const now = app.clock()
      const claimed = await app.catalog.workflows.claim({ owner, now, leaseUntil: now + app.limits.workflowLeaseMs })
      if (claimed === undefined) return 'nothing waits'
      await workOn(app, claimed, late)
      return 'worked'
    },
  })
}

async function workOn(app: WorkflowApp, claimed: ClaimedWorkflow, late: LateReleases): Promise<void> {
  const { lease, request, datastoreId } = claimed
  const { workflows } = app.catalog
  const leaseMs = app.limits.workflowLeaseMs
  const renewal = setInterval(() => {
    workflows.renew(lease, app.clock() + leaseMs).catch((err: unknown) => {
      if (!(err instanceof WorkflowLeaseLost)) app.log.warn({ err }, 'the lease of a workflow could not be renewed')
    })
  }, leaseMs / 3)
  const startedAt = app.clock()
  try {
    if (claimed.attempt > ATTEMPTS_MAX && request.operation !== 'DeleteImageSet') {
      throw new WorkflowFailed('The server died on this several times and has given up')
    }
    await runWorkflow(app, claimed)
    app.log.info({ operation: request.operation, datastoreId, tookMs: app.clock() - startedAt }, 'workflow completed')
  } catch (cause) {
    await afterFailure(app, claimed, cause).catch(async (err: unknown) => {
      if (err instanceof WorkflowLeaseLost) {
        app.log.warn({ datastoreId }, 'another worker took this workflow over')
        return
      }
      // Others that may not need what is away go before.
      await late.release(() => workflows.release(lease, app.clock()))
      throw err
    })
  } finally {
    clearInterval(renewal)
  }
}

/** @throws where the workflow has not ended and is to be released. */
async function afterFailure(app: WorkflowApp, claimed: ClaimedWorkflow, cause: unknown): Promise<void> {
  const { lease, request, datastoreId } = claimed
  if (cause instanceof WorkflowLeaseLost) throw cause
  if (cause instanceof StoreUnavailable || request.operation === 'DeleteImageSet') throw cause
  const isForeseen = cause instanceof WorkflowFailed || cause instanceof ContractError
  app.log[isForeseen ? 'warn' : 'error']({ operation: request.operation, datastoreId, err: cause }, 'workflow failed')
  const message = isForeseen ? cause.message : 'The operation failed on the server. Begin it again'
  // While the folder is ours for certain: with the end of the workflow its number may become another's. Whoever dies in between leaves a
  // workflow that begins anew.
  await removeBlobsOf(app, claimed)
  await app.catalog.workflows.fail(lease, { message: asJobMessage(message), at: app.clock() })
}
