/** Loaders of series that are not on screen: the one just left, and the one that probably comes next. They keep a part of their frames. */
import { IDLE_FRAME_BYTES_MAX, IDLE_LOADERS_MAX } from '../stack/limits.ts'
import { type Loader, openLoader, type Source } from './loader.ts'

export interface LoaderPool {
  /** Opens a loader, or returns the one that was kept for these images. */
  open(source: Source): Loader
  /** Keeps a loader that is not on screen any more. */
  release(source: Source, loader: Loader): void
  /** Loads the first images of a series. */
  preload(source: Source): void
  start(): void
  /** Closes what is kept, and what is released from now on. */
  stop(): void
}

/** Keeps nothing. */
export const NO_POOL: Pick<LoaderPool, 'open' | 'release'> = {
  open: openLoader,
  release: (_, loader) => loader.close(),
}

interface Idle {
  readonly source: Source
  readonly loader: Loader
}

export function openLoaderPool(): LoaderPool {
  /** Oldest first. */
  let idle: readonly Idle[] = []
  /** On screen. */
  let used: readonly Source[] = []
  let isStopped = false

  const isSame = (a: Source, b: Source) => a.client === b.client && a.images === b.images
  const close = (from: readonly Idle[]) => {
    for (const { loader } of from) loader.close()
  }
  function keep(kept: Idle): void {
    if (isStopped) {
      kept.loader.close()
      return
    }
    close(idle.filter(({ source }) => isSame(source, kept.source)))
    idle = [...idle.filter(({ source }) => !isSame(source, kept.source)), kept]
    close(idle.slice(0, -IDLE_LOADERS_MAX))
    idle = idle.slice(-IDLE_LOADERS_MAX)
    kept.loader.limit(IDLE_FRAME_BYTES_MAX)
  }
  return {
    open(source) {
      const found = idle.find((each) => isSame(each.source, source))
      idle = idle.filter((each) => each !== found)
      used = [...used, source]
      return found?.loader ?? openLoader(source)
    },
    release(source, loader) {
      used = used.filter((each) => each !== source)
      keep({ source, loader })
    },
    preload(source) {
      const known = [...used, ...idle.map((each) => each.source)]
      if (isStopped || known.some((each) => isSame(each, source))) return
      const loader = openLoader(source)
      keep({ source, loader })
      loader.show(0)
    },
    start() {
      isStopped = false
    },
    stop() {
      isStopped = true
      close(idle)
      idle = []
    },
  }
}
