/** When a page asks anew by itself: while something is on its way, and until a server that is away is back. No other error gets better. */
import { wordsFor } from './words.ts'

const AWAY_AGAIN_MS = 2_000

interface State {
  readonly error: unknown
}

/** Milliseconds, or false for not at all. @param changing how often while something changes; undefined where nothing does. */
export function lookAgain({ error }: State, changing?: number): number | false {
  if (error !== null) return wordsFor(error).kind === 'away' ? AWAY_AGAIN_MS : false
  return changing ?? false
}
