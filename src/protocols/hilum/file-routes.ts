/** The route that returns the file that an instance was imported from, byte for byte. */
import type { App } from '../../app.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { bytesReply } from '../aws/write-output.ts'
import { optionalNumber } from './query-number.ts'
import type { HilumRoute } from './route.ts'

export const fileRoutes = (app: App, { openImportedFile }: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'GET /hilum/files/{datastoreId}/{imageSetId}/{sopInstanceUID}',
    needs: ({ labels }, arns) => [
      { action: 'hilum:GetImportedFile', resource: arns.datastore(labels.datastoreId!) },
      { action: 'hilum:GetImportedFile', resource: arns.imageSet(labels.datastoreId!, labels.imageSetId!) },
    ],
    async answer({ labels, query }) {
      const version = optionalNumber(query, 'version')
      const file = {
        datastoreId: labels.datastoreId!,
        imageSetId: labels.imageSetId!,
        sopInstanceUID: labels.sopInstanceUID!,
        versionId: version === undefined ? undefined : String(version),
      }
      return bytesReply(await openImportedFile(file, app), {
        status: 200,
        headers: { 'Content-Type': 'application/dicom', 'Cache-Control': 'no-store' },
      })
    },
  },
]
