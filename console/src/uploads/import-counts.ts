/** How many files an import job imported so far, from a header of the server (docs/extensions.md): AWS has this in the report only. */
import { responseHeader } from '../api.ts'

export interface ImportCounts {
  readonly imported: number
  readonly failed: number
  readonly skipped: number
}

/** Of the job, or of all jobs of a list in their order. Empty if the server doesn't say. */
export const importCountsOf = (output: { readonly $metadata: object }): readonly ImportCounts[] =>
  (responseHeader(output, 'x-hilum-import-counts') ?? '')
    .split(',')
    .filter(Boolean)
    .map((counts) => {
      const [imported = 0, failed = 0, skipped = 0] = counts.split('/').map(Number)
      return { imported, failed, skipped }
    })
