/** A table that is not cut to the width of the terminal, so that names and ids can be copied. */
import type { Terminal } from '../terminal/terminal.ts'
import { fitted, shown, widthOf } from '../terminal/text-width.ts'

export function drawTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { styled }: Pick<Terminal, 'styled'>,
): string {
  const cells = rows.map((row) => row.map(shown))
  const widths = header.map((name, at) => Math.max(name.length, ...cells.map((row) => widthOf(row[at]!))))
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, at) => fitted(cell, widths[at]!))
      .join('  ')
      .trimEnd()
  return [styled('dim', lineOf(header)), ...cells.map(lineOf)].join('\n')
}
