/** The route that returns the report of an import job as one JSON object. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { type HilumRoute, jsonReply } from './route.ts'

export const reportRoutes = (app: App, { readImportReport }: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/reports/{datastoreId}/{jobId}',
    needs: ({ labels }, arns) => [{ action: 'hilum:GetImportReport', resource: arns.datastore(labels.datastoreId!) }],
    async answer({ labels }) {
      const report = await readImportReport({ datastoreId: labels.datastoreId!, jobId: labels.jobId! }, app)
      if (report !== undefined) return jsonReply(report)
      throw new ContractError(
        'ResourceNotFoundException',
        'The import job has written no report yet. Ask again when the job has ended.',
      )
    },
  },
]
