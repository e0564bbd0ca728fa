/** The table of functions behind the extensions (docs/extensions.md). */
import type { App } from '../app.ts'
import type { Extensions } from '../contract/extensions.ts'
import { openImportedFile } from './imported-file.ts'
import { listMaintenanceRuns } from './maintenance-runs.ts'
import { openReportFile } from './open-report-file.ts'
import { policies } from './policies.ts'
import { principals } from './principals.ts'
import { readImportReport } from './read-import-report.ts'
import { readReportPage } from './read-report-page.ts'
import { searchAuditLog } from './search-audit-log.ts'
import { summarizeImportReport } from './summarize-import-report.ts'
import { joinUploadFile, putUploadFile, putUploadFiles, removeUpload, startUpload } from './uploads.ts'

export const extensions: Extensions<App> = {
  startUpload,
  putUploadFile,
  putUploadFiles,
  joinUploadFile,
  removeUpload,
  readImportReport,
  summarizeImportReport,
  readReportPage,
  openReportFile,
  openImportedFile,
  listMaintenanceRuns,
  searchAuditLog,
  ...principals,
  ...policies,
}
