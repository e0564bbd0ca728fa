/**
 * What Hilum costs and does on this machine. Without a word: one table of everything; `search`, `orthanc`, `frames`, `encryption`, `updates`, `dicomweb`,
 * `dicomweb-peers`, `fairness` and `hunt` go into one thing.
 * Nothing here asserts a time: machines are noisy, so read the ratios, measured side by side in one run.
 */
const [word, ...args] = process.argv.slice(2)

if (word === 'search') {
  const { searchBench } = await import('./search/search-bench.ts')
  process.exitCode = await searchBench(args)
} else if (word === 'orthanc') {
  const { orthancBench } = await import('./search/orthanc-bench.ts')
  process.exitCode = await orthancBench(args)
} else if (word === 'frames') {
  const { framesBench } = await import('./frames.ts')
  process.exitCode = await framesBench(args)
} else if (word === 'encryption') {
  const { encryptionBench } = await import('./encryption.ts')
  process.exitCode = await encryptionBench(args)
} else if (word === 'updates') {
  const { updatesBench } = await import('./updates.ts')
  process.exitCode = await updatesBench(args)
} else if (word === 'dicomweb') {
  const { dicomwebBench } = await import('./dicomweb.ts')
  process.exitCode = await dicomwebBench(args)
} else if (word === 'dicomweb-peers') {
  const { peersBench } = await import('./peers/peers-bench.ts')
  process.exitCode = await peersBench(args)
} else if (word === 'fairness') {
  const { fairnessBench } = await import('./fairness.ts')
  process.exitCode = await fairnessBench(args)
} else if (word === 'hunt') {
  const { huntBench } = await import('./hunt.ts')
  process.exitCode = huntBench(args)
} else if (word === undefined || word.startsWith('--')) {
  const { printOverview } = await import('./overview.ts')
  await printOverview({ json: word === '--json' })
} else {
  process.stderr.write(
    'npm run bench -- [search | orthanc | frames | encryption | updates | dicomweb | dicomweb-peers | fairness | hunt | --json]\n',
  )
  process.exitCode = 2
}

// Marks the file as a module, for the awaits above.
export {}
