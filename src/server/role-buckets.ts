/** The buckets of import jobs, with the credentials of the role that a job was given (`dataAccessRoleArn`). */
import type { Limits } from '../limits.ts'
import type { BucketsOfRole, Locations, RoleBuckets } from '../stores/locations/locations.ts'
import type { RoleS3, RoleSettings } from './access-settings.ts'
import type { S3Config } from './config.ts'

/** Those of src/operations/uploads.ts: the server's own, for every role. */
const OWN_BUCKETS = ['hilum-import', 'hilum-import-output']

interface Places {
  readonly roles?: { readonly byArn: Readonly<Record<string, RoleSettings>>; readonly region: string }
  /** Of the server. */
  readonly s3: S3Config | undefined
  readonly limits: Limits
}

type Server = Omit<Places, 'roles'> & { readonly region: string; readonly locations: Locations }

/** Without a role that has buckets or S3 credentials, every role uses those of the server. */
export function openRoleBuckets({ roles, ...places }: Places, locations: Locations): BucketsOfRole {
  const restricting = Object.entries(roles?.byArn ?? {}).filter(
    ([, { s3, buckets }]) => s3 !== undefined || buckets !== undefined,
  )
  const ofServer: RoleBuckets = { refusalOf: () => undefined, openBucket: (name) => locations.openBucket(name) }
  if (roles === undefined || restricting.length === 0) return () => ofServer
  const server = { ...places, region: roles.region, locations }
  const known = new Map(restricting.map(([arn, role]) => [arn, bucketsOf(arn, role, server)]))
  const ofNone = refusing(locations, () => 'The role of the job is not configured, so it may use no bucket')
  return (roleArn) => known.get(roleArn) ?? ofNone
}

function bucketsOf(arn: string, role: RoleSettings, server: Server): RoleBuckets {
  const { s3, buckets } = role
  let opened: Promise<Locations> | undefined
  const openOnce = () => {
    opened ??= s3 === undefined ? Promise.resolve(server.locations) : openS3(arn, s3, server)
    return opened
  }
  const refusalOf = (name: string) =>
    buckets === undefined || buckets.includes(name) ? undefined : `The role of the job may not use the bucket "${name}"`
  return refusing(server.locations, refusalOf, async (name) => (await openOnce()).openBucket(name))
}

/** The server's own buckets with its own credentials, and others as the role may. */
function refusing(
  locations: Locations,
  refusalOf: RoleBuckets['refusalOf'],
  open: Locations['openBucket'] = locations.openBucket,
): RoleBuckets {
  const isOwn = (name: string) => OWN_BUCKETS.includes(name)
  return {
    refusalOf: (name) => (isOwn(name) ? undefined : refusalOf(name)),
    async openBucket(name) {
      if (isOwn(name)) return locations.openBucket(name)
      const reason = refusalOf(name)
      return reason === undefined ? open(name) : { closed: 'access', reason }
    },
  }
}

async function openS3(arn: string, role: RoleS3, server: Server): Promise<Locations> {
  const { openS3Locations } = await import('../stores/blobs/s3/s3-locations.ts')
  const { accessKeyId, secretAccessKey, assumeRole } = role
  const endpoint = role.endpoint ?? server.s3?.endpoint
  // The server's key assumes the role; a key of the role is used as it is.
  const key = assumeRole === undefined ? { accessKeyId, secretAccessKey } : server.s3
  const place = {
    region: role.region ?? server.s3?.region ?? server.region,
    ...(endpoint !== undefined && { endpoint }),
    ...(key?.accessKeyId !== undefined && { accessKeyId: key.accessKeyId }),
    ...(key?.secretAccessKey !== undefined && { secretAccessKey: key.secretAccessKey }),
    ...(assumeRole !== undefined && { assumedRole: { ...assumeRole, roleArn: assumeRole.roleArn ?? arn } }),
    holder: 'the role',
  }
  return openS3Locations(place, server.limits)
}
