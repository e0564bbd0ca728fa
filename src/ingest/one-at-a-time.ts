/** Runs steps one at a time, in the order of the calls. */

export type OneAtATime = <Result>(step: () => Promise<Result>) => Promise<Result>

/** A step that fails does not keep the next from running. */
export function oneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (step) => {
    const done = last.then(step)
    last = done.catch(() => {})
    return done
  }
}
