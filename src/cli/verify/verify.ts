/**
 * `hilum verify`: compares redundant data, part by part, and changes nothing. It does not lock the data folder: every check is a short read
 * transaction, which sees one snapshot of the catalog while a server writes.
 */

import { ContractError } from '../../contract/errors.ts'
import { untilDamaged } from '../../maintenance/verify/in-each-catalog.ts'
import { QUICK_PARTS, VERIFIED_PARTS, type VerifiedPart } from '../../maintenance/verify/verify-parts.ts'
import type { Step, Verification } from '../../maintenance/verify/verify-steps.ts'
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

/** Differences printed for each part; others are only counted. */
const SHOWN_MAX = 1_000

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
      for (const part of isQuick ? QUICK_PARTS : VERIFIED_PARTS) {
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
  { name, unit, steps }: VerifiedPart,
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
      notChecked = step.notChecked ?? notChecked
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
