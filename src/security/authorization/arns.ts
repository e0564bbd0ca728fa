/** ARNs of what a request needs (Service Authorization Reference, "Resource types defined by AWS HealthImaging"). */

/** A data store, or an image set of it. */
interface Resource {
  readonly datastoreId: string
  readonly imageSetId: string | undefined
}

export interface Arns {
  datastore(datastoreId: string): string
  imageSet(datastoreId: string, imageSetId: string): string
  principal(name: string): string
  policy(name: string): string
}

export function arnsOf({ region, accountId }: { readonly region: string; readonly accountId: string }): Arns {
  const datastore = (id: string) => `arn:aws:medical-imaging:${region}:${accountId}:datastore/${id}`
  return {
    datastore,
    imageSet: (datastoreId, imageSetId) => `${datastore(datastoreId)}/imageset/${imageSetId}`,
    principal: (name) => `arn:aws:iam::${accountId}:user/${name}`,
    policy: (name) => `arn:aws:iam::${accountId}:policy/${name}`,
  }
}

/** Undefined for an ARN of something else, and for all data stores or image sets (`*`). */
export function resourceOfArn(arn: string): Resource | undefined {
  const [, datastoreId, imageSetId] =
    /^arn:[^:]*:medical-imaging:[^:]*:[^:]*:datastore\/([0-9a-z]{32})(?:\/imageset\/([0-9a-z]{32}))?$/.exec(arn) ?? []
  return datastoreId === undefined ? undefined : { datastoreId, imageSetId }
}
