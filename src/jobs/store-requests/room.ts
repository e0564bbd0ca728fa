/** Limits how many files are worked on at a time, and their bytes. Files wait in the order of the calls. */

export interface Room {
  /** Resolves when there is room; to be left by the function that it returns. A file larger than the room is alone in it. */
  enter(bytes: number): Promise<() => void>
}

export function openRoom(limits: { readonly bytes: number; readonly files: number }): Room {
  const waiting: { readonly bytes: number; readonly admit: () => void }[] = []
  let files = 0
  let heldBytes = 0

  function admitNext(): void {
    for (;;) {
      const next = waiting[0]
      if (next === undefined) return
      if (files > 0 && (files >= limits.files || heldBytes + next.bytes > limits.bytes)) return
      waiting.shift()
      files += 1
      heldBytes += next.bytes
      next.admit()
    }
  }
  return {
    enter: (bytes) =>
      new Promise((resolve) => {
        const leave = () => {
          files -= 1
          heldBytes -= bytes
          admitNext()
        }
        waiting.push({ bytes, admit: () => resolve(leave) })
        admitNext()
      }),
  }
}
