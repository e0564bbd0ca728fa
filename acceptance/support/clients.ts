/**
 * Runs clients in other languages as child processes: detects them, and points them at a server. Tests of a missing client are skipped,
 * with a reason that continuous integration checks.
 */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { removeAtExit } from '../../src/fixtures/remove-at-exit.ts'
import type { Hilum } from './hilum.ts'

/** The variables that `hilum env` prints, isolated from this machine's configuration for the real service. */
export const environmentFor = (hilum: Hilum): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '',
  AWS_ENDPOINT_URL_MEDICAL_IMAGING: hilum.endpoint,
  AWS_REGION: hilum.client.region,
  AWS_DEFAULT_REGION: hilum.client.region,
  AWS_ACCESS_KEY_ID: hilum.client.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: hilum.client.credentials.secretAccessKey,
  AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
})

export interface Run {
  readonly env: Readonly<Record<string, string>>
  /** Written to standard input. */
  readonly input?: string
  /** The working directory. */
  readonly cwd?: string
}

/** @returns standard output; rejects with standard error where the exit code is not 0 */
export async function run(command: string, args: readonly string[], { env, input, cwd }: Run): Promise<string> {
  const child = promisify(execFile)(command, [...args], { env: { ...env }, cwd, maxBuffer: 64 * 1024 * 1024 })
  child.child.stdin?.end(input ?? '')
  return (await child).stdout
}

export type Skip = { readonly skip: string } | Record<string, never>

const unless = (isThere: boolean, name: string): Skip => (isThere ? {} : { skip: `${name} is not installed` })

const outputs = new Map<string, string | undefined>()

/** The output of a command, which runs once; undefined where it is missing or broken, so that it cannot be tested. */
function outputOf(command: string, args: readonly string[]): string | undefined {
  const line = [command, ...args].join(' ')
  if (!outputs.has(line)) outputs.set(line, runNow(command, args))
  return outputs.get(line)
}

function runNow(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}

const answers = (command: string, args: readonly string[]): boolean => outputOf(command, args) !== undefined

/** The AWS CLI 2 before 2.24.16, including Debian 13's, ignores AWS_DISABLE_HOST_PREFIX_INJECTION. */
function awsPrefixesHosts(): boolean {
  const [major, minor, patch] = /aws-cli\/(\d+)\.(\d+)\.(\d+)/
    .exec(outputOf('aws', ['--version']) ?? '')
    ?.slice(1)
    .map(Number) ?? [1, 0, 0]
  return major === 2 && (minor! < 24 || (minor === 24 && patch! < 16))
}

export function skipUnlessAws(): Skip {
  if (!answers('aws', ['--version'])) return unless(false, 'aws')
  return awsPrefixesHosts() ? skipUnlessNssWrapper() : {}
}

/** Empty, or for an AWS CLI that always prefixes the host: an endpoint whose prefixed name resolves to the server, too. */
export const awsAtItsOwnHost = (hilum: Hilum): Record<string, string> => (awsPrefixesHosts() ? hostOfItsOwn(hilum) : {})

/** An AWS CLI 2 on PATH, or Debian's where another version comes first there. */
const awsCli2 = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/bin']
    .map((folder) => join(folder, 'aws'))
    .find((path) => existsSync(path) && outputOf(path, ['--version'])?.startsWith('aws-cli/2.') === true)

export const skipUnlessAws2 = (): Skip => ({
  ...skipUnlessNssWrapper(),
  ...unless(awsCli2() !== undefined, 'AWS CLI 2'),
})

/** `aws` is the AWS CLI 2, which puts `runtime-` before the host as every client does by default. */
export function aws2ByName(hilum: Hilum): Record<string, string> {
  const folder = temporaryFolder()
  const path = awsCli2()
  if (path !== undefined) symlinkSync(path, join(folder, 'aws'))
  return {
    ...hostOfItsOwn(hilum),
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'false',
  }
}

/** An endpoint whose name resolves also with the prefix `runtime-` that clients add. */
export const hostOfItsOwn = (hilum: Hilum): Record<string, string> => ({
  ...resolvingHere(['ahi.example', 'runtime-ahi.example']),
  AWS_ENDPOINT_URL_MEDICAL_IMAGING: `http://ahi.example:${new URL(hilum.endpoint).port}`,
})

export const skipUnlessBoto3 = (): Skip => unless(answers('python3', ['-c', 'import boto3']), 'boto3')

/** Its decoder, `ojph_expand`, has no option that succeeds without input. */
export const skipUnlessOpenJPH = (): Skip => unless(answers('sh', ['-c', 'command -v ojph_expand']), 'openjph-tools')

/** Where Debian's golang-*-dev packages install their sources. */
const DEBIAN_GOPATH = '/usr/share/gocode'

export function skipUnlessGo(): Skip {
  if (!answers('go', ['version'])) return unless(false, 'golang-go')
  const sdk = `${DEBIAN_GOPATH}/src/github.com/aws/aws-sdk-go-v2/service/medicalimaging`
  return unless(existsSync(sdk), 'golang-github-aws-aws-sdk-go-v2-dev')
}

/** Builds one file with the SDK from Debian's packages. @returns the path of the program in the folder */
export async function buildGo(source: string, folder: string): Promise<string> {
  const program = join(folder, 'program')
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    GOPATH: DEBIAN_GOPATH,
    GO111MODULE: 'off',
    GOFLAGS: '',
    CGO_ENABLED: '0',
  }
  await run('go', ['build', '-o', program, source], { env })
  return program
}

const NSS_WRAPPER = ['x86_64-linux-gnu', 'aarch64-linux-gnu', '.']
  .map((folder) => join('/usr/lib', folder, 'libnss_wrapper.so'))
  .find((file) => existsSync(file))

export const skipUnlessNssWrapper = (): Skip => unless(NSS_WRAPPER !== undefined, 'libnss-wrapper')

/** Makes the C library of one process resolve these names to this machine, without root (Debian: libnss-wrapper). */
function resolvingHere(names: readonly string[]): Record<string, string> {
  const hosts = join(temporaryFolder(), 'hosts')
  writeFileSync(hosts, `127.0.0.1 ${names.join(' ')}\n`)
  return { LD_PRELOAD: NSS_WRAPPER ?? '', NSS_WRAPPER_HOSTS: hosts }
}

/** Removed after the tests of the file, or after the test that calls it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-client-'))
  removeAtExit(folder)
  return folder
}
