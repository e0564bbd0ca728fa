/** The owner of the server, whose access key is in the data folder or the configuration. It may do everything. */
import type { SigningKey } from './caller.ts'

export function ownerKey(
  { accessKeyId, secretAccessKey }: { readonly accessKeyId: string; readonly secretAccessKey: string },
  { accountId }: { readonly accountId: string },
): SigningKey {
  return {
    secretAccessKey,
    caller: {
      id: accessKeyId,
      accessKeyId,
      signInKeyId: accessKeyId,
      arn: `arn:aws:iam::${accountId}:root`,
      name: undefined,
      userId: accountId,
      policies: { readsResourceTags: false, decide: () => ({ outcome: 'allow' }) },
      renewableUntil: undefined,
    },
  }
}
