/** `hilum datastores`: lists all data stores of the server, including recently deleted ones, newest first. */
import { type DatastoreSummary, paginateListDatastores } from '@aws-sdk/client-medical-imaging'
import { explained, openClient, serverFor } from '../client/client.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { fitted, shown, widthOf } from '../terminal/text-width.ts'

export async function listDatastores(invocation: Invocation): Promise<ExitCode> {
  const { config, terminal } = invocation
  const server = await serverFor(invocation)
  const client = openClient(server)
  try {
    const found: DatastoreSummary[] = []
    for await (const page of paginateListDatastores({ client }, {})) found.push(...(page.datastoreSummaries ?? []))
    if (config.json) for (const datastore of found) terminal.print(JSON.stringify(datastore))
    else if (found.length > 0) terminal.print(drawDatastores(found, terminal))
    else {
      terminal.note(
        'The server has no data store. Create one: aws medical-imaging create-datastore --datastore-name my-images',
      )
    }
    return 0
  } catch (error) {
    throw explained(error, server)
  } finally {
    client.destroy()
  }
}

/** Not cut to the width of the terminal, so that names and ids can be copied. */
function drawDatastores(datastores: readonly DatastoreSummary[], { styled }: Pick<Terminal, 'styled'>): string {
  const names = datastores.map(({ datastoreName }) => shown(datastoreName ?? ''))
  const width = Math.max('Name'.length, ...names.map(widthOf))
  const rows = datastores.map(({ datastoreId, datastoreStatus, createdAt }, at) =>
    [fitted(names[at]!, width), datastoreId, datastoreStatus?.padEnd(13), createdAt?.toISOString().slice(0, 16)].join(
      '  ',
    ),
  )
  return [
    styled('dim', ['Name'.padEnd(width), 'Id'.padEnd(32), 'Status'.padEnd(13), 'Created (UTC)'].join('  ')),
    ...rows,
  ].join('\n')
}
