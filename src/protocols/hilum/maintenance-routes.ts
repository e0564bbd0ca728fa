/** The route of the last backups and verifications. */
import type { App } from '../../app.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { type HilumRoute, jsonReply, onAll } from './route.ts'

export const maintenanceRoutes = (app: App, extensions: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/maintenance',
    needs: onAll('hilum:ListMaintenanceRuns'),
    answer: async () => jsonReply(await extensions.listMaintenanceRuns(app)),
  },
]
