/** `hilum index remove`: removes a declared attribute from the search index. */
import { removeDeclaration } from '../../maintenance/declared-attributes/build-declaration.ts'
import { OperatorError } from '../../server/operator-error.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { openProgress } from '../terminal/progress.ts'
import { stopOnCtrlC } from '../terminal/stop-signal.ts'
import { attributeIn, withDatastore } from './chosen-attribute.ts'

export async function removeAttribute(invocation: Invocation): Promise<ExitCode> {
  const { keyword, tag } = attributeIn(invocation, 'index remove')
  const what = { command: 'index remove', failed: `${keyword} is not removed yet. Run the command again to resume` }
  return withDatastore(invocation, what, async ({ catalog, datastoreId }) => {
    const { config, terminal } = invocation
    const declaration = await catalog.declaredAttributes.beginRemoval(datastoreId, keyword)
    if (declaration === undefined) {
      throw new OperatorError(
        `${keyword} was not made searchable in this data store. hilum index list names those that were.`,
      )
    }
    const stop = stopOnCtrlC()
    const progress = openProgress(`Removing ${keyword}`, { terminal, now: Date.now })
    try {
      for await (const { done, of } of removeDeclaration({ catalog }, { datastoreId, declaration })) {
        progress.update(done, of)
        if (!stop.signal.aborted) continue
        terminal.note('Interrupted. Run the command again to resume.')
        return 130
      }
    } finally {
      progress.end()
      stop.ignore()
    }
    terminal.print(config.json ? JSON.stringify({ keyword, tag }) : `${keyword} is not searchable any more.`)
    return 0
  })
}
