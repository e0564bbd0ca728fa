/** `hilum index list`: the attributes that are declared searchable for a data store. */
import { type Declaration, percentDone } from '../../stores/catalog/declared-attribute-repository.ts'
import { drawTable } from '../access/draw-table.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import { withDatastore } from './chosen-attribute.ts'

const COMPARED: Readonly<Record<Declaration['comparison'], string>> = {
  words: 'by words',
  whole: 'as a whole',
  number: 'as a number',
}

export async function listAttributes(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal, flags } = invocation
  const what = { command: 'index list', failed: 'The attributes cannot be listed', readOnly: true }
  return withDatastore<ExitCode>(invocation, what, async ({ catalog, datastoreId }) => {
    const declarations = (await catalog.declaredAttributes.list(datastoreId)) ?? []
    if (config.json) for (const each of declarations) terminal.print(JSON.stringify(asJson(each)))
    else if (declarations.length > 0) {
      const rows = declarations.map((each) => [
        each.keyword,
        tagShown(each.tag),
        COMPARED[each.comparison],
        stateOf(each),
      ])
      terminal.print(drawTable(['Attribute', 'Tag', 'Compared', 'State'], rows, terminal))
    } else {
      terminal.note(
        `No attribute was made searchable. For example: hilum index add --datastore ${flags.datastore} --tag InstitutionalDepartmentName`,
      )
    }
    return 0
  })
}

const tagShown = (tag: string) => `(${tag.slice(0, 4)},${tag.slice(4)})`

/** An interrupted command looks as one that runs: the work has no owner. */
function stateOf(declaration: Declaration): string {
  const percent = `${percentDone(declaration)} %`
  switch (declaration.state) {
    case 'building':
      return `building, ${percent}; hilum index add resumes it`
    case 'live':
      return 'searchable'
    case 'removing':
      return `being removed, ${percent}; hilum index remove resumes it`
  }
}

const asJson = (declaration: Declaration) => {
  const { keyword, tag, comparison, state } = declaration
  return { keyword, tag, comparison, state, ...(state !== 'live' && { percentDone: percentDone(declaration) }) }
}
