/** The limits of a server with `--aws-quotas`. */
import { QUOTAS } from '../contract/quotas.ts'
import type { Limits } from '../limits.ts'

/** The smaller of each limit and AWS's quota (AWS "Endpoints and quotas"). */
export const withAwsQuotas = (limits: Limits): Limits => ({
  ...limits,
  importFilesPerJob: Math.min(limits.importFilesPerJob, QUOTAS.filesPerImportJob),
  importBytesPerJob: Math.min(limits.importBytesPerJob, QUOTAS.importJobBytes),
  importFoldersPerJob: Math.min(limits.importFoldersPerJob, QUOTAS.foldersPerImportJob),
  importFileBytes: Math.min(limits.importFileBytes, QUOTAS.importFileBytes),
  imageSetMetadataBytes: Math.min(limits.imageSetMetadataBytes, QUOTAS.imageSetMetadataBytes),
})
