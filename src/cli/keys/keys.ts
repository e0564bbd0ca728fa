/** `hilum keys`: administers the keys of the key ring, or of the key service that --kms-endpoint or --kms-region names. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { DataKeys, type KeyServices } from '../../security/keys/data-keys.ts'
import { faultOfPolicy, ownerPolicy, withServiceStatement } from '../../security/keys/key-policy.ts'
import { OwnKeyIsKept } from '../../security/keys/key-ring.ts'
import { type KeyDescription, KeyRefused, type KeyService } from '../../security/keys/key-service.ts'
import { rewrapCatalogKey } from '../../server/catalog-key.ts'
import { isDataFolder } from '../../server/data-folder.ts'
import { keyPlacesOf, openKeyServices } from '../../server/open-data-keys.ts'
import { openCatalog, placesOf } from '../../server/open-stores.ts'
import { OperatorError } from '../../server/operator-error.ts'
import { StoreUnavailable } from '../../stores/store-unavailable.ts'
import { recorded } from '../audit/record-command.ts'
import type { ExitCode, Invocation } from '../terminal/command.ts'

const DAYS_DEFAULT = 30
const [DAYS_MIN, DAYS_MAX] = [7, 30]

/** For a change of a key that exists. */
interface ChosenKey {
  readonly keyArn: string
  readonly service: KeyService
  readonly services: KeyServices
}

export async function createKey(invocation: Invocation): Promise<ExitCode> {
  const { flags, terminal, config } = invocation
  const given = typeof flags.policy === 'string' ? await readPolicy(invocation, flags.policy) : undefined
  const policy = flags['grant-service'] === true ? withServiceStatement(given ?? ownerPolicy(config.accountId)) : given
  return explained(async () => {
    const event = {
      command: 'keys create',
      eventName: 'CreateKey',
      resourceArns: (arn?: string) => (arn === undefined ? [] : [arn]),
    }
    const keyArn = await recorded(invocation, event, async () => {
      const { ring, kms } = await openKeyServices(keyPlacesOf(config))
      return (await (kms ?? ring).create(policy)).keyArn
    })
    terminal.print(config.json ? JSON.stringify({ keyArn }) : keyArn)
    if (policy === undefined && !config.json) {
      terminal.note(
        'Its policy does not grant the service yet: use hilum keys put-policy, or create keys with --grant-service.',
      )
    }
  })
}

export async function listKeys({ config, terminal }: Invocation): Promise<ExitCode> {
  return explained(async () => {
    const { ring, kms } = await openKeyServices(keyPlacesOf(config))
    const own = await ring.ownKeyArn()
    const keys = [...(await ring.list()), ...((await kms?.list()) ?? [])]
    for (const key of keys) {
      const isOwn = key.keyArn === own
      terminal.print(config.json ? JSON.stringify(asJson(key, isOwn)) : lineOf(key, isOwn))
    }
  })
}

const timeOf = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString())

const asJson = ({ keyArn, state, createdAt, deletionAt }: KeyDescription, isOwn: boolean) => ({
  ...{ keyArn, keyState: state, creationDate: timeOf(createdAt), deletionDate: timeOf(deletionAt) },
  ...(isOwn ? { isOwn } : {}),
})

const lineOf = ({ keyArn, state, deletionAt }: KeyDescription, isOwn: boolean): string =>
  [
    `${keyArn}  ${state.padEnd(15)}`,
    ...(deletionAt === undefined ? [] : [`deletion ${timeOf(deletionAt)}`]),
    ...(isOwn ? ["Hilum's own key"] : []),
  ]
    .join('  ')
    .trimEnd()

export const getPolicy = (invocation: Invocation): Promise<ExitCode> =>
  explained(async () => {
    const { service, keyArn } = await chosenKey(invocation)
    const policy = await service.policyOf(keyArn)
    invocation.terminal.print(invocation.config.json ? JSON.stringify(policy) : JSON.stringify(policy, undefined, 2))
  })

export async function putPolicy(invocation: Invocation): Promise<ExitCode> {
  const policy = await readPolicy(invocation, invocation.secondOperand!)
  return change(invocation, ['put-policy', 'PutKeyPolicy'], async ({ service, keyArn }) => {
    await service.putPolicy(keyArn, policy)
    return reportOf(invocation, { keyArn }, `The policy of ${keyArn} was replaced.`)
  })
}

/** Wraps all data keys of the key with its new version. Blobs do not change, and a server may be running. */
export const rotateKey = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, ['rotate', 'RotateKey'], async ({ service, keyArn, services }) => {
    await service.rotate(keyArn)
    const dataKeys = await rewrap(invocation, { keyArn, services })
    return reportOf(
      invocation,
      { keyArn, dataKeys },
      `Rotated ${keyArn}, and wrapped ${dataKeys} data ${dataKeys === 1 ? 'key' : 'keys'} again.`,
    )
  })

async function rewrap(
  { config }: Invocation,
  { keyArn, services }: Pick<ChosenKey, 'keyArn' | 'services'>,
): Promise<number> {
  if (config.catalog === undefined && !(await isDataFolder(config.dataFolder))) return 0
  const catalog = await openCatalog(placesOf(config))
  try {
    const { dataKeyMs } = config.limits
    const isOwn = keyArn === (await services.ring.ownKeyArn())
    const ofCatalog = isOwn && (await rewrapCatalogKey(config.dataFolder, services)) ? 1 : 0
    return ofCatalog + (await new DataKeys({ catalog, services, dataKeyMs, encryptsNew: false }).rewrap(keyArn))
  } finally {
    await catalog.close()
  }
}

export const disableKey = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, ['disable', 'DisableKey'], async ({ service, keyArn }) => {
    await service.disable(keyArn)
    return reportOf(invocation, { keyArn }, `Disabled ${keyArn}. Its data stores stop within a minute.`)
  })

export const enableKey = (invocation: Invocation): Promise<ExitCode> =>
  change(invocation, ['enable', 'EnableKey'], async ({ service, keyArn }) => {
    await service.enable(keyArn)
    return reportOf(invocation, { keyArn }, `Enabled ${keyArn}.`)
  })

export const scheduleDeletion = (invocation: Invocation): Promise<ExitCode> => {
  const days = Number(invocation.flags.days ?? DAYS_DEFAULT)
  if (!Number.isInteger(days) || days < DAYS_MIN || days > DAYS_MAX) {
    throw new OperatorError(`--days must be a whole number from ${DAYS_MIN} to ${DAYS_MAX}.`, { exitCode: 2 })
  }
  return change(invocation, ['schedule-deletion', 'ScheduleKeyDeletion'], async ({ service, keyArn }) => {
    const deletionDate = timeOf(await service.scheduleDeletion(keyArn, days))
    const sentence = `${keyArn} is deleted on ${deletionDate}. Its data stores cannot be read from now on; hilum keys enable cancels it.`
    return reportOf(invocation, { keyArn, deletionDate }, sentence)
  })
}

const reportOf =
  ({ config, terminal }: Invocation, result: object, sentence: string) =>
  (): void =>
    terminal.print(config.json ? JSON.stringify(result) : sentence)

/** Prints nothing before the outcome is in the audit log. */
function change(
  invocation: Invocation,
  [subcommand, eventName]: readonly [subcommand: string, eventName: string],
  use: (key: ChosenKey) => Promise<() => void>,
): Promise<ExitCode> {
  return explained(async () => {
    const key = await chosenKey(invocation)
    const event = { command: `keys ${subcommand}`, eventName, resourceArns: () => [key.keyArn] }
    const report = await recorded(invocation, event, () => use(key))
    report()
  })
}

async function chosenKey(invocation: Invocation): Promise<ChosenKey> {
  const services = await openKeyServices(keyPlacesOf(invocation.config))
  const { ring, kms } = services
  const named = invocation.operand!
  const isOfRing = kms === undefined || named === (await ring.ownKeyArn())
  const service = isOfRing ? ring : kms
  const keyArn = named.startsWith('arn:') ? named : await arnOf(service, named)
  return { keyArn, service, services }
}

/** @param id the end of an ARN */
async function arnOf(service: KeyService, id: string): Promise<string> {
  const found = (await service.list()).find(({ keyArn }) => keyArn.endsWith(`:key/${id}`))
  if (found === undefined) throw new OperatorError(`There is no key ${id}. hilum keys list shows all.`)
  return found.keyArn
}

async function readPolicy({ cwd }: Pick<Invocation, 'cwd'>, path: string): Promise<object> {
  let policy: unknown
  try {
    policy = JSON.parse(await readFile(resolve(cwd, path), 'utf8'))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new OperatorError(`The policy ${path} ${code === undefined ? 'is not JSON' : `cannot be read (${code})`}.`, {
      cause,
    })
  }
  const fault = faultOfPolicy(policy)
  if (fault !== undefined) throw new OperatorError(`${path} is not a key policy: ${fault}.`)
  return policy as object
}

async function explained(work: () => Promise<void>): Promise<ExitCode> {
  try {
    await work()
    return 0
  } catch (cause) {
    const isExpected = [KeyRefused, OwnKeyIsKept, StoreUnavailable].some((kind) => cause instanceof kind)
    throw isExpected ? new OperatorError(`${(cause as Error).message}.`, { cause }) : cause
  }
}
