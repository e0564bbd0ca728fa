/**
 * Claims workflows one after another, each under a lease that is renewed while the workflow runs. If the worker dies, the lease expires and
 * another worker starts the workflow again: nothing of a workflow is visible before its end.
 */
import { ContractError } from '../contract/errors.ts'
import { type ClaimedWorkflow, WorkflowLeaseLost } from '../stores/catalog/workflow-repository.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import type { WorkflowApp } from '../versions/version-blob.ts'
import { WorkflowFailed } from '../versions/workflow-failed.ts'
import { asJobMessage } from './job-message.ts'
import { newLeaseOwner } from './lease-owner.ts'
import { PendingReleases } from './pending-releases.ts'
import { removeBlobsOf, runWorkflow } from './run-workflow.ts'
import { startWorkLoop, type WorkLoop } from './work-loop.ts'

/** @param workerId with which the owners of its leases begin */
export function startWorkflowWorker(app: WorkflowApp, workerId = app.newId()): WorkLoop {
  const pending = new PendingReleases((error) => error instanceof WorkflowLeaseLost)
  return startWorkLoop(app.log, {
    name: 'workflow worker',
    async takeOne() {
      await pending.retry()
      const owner = newLeaseOwner(app, workerId)
      const now = app.clock()
      const claimed = await app.catalog.workflows.claim({ owner, now, leaseUntil: now + app.limits.workflowLeaseMs })
      if (claimed === undefined) return 'idle'
      await workOn(app, claimed, pending)
      return 'worked'
    },
  })
}

async function workOn(app: WorkflowApp, claimed: ClaimedWorkflow, pending: PendingReleases): Promise<void> {
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
    if (claimed.attempt > app.limits.workflowAttempts && request.operation !== 'DeleteImageSet') {
      throw new WorkflowFailed('The operation was interrupted several times and was not completed')
    }
    const attributes = { 'hilum.datastore_id': datastoreId, 'hilum.attempt': claimed.attempt }
    await app.inSpan(`${request.operation} workflow`, attributes, () => runWorkflow(app, claimed))
    app.log.info({ operation: request.operation, datastoreId, tookMs: app.clock() - startedAt }, 'workflow completed')
  } catch (cause) {
    await afterFailure(app, claimed, cause).catch(async (err: unknown) => {
      if (err instanceof WorkflowLeaseLost) {
        app.log.warn({ datastoreId }, 'lease lost: another worker claimed this workflow')
        return
      }
      // Released, so that workflows that do not need the unavailable store come first.
      await pending.release(() => workflows.release(lease, app.clock()))
      throw err
    })
  } finally {
    clearInterval(renewal)
  }
}

/** @throws if the workflow has not ended and is to be released */
async function afterFailure(app: WorkflowApp, claimed: ClaimedWorkflow, cause: unknown): Promise<void> {
  const { lease, request, datastoreId } = claimed
  if (cause instanceof WorkflowLeaseLost) throw cause
  if (cause instanceof StoreUnavailable || request.operation === 'DeleteImageSet') throw cause
  const isExpected = cause instanceof WorkflowFailed || cause instanceof ContractError
  app.log[isExpected ? 'warn' : 'error']({ operation: request.operation, datastoreId, err: cause }, 'workflow failed')
  const message = isExpected ? cause.message : 'The operation failed on the server. Start it again'
  // Before the workflow ends: afterwards another workflow may get its number, and so its folder. After a crash in between, the workflow
  // starts again.
  await removeBlobsOf(app, claimed)
  await app.catalog.workflows.fail(lease, { message: asJobMessage(message), at: app.clock() })
}
