// node scripts/check-dockerfile.mjs [--keep]: runs the steps of the Dockerfile without Docker, as root on Debian. A root made by
// debootstrap stands in for the base image, with the Node of the tests and the npm of this machine. Then the server is started as the image
// starts it; its health check must succeed, and SIGTERM must end it cleanly. Takes 2 minutes, and 2 GB below the temporary folder.
// Knows the instructions that the Dockerfile uses, one a line, and fails on any other.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { bootstrap, ROOT } from './bootstrap.mjs'

const BASE_IMAGE = /^node:24-(?<suite>trixie)-slim$/
const work = mkdtempSync(join(tmpdir(), 'hilum-dockerfile-'))
const stages = []

try {
  for (const line of readFileSync(join(ROOT, 'Dockerfile'), 'utf8').split('\n')) {
    const [, instruction, rest] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (instruction === undefined) continue
    process.stdout.write(`${line}\n`)
    if (instruction === 'FROM') stages.push(await newStage(rest))
    else step(stages.at(-1), instruction, rest)
  }
  await start(stages.at(-1))
  process.stdout.write('The image starts, is healthy and stops.\n')
} finally {
  for (const { root } of stages) for (const path of ['proc', 'dev']) spawnSync('umount', [join(root, path)])
  // Never through a mount that is left: /dev is that of this machine.
  const isMounted = readFileSync('/proc/mounts', 'utf8').includes(work)
  if (isMounted || process.argv.includes('--keep')) process.stdout.write(`Kept: ${work}\n`)
  else rmSync(work, { recursive: true, force: true })
}

async function newStage(text) {
  const [image, , name] = text.split(' ')
  const suite = BASE_IMAGE.exec(image)?.groups.suite
  if (suite === undefined) throw new Error(`No root is known for ${image}.`)
  const root = join(work, `stage-${stages.length}`)
  const [first] = stages
  if (first === undefined) makeBase(suite, join(work, 'base'))
  // Not cpSync, which fails on device files and narrows modes by the umask.
  execFileSync('cp', ['--archive', join(work, 'base'), root])
  execFileSync('mount', ['--bind', '/dev', join(root, 'dev')])
  execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')])
  return { name, root, cwd: '/', user: 'root', env: {} }
}

/** What the base image has: Debian, Node with npm in /usr/local, and the user `node`. */
function makeBase(suite, root) {
  const mirror = execFileSync('apt-get', ['indextargets', '--format', '$(REPO_URI)'], { encoding: 'utf8' }).split(
    '\n',
  )[0]
  execFileSync('debootstrap', ['--variant=minbase', '--include=ca-certificates', suite, root, mirror], {
    stdio: 'ignore',
  })
  copyFileSync(bootstrap({ typescript: true }), join(root, 'usr/local/bin/node'))
  const npm = dirname(dirname(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim())))
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true })
  execFileSync('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm')])
  execFileSync('chroot', [root, 'useradd', '--create-home', '--uid', '1000', 'node'])
  for (const file of ['/etc/resolv.conf', '/etc/hosts']) copyFileSync(file, join(root, file))
  // The certificates that this machine trusts, and where it gets packages from.
  const certificates = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt'
  copyFileSync(certificates, join(root, 'etc/ssl/certs/ca-certificates.crt'))
  const npmrc = join(process.env.HOME ?? '/root', '.npmrc')
  if (existsSync(npmrc)) copyFileSync(npmrc, join(root, 'root/.npmrc'))
}

function step(stage, instruction, text) {
  if (instruction === 'WORKDIR') {
    stage.cwd = resolve(stage.cwd, text)
    mkdirSync(join(stage.root, stage.cwd), { recursive: true })
  } else if (instruction === 'ENV') {
    for (const pair of text.split(' ')) stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
  } else if (instruction === 'USER') stage.user = text
  else if (instruction === 'COPY') copy(stage, text.split(' '))
  else if (instruction === 'RUN') run(stage, ['/bin/sh', '-c', text])
  else if (instruction === 'HEALTHCHECK') stage.health = JSON.parse(text.slice(text.indexOf('CMD ') + 4))
  else if (instruction === 'ENTRYPOINT') stage.entrypoint = JSON.parse(text)
  else if (instruction === 'CMD') stage.command = JSON.parse(text)
  else if (!['VOLUME', 'EXPOSE'].includes(instruction)) throw new Error(`The instruction ${instruction} is not known.`)
}

/** A folder is copied by its content, under the name of the target; files go into the target, as Docker has it. */
function copy(stage, words) {
  const from = /^--from=(.*)/.exec(words[0])?.[1]
  const sources = from === undefined ? words.slice(0, -1) : words.slice(1, -1)
  const target = resolve(stage.cwd, words.at(-1))
  const origin = from === undefined ? ROOT : stages.find(({ name }) => name === from).root
  for (const source of sources) {
    const into = words.at(-1).endsWith('/') ? join(target, basename(source)) : target
    cpSync(join(origin, source), join(stage.root, into), {
      recursive: true,
      verbatimSymlinks: true,
      // As .dockerignore says; packages of the build stage are wanted.
      filter: (path) => from !== undefined || !path.includes('/node_modules'),
    })
  }
}

function commandOf({ root, user, cwd, env }, words) {
  const home = user === 'root' ? '/root' : `/home/${user}`
  const variables = Object.entries({
    PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: home,
    NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt',
    ...env,
  })
  const inFolder = ['/bin/sh', '-c', 'cd "$0" && exec "$@"', cwd]
  const withEnv = ['/usr/bin/env', '-i', ...variables.map((pair) => pair.join('=')), ...inFolder, ...words]
  return ['chroot', [`--userspec=${user}:${user}`, root, ...withEnv]]
}

function run(stage, words) {
  const { status, stdout, stderr } = spawnSync(...commandOf(stage, words), { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}

async function start(stage) {
  const command = [...stage.entrypoint, ...stage.command]
  const refused = spawnSync(...commandOf(stage, command), { encoding: 'utf8' })
  if (refused.status !== 2 || !refused.stderr.includes('HILUM_ALLOW_PLAIN_HTTP=true')) {
    throw new Error(`Without TLS the server must refuse to start, and say why:\n${refused.stderr}`)
  }
  stage.env.HILUM_ALLOW_PLAIN_HTTP = 'true'
  // Another port than that of a server which this machine may have.
  stage.env.HILUM_PORT = '18104'
  const server = spawn(...commandOf(stage, command), { stdio: 'inherit' })
  const ended = new Promise((resolve) => server.on('exit', (code, signal) => resolve(signal ?? code)))
  try {
    for (let attempt = 1; ; attempt++) {
      if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`)
      if (spawnSync(...commandOf(stage, stage.health)).status === 0) break
      if (attempt === 60) throw new Error('The health check never succeeded.')
      await setTimeout(500)
    }
    const { mode, owner } = JSON.parse(
      run(stage, [
        'node',
        '-p',
        "const { mode, uid } = fs.statSync('/var/lib/hilum'); JSON.stringify({ mode: mode & 0o777, owner: uid })",
      ]),
    )
    if (mode !== 0o700 || owner !== 1000) throw new Error(`/var/lib/hilum has mode ${mode} and owner ${owner}.`)
    server.kill('SIGTERM')
    const code = await ended
    if (code !== 0) throw new Error(`SIGTERM ended the server with ${code}.`)
  } finally {
    server.kill('SIGKILL')
  }
}
