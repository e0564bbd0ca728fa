/** `hilum index add`: declares an attribute searchable, and makes the image sets that are there found by it. */
import { ContractError } from '../../contract/errors.ts'
import type { DeclarableAttribute } from '../../imaging/search/declared.ts'
import { buildDeclaration } from '../../maintenance/declared-attributes/build-declaration.ts'
import { keyPlacesOf, openDataKeys } from '../../server/open-data-keys.ts'
import { openBlobs, withDataKeys } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { Declaration, ImageSetToDescribe } from '../../stores/catalog/declared-attribute-repository.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import { attributeIn, withDatastore } from './chosen-attribute.ts'

export async function addAttribute(invocation: Invocation): Promise<ExitCode> {
  const attribute = attributeIn(invocation, 'index add')
  const { keyword } = attribute
  const what = { command: 'index add', failed: `${keyword} is not searchable yet. Run the command again to resume` }
  return withDatastore(invocation, what, async ({ catalog, places, datastoreId }) => {
    const { config, terminal, flags } = invocation
    const { limits } = config
    const max = limits.declaredAttributes
    const declaration = await catalog.declaredAttributes.declare(datastoreId, attribute, { max })
    if (declaration === 'too-many') {
      throw new OperatorError(
        `The data store has ${max} declared attributes already, the most that it may have (limit declaredAttributes). hilum index remove removes one.`,
      )
    }
    if (declaration === 'absent') throw new OperatorError('The data store is not ACTIVE any more.')
    if (declaration.state === 'removing') {
      throw new OperatorError(`${keyword} is being removed. Run hilum index remove again to complete that first.`)
    }
    if (declaration.state === 'live') return reported(invocation, declaration, `${keyword} is searchable already.`)
    if (declaration.doneTo >= 0) terminal.note(`Resuming after row ${declaration.doneTo.toLocaleString('en-US')}.`)

    const dataKeys = await openDataKeys(
      keyPlacesOf(config),
      { catalog, dataKeyMs: limits.dataKeyMs },
      { readOnly: true },
    )
    const blobs = withDataKeys(await openBlobs(places), dataKeys)
    const startedAt = Date.now()
    const built = await build(invocation, { app: { catalog, blobs, limits }, datastoreId, declaration })
    if (built === 'interrupted') return 130
    const declarations = await catalog.declaredAttributes.list(datastoreId)
    const isLive = declarations?.find(({ number }) => number === declaration.number)?.state === 'live'
    if (!isLive) throw new OperatorError(`${keyword} was removed while its index was built.`)
    const seconds = (Date.now() - startedAt) / 1_000
    const { imageSets, unreadable } = built
    const count = `${imageSets.toLocaleString('en-US')} image ${imageSets === 1 ? 'set' : 'sets'}`
    const text = `${keyword} is searchable: ${count} indexed in ${seconds.toFixed(1)} s. Search with hilum search --datastore ${flags.datastore} --match ${keyword}=...`
    reported(invocation, declaration, text, {
      imageSets,
      unreadable: unreadable.map(({ imageSetId }) => imageSetId),
      seconds,
    })
    return unreadable.length === 0 ? 0 : 1
  })
}

type Building = Parameters<typeof buildDeclaration>[1] & { readonly app: Parameters<typeof buildDeclaration>[0] }

async function build(
  { terminal }: Invocation,
  { app, ...of }: Building,
): Promise<{ readonly imageSets: number; readonly unreadable: readonly ImageSetToDescribe[] } | 'interrupted'> {
  const { keyword } = of.declaration
  const stop = stopOnCtrlC()
  const progress = openProgress(`Indexing ${keyword}`, { terminal, now: Date.now })
  const unreadable: ImageSetToDescribe[] = []
  let imageSets = 0
  try {
    for await (const step of buildDeclaration(app, of)) {
      progress.update(step.done, step.of)
      imageSets += step.imageSets
      for (const each of step.unreadable) {
        unreadable.push(each)
        terminal.note(`The metadata of image set ${each.imageSetId} cannot be read: it is not found by ${keyword}.`)
      }
      if (!stop.signal.aborted || step.done === step.of) continue
      terminal.note(`Interrupted. Run the command again to resume. ${keyword} is not searchable yet.`)
      return 'interrupted'
    }
  } catch (cause) {
    throw cause instanceof ContractError
      ? new OperatorError(`${keyword} is not searchable yet: ${cause.message}. Run the command again to resume.`, {
          cause,
        })
      : cause
  } finally {
    progress.end()
    stop.ignore()
  }
  if (unreadable.length > 0) terminal.note('hilum verify checks the stored bytes.')
  return { imageSets, unreadable }
}

function reported(
  { config, terminal }: Invocation,
  { keyword, tag, comparison }: DeclarableAttribute | Declaration,
  text: string,
  more: object = {},
): ExitCode {
  terminal.print(config.json ? JSON.stringify({ keyword, tag, comparison, ...more }) : text)
  return 0
}
