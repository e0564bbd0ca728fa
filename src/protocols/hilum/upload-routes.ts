/** Routes that take files from a browser into the bucket that import jobs read. */
import type { App } from '../../app.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { readFiles } from './listed-files.ts'
import { optionalNumber, requiredNumber } from './query-number.ts'
import { type HilumRoute, jsonReply, NO_CONTENT, onAll, type SignedCall } from './route.ts'

export const uploadRoutes = (app: App, extensions: Extensions<App>): readonly HilumRoute[] => [
  {
    http: 'POST /hilum/uploads',
    needs: onAll('hilum:CreateUpload'),
    answer: async ({ caller }) => jsonReply(await extensions.startUpload({ callerId: caller.id }, app)),
  },
  {
    http: 'POST /hilum/uploads/{uploadId}',
    needs: onAll('hilum:PutUploadFile'),
    async answer({ caller, labels, body }) {
      const files = readFiles(body)
      await extensions.putUploadFiles({ callerId: caller.id, uploadId: labels.uploadId!, files }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'PUT /hilum/uploads/{uploadId}/{name}',
    needs: onAll('hilum:PutUploadFile'),
    async answer(call) {
      const part = optionalNumber(call.query, 'part')
      const file = { ...fileOf(call), bytes: call.body }
      await extensions.putUploadFile(part === undefined ? file : { ...file, part }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'POST /hilum/uploads/{uploadId}/{name}',
    needs: onAll('hilum:JoinUploadFile'),
    async answer(call) {
      await extensions.joinUploadFile({ ...fileOf(call), parts: requiredNumber(call.query, 'parts') }, app)
      return NO_CONTENT
    },
  },
  {
    http: 'DELETE /hilum/uploads/{uploadId}',
    needs: onAll('hilum:DeleteUpload'),
    async answer({ caller, labels }) {
      await extensions.removeUpload({ callerId: caller.id, uploadId: labels.uploadId! }, app)
      return NO_CONTENT
    },
  },
]

const fileOf = ({ caller, labels }: SignedCall) => ({
  callerId: caller.id,
  uploadId: labels.uploadId!,
  name: labels.name!,
})
