/**
 * `hilum verify`: compares redundant data, part by part, and changes nothing. It does not lock the data folder: every check is a short read
 * transaction, which sees one snapshot of the catalog while a server writes.
 */

import { ContractError } from '../../contract/errors.ts'
import { verifyBlobs } from '../../maintenance/verify/verify-blobs.ts'
import { verifyDocuments } from '../../maintenance/verify/verify-documents.ts'
import { verifyFrames } from '../../maintenance/verify/verify-frames.ts'
import { verifyIntegrity } from '../../maintenance/verify/verify-integrity.ts'
import type { Step, Verification } from '../../maintenance/verify/verify-steps.ts'
import { verifyUses } from '../../maintenance/verify/verify-uses.ts'
import { isDataFolder } from '../../server/data-folder.ts'
import { keyPlacesOf, openDataKeys } from '../../server/open-data-keys.ts'
import { openBlobs, openCatalog, placesOf, withDataKeys } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { OtherIndexFormat } from '../../stores/search/index-format.ts'
import { OtherSchema } from '../../stores/sql/schema/other-schema.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { describeIndexDifference } from './index-differences.ts'

/** Differences printed for each part; others are only counted. */
const SHOWN_MAX = 1_000

interface Part {
  readonly name: string
  /** The unit of the progress. */
  readonly unit?: string
  readonly steps: (verification: Verification) => AsyncIterable<Step>
}

const PARTS: readonly Part[] = [
  { name: 'database', steps: verifyIntegrity },
  { name: 'search index', steps: searchIndex },
  { name: 'uses of blobs', steps: verifyUses },
  { name: 'blobs', unit: 'MiB', steps: verifyBlobs },
  { name: 'metadata documents', steps: verifyDocuments },
  { name: 'frames', unit: 'instances', steps: verifyFrames },
]
/** Parts that read no stored bytes. */
const QUICK_PARTS = PARTS.filter(({ steps }) => steps !== verifyDocuments && steps !== verifyFrames)

async function* searchIndex({ catalog }: Verification): AsyncGenerator<Step> {
  for await (const { leaves, entries, entriesInAll, partitions, differences } of catalog.searchIndex.verify()) {
    yield {
      done: entries,
      total: Math.max(entries, entriesInAll),
      checked: { partitions, leaves, entries },
      differences: differences.map((each) => ({ ...each, text: describeIndexDifference(each) })),
    }
  }
}

interface PartReport {
  readonly part: string
  readonly checked: Step['checked']
  readonly differenceCount: number
  readonly differences: Step['differences']
  /** Why something was not checked. */
  readonly notChecked?: string
}

export async function verify({ config, flags, terminal }: Invocation): Promise<ExitCode> {
  const { dataFolder, limits } = config
  const hasNoDataFolder = config.catalog !== undefined && config.blobs !== undefined
  if (!hasNoDataFolder && !(await isDataFolder(dataFolder))) {
    throw new OperatorError(`${dataFolder} is not a data folder of Hilum. Name the right one with --data.`)
  }
  const places = placesOf({
    ...config,
    limits: { ...limits, catalogStatementTimeoutMs: limits.maintenanceStatementTimeoutMs },
  })
  const isQuick = flags.quick === true
  try {
    const catalog = await openCatalog(places, { readOnly: true })
    try {
      const dataKeys = await openDataKeys(
        keyPlacesOf(config),
        { catalog, dataKeyMs: limits.dataKeyMs },
        { readOnly: true },
      )
      const blobs = withDataKeys(await openBlobs(places), dataKeys)
      const verification = { catalog, blobs, now: Date.now, isQuick }
      const reports: PartReport[] = []
      for (const part of isQuick ? QUICK_PARTS : PARTS) {
        reports.push(await verifyPart(part, { verification, terminal, json: config.json }))
      }
      const isClean = reports.every(({ differenceCount }) => differenceCount === 0)
      if (config.json) terminal.print(JSON.stringify({ isClean, parts: reports }))
      return isClean ? 0 : 1
    } finally {
      await catalog.close()
    }
  } catch (cause) {
    const isExpected = [StoreUnavailable, OtherSchema, OtherIndexFormat, ContractError].some(
      (kind) => cause instanceof kind,
    )
    throw isExpected ? new OperatorError(`Verification is incomplete: ${(cause as Error).message}.`, { cause }) : cause
  }
}

async function verifyPart(
  { name, unit, steps }: Part,
  { verification, terminal, json }: { verification: Verification; terminal: Terminal; json: boolean },
): Promise<PartReport> {
  const progress = openProgress(`Verifying the ${name}${unit === undefined ? '' : `, ${unit}`}`, {
    terminal,
    now: Date.now,
  })
  let checked: Step['checked'] = {}
  let notChecked: string | undefined
  let differenceCount = 0
  const differences: Step['differences'][number][] = []
  try {
    for await (const step of untilDamaged(steps(verification))) {
      checked = step.checked
      notChecked ??= step.notChecked
      progress.update(step.done, step.total)
      differenceCount += step.differences.length
      for (const difference of step.differences.slice(0, SHOWN_MAX - differences.length)) {
        differences.push(difference)
        if (!json) terminal.print(difference.text)
      }
    }
  } finally {
    progress.end()
  }
  const report = { part: name, checked, differenceCount, differences, ...(notChecked && { notChecked }) }
  if (!json) terminal.print(summary(report))
  return report
}

/** A damaged database is reported as a difference, and the other parts are checked. */
async function* untilDamaged(steps: AsyncIterable<Step>): AsyncGenerator<Step> {
  let last: Step = { done: 0, total: 0, checked: {}, differences: [] }
  try {
    for await (const step of steps) {
      last = step
      yield step
    }
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable && cause.reason === 'corrupt')) throw cause
    yield { ...last, differences: [{ kind: 'not-readable', text: `it cannot be read: ${cause.message}` }] }
  }
}

function summary({ part, checked, differenceCount, differences, notChecked }: PartReport): string {
  const count = (amount: number) => amount.toLocaleString('en-US')
  const amounts = Object.entries(checked).map(([name, amount]) => `${count(amount)} ${name}`)
  const notShown = differenceCount - differences.length
  const found =
    differenceCount === 0
      ? 'no difference'
      : `${count(differenceCount)} ${differenceCount === 1 ? 'difference' : 'differences'}${notShown > 0 ? `, of which ${count(notShown)} are not shown` : ''}`
  const not = notChecked === undefined ? '' : ` Not checked: ${notChecked}.`
  return `The ${part}: ${[amounts.join(', '), found].filter(Boolean).join('; ')}.${not}`
}
