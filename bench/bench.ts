/**
 * What Hilum costs and does on this machine. Without a word: one table of everything; each word goes into one thing. Nothing here asserts a time:
 * machines are noisy, so read the ratios, measured side by side in one run.
 */
type Bench = (args: string[]) => number | undefined | Promise<number | undefined>

/** Only the chosen one is loaded. */
const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  search: async () => (await import('./search/search-bench.ts')).searchBench,
  partitions: async () => (await import('./partitions/partitions-bench.ts')).partitionsBench,
  requests: async () => (await import('./requests.ts')).requestsBench,
  orthanc: async () => (await import('./search/orthanc-bench.ts')).orthancBench,
  frames: async () => (await import('./frames.ts')).framesBench,
  encryption: async () => (await import('./encryption.ts')).encryptionBench,
  updates: async () => (await import('./updates.ts')).updatesBench,
  dicomweb: async () => (await import('./dicomweb.ts')).dicomwebBench,
  'dicomweb-peers': async () => (await import('./peers/peers-bench.ts')).peersBench,
  fairness: async () => (await import('./fairness.ts')).fairnessBench,
  memory: async () => (await import('./memory.ts')).memoryBench,
  processes: async () => (await import('./request-processes.ts')).requestProcessesBench,
  writers: async () => (await import('./writers/writers-bench.ts')).writersBench,
  console: async () => (await import('./console-bench.ts')).consoleBench,
  uploads: async () => (await import('./uploads.ts')).uploadsBench,
  hunt: async () => (await import('./hunt.ts')).huntBench,
}

const [word, ...args] = process.argv.slice(2)
const load = word === undefined ? undefined : BENCHES[word]

if (load !== undefined) {
  const bench = await load()
  process.exitCode = await bench(args)
} else if (word === undefined || word.startsWith('--')) {
  const { printOverview } = await import('./overview.ts')
  await printOverview({ json: word === '--json' })
} else {
  process.stderr.write(`npm run bench -- [${Object.keys(BENCHES).join(' | ')} | --json]\n`)
  process.exitCode = 2
}
