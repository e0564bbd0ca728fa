/**
 * The newest lines of an audit log: all chains are read backwards at the same time, up to a number of bytes. Each line is compared with the
 * hash that the line after it has. `verify` does more: it also finds removed first lines and damaged unfinished ones.
 */
import type { AuditEvent, AuditPage, AuditSearch, ReadChain } from '../../contract/audit.ts'
import { chainsIn, readHead } from './audit-files.ts'
import { BackwardLines, type ChainPlace, type ReadLine } from './backward-lines.ts'
import { matches } from './search-audit.ts'

/** Where the next page begins, by chain. A chain that was read to its first line has none. */
export type AuditPosition = Readonly<Record<string, ChainPlace>>

/** Clocks are set back now and then, so lines of a chain are nearly in the order of their times. */
const CLOCK_STEP_MS = 60_000

interface Chain {
  readonly name: string
  readonly lines: BackwardLines
  /** The next older one. */
  line: ReadLine | undefined
  newest: number | undefined
  oldest: number | undefined
  fault: string | undefined
  /** The line that the head names as durable. */
  readonly head: ReturnType<typeof readHead>
}

export async function readNewest(
  folders: readonly string[],
  {
    search,
    position,
    eventsMax,
    bytesMax,
  }: {
    readonly search: AuditSearch
    readonly position: AuditPosition | undefined
    readonly eventsMax: number
    readonly bytesMax: number
  },
): Promise<Omit<AuditPage, 'nextToken'> & { readonly position: AuditPosition | undefined }> {
  const { since = -Infinity, until = Infinity } = search
  let bytesRead = 0
  const onRead = (bytes: number) => {
    bytesRead += bytes
  }
  const chains: Chain[] = []
  const events: AuditEvent[] = []
  let readBackTo: number | undefined
  try {
    for (const folder of folders) {
      for (const name of chainsIn(folder)) {
        const place = position?.[name]
        if (position !== undefined && place === undefined) continue
        // Before the lines: a server advances it.
        const head = position === undefined && until === Infinity ? readHead(folder, name) : undefined
        const lines = new BackwardLines({ folder, chain: name, place }, onRead)
        const chain: Chain = {
          name,
          lines,
          head,
          line: undefined,
          newest: undefined,
          oldest: undefined,
          fault: undefined,
        }
        chains.push(chain)
        if (position === undefined && until !== Infinity) await lines.skipNewerThan(until + CLOCK_STEP_MS)
        await advance(chain)
      }
    }
    // At least one line, so that the next page begins further back.
    for (let lines = 0; events.length < eventsMax && (lines === 0 || bytesRead < bytesMax); lines++) {
      const newest = newestOf(chains)
      if (newest === undefined) break
      const { event } = newest.line!
      const time = timeOf(newest.line!)
      note(newest)
      if (time < since - CLOCK_STEP_MS) {
        newest.line = undefined
        continue
      }
      readBackTo = Math.min(readBackTo ?? time, time)
      if (matches(event as unknown as AuditEvent, search)) events.push(event as unknown as AuditEvent)
      await advance(newest)
    }
  } finally {
    for (const { lines } of chains) await lines.close()
  }
  const unread = chains.filter(({ line }) => line !== undefined)
  return {
    events,
    chains: chains.map(reportOf),
    ...(unread.length > 0 && readBackTo !== undefined && { readBackTo: readBackTo / 1000 }),
    position: unread.length > 0 ? Object.fromEntries(unread.map(({ name, line }) => [name, line!.place])) : undefined,
  }
}

async function advance(chain: Chain): Promise<void> {
  chain.line = await chain.lines.next()
}

/** Compares the line with the one after it, and with the head of the chain. */
function note(chain: Chain): void {
  const { sequence, hash, fault } = chain.line!
  const isFirstRead = chain.newest === undefined
  chain.newest ??= sequence
  chain.oldest = sequence
  chain.fault ??= fault
  if (chain.head === undefined) return
  if (isFirstRead && chain.head.sequence > sequence)
    chain.fault ??= `lines after ${sequence}, which were durable, are missing`
  if (chain.head.sequence === sequence && chain.head.hash !== hash) chain.fault ??= `line ${sequence} was altered`
}

function newestOf(chains: readonly Chain[]): Chain | undefined {
  let newest: Chain | undefined
  for (const chain of chains) {
    if (chain.line === undefined) continue
    if (newest === undefined || timeOf(chain.line) > timeOf(newest.line!)) newest = chain
  }
  return newest
}

const timeOf = ({ event }: ReadLine): number => Date.parse(String(event.eventTime))

const reportOf = ({ name, newest, oldest, fault }: Chain): ReadChain => ({
  chain: name,
  ...(newest !== undefined && { newestSequence: newest, oldestSequence: oldest! }),
  ...(fault !== undefined && { fault }),
})
