/** The report of an import job: its summary, and the files of one kind in pages. */
import type { Api } from '../api.ts'

export type ReportKind = 'failure' | 'warning'

export interface ReportReason {
  readonly reason: string
  readonly files: number
}

interface ReportSummary {
  readonly scanned: number
  readonly imported: number
  readonly failed: number
  readonly skipped: number
  readonly imageSets: number
  readonly failureReasons: readonly ReportReason[]
  readonly warningReasons: readonly ReportReason[]
  readonly hasMoreReasons: boolean
}

export interface ReportedFile {
  readonly file: string
  /** Of a failure. */
  readonly exceptionType?: string
  readonly messages: readonly string[]
}

interface Page {
  readonly files: readonly ReportedFile[]
  readonly next?: number
}

export interface ReportOf {
  readonly datastoreId: string
  readonly jobId: string
}

export async function fetchSummary(api: Api, { datastoreId, jobId }: ReportOf): Promise<ReportSummary> {
  const response = await api.request({ method: 'GET', path: ['reports', datastoreId, jobId, 'summary'] })
  return (await response.json()) as ReportSummary
}

interface PageQuery {
  readonly kind: ReportKind
  readonly reason: string | undefined
  readonly after: number | undefined
  readonly limit: number
}

/** The server reads part of the report for a request, so a page of a rare reason takes several. */
export async function fetchPage(
  api: Api,
  { datastoreId, jobId }: ReportOf,
  { kind, reason, after, limit }: PageQuery,
): Promise<Page> {
  const files: ReportedFile[] = []
  for (let next = after; ; ) {
    const query = {
      limit: String(limit - files.length),
      ...(next !== undefined && { after: String(next) }),
      ...(reason !== undefined && { reason }),
    }
    const path = ['reports', datastoreId, jobId, kind, 'files']
    const page = (await (await api.request({ method: 'GET', path, query })).json()) as Page
    files.push(...page.files)
    if (page.next === undefined) return { files }
    if (files.length === limit) return { files, next: page.next }
    next = page.next
  }
}

/** In the words of a person: AWS's message is followed by what the file is. */
export function reasonText(reason: string): string {
  const kind = /^DICOM attributes does not exist\. The file is (.+)$/.exec(reason)?.[1]
  return kind === undefined ? reason : `Not a DICOM file: it is ${kind}`
}
