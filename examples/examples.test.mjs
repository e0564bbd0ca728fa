// The examples and the files for containers and systemd: run where this machine can, else checked against what Hilum really accepts.
// examples/ci-suite runs in acceptance/package.test.ts, against the packed package.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { environmentFor, run, skipUnlessBoto3, temporaryFolder } from '../acceptance/support/clients.ts'
import { openHilum } from '../acceptance/support/hilum.ts'
import { putStudy } from '../acceptance/support/walkthrough.ts'

const ROOT = dirname(import.meta.dirname)
const read = (path) => readFileSync(join(ROOT, path), 'utf8')
const help = execFileSync(process.execPath, [join(ROOT, 'src/cli.ts'), 'serve', '--help'], { encoding: 'utf8' })
const VARIABLES = new Set(help.match(/HILUM_[A-Z0-9_]+/g))

const { hilum } = await openHilum()

test('the notebook goes from a data store to a frame', skipUnlessBoto3(), async () => {
  const { inputS3Uri, outputS3Uri } = await putStudy(hilum)
  const cwd = temporaryFolder()
  const env = { ...environmentFor(hilum), INPUT: inputS3Uri, OUTPUT: outputS3Uri }
  const output = await run('python3', [join(ROOT, 'examples/notebook/hilum.py')], { cwd, env })
  assert.match(output, /^import COMPLETED report in s3:/m)
  assert.match(output, /^[0-9a-f]{32} WALKTHROUGH /m)
  assert.match(output, /'PatientName': 'Walkthrough\^Patient'/)
  assert.match(output, /^frame image\/jph \d+ bytes$/m)
  assert.ok(statSync(join(cwd, 'frame.jph')).size > 0)
})

for (const path of [
  ...['compose.yaml', 'examples/hospital/compose.yaml', 'examples/hospital/example.env'],
  ...['examples/three-servers/compose.yaml', 'examples/three-servers/example.env'],
  ...['Dockerfile', 'packaging/hilum.service'],
]) {
  test(`${path} sets variables that hilum serve has`, () => {
    const unknown = (read(path).match(/\bHILUM_[A-Z0-9_]+/g) ?? []).filter((name) => !VARIABLES.has(name))
    assert.deepEqual(unknown, [])
  })
}

const skipUnlessYaml =
  spawnSync('python3', ['-c', 'import yaml']).status === 0 ? {} : { skip: 'python3-yaml is not installed' }

for (const path of ['compose.yaml', 'examples/hospital/compose.yaml', 'examples/three-servers/compose.yaml']) {
  test(`${path} is YAML, and names only services, volumes and files that exist`, skipUnlessYaml, () => {
    const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'
    const parsed = execFileSync('python3', ['-c', toJson], { input: read(path), encoding: 'utf8' })
    const { services, volumes } = JSON.parse(parsed)
    for (const [name, service] of Object.entries(services)) {
      assert.ok(service.image ?? service.build, name)
      if (service.build !== undefined) statSync(join(ROOT, dirname(path), service.build, 'Dockerfile'))
      const others = service.depends_on ?? []
      for (const other of Array.isArray(others) ? others : Object.keys(others)) assert.ok(other in services, other)
      for (const [source] of (service.volumes ?? []).map((volume) => volume.split(':'))) {
        // ./tls is for the certificate, which is the operator's.
        if (source === './tls') continue
        if (source.startsWith('.')) statSync(join(ROOT, dirname(path), source))
        else assert.ok(source in volumes, source)
      }
    }
  })
}

for (const folder of ['examples/hospital', 'examples/three-servers']) {
  test(`every value that ${folder}/compose.yaml requires is in example.env, and no other`, () => {
    const wanted = new Set([...read(`${folder}/compose.yaml`).matchAll(/\$\{(\w+)/g)].map((match) => match[1]))
    const given = [...read(`${folder}/example.env`).matchAll(/^(\w+)=/gm)].map((match) => match[1])
    assert.deepEqual(given.toSorted(), [...wanted].toSorted())
  })
}

test(
  'nginx.conf names the three servers of compose.yaml, their port and the folder of the certificate',
  skipUnlessYaml,
  () => {
    const toJson = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'
    const input = read('examples/three-servers/compose.yaml')
    const { services } = JSON.parse(execFileSync('python3', ['-c', toJson], { input, encoding: 'utf8' }))
    const named = [...read('examples/three-servers/nginx.conf').matchAll(/server (hilum-\d):8104/g)].map(
      (match) => match[1],
    )
    const servers = Object.keys(services).filter((name) => name.startsWith('hilum'))
    assert.deepEqual(named, servers)
    // What must be the same is the same, and what is each server's own is not shared.
    assert.equal(new Set(servers.map((name) => JSON.stringify(services[name].environment))).size, 1)
    assert.equal(new Set(servers.map((name) => services[name].volumes[0])).size, servers.length)
    assert.equal(new Set(servers.map((name) => services[name].networks.default.ipv4_address)).size, servers.length)
    assert.match(read('Dockerfile'), /EXPOSE 8104/)
    assert.ok(services.nginx.volumes.includes('./tls:/etc/nginx/tls:ro'))
  },
)

test('the workflow of GitHub is YAML and runs .ci/run with read-only rights', skipUnlessYaml, () => {
  const toJson = 'import json, sys, yaml; json.dump(yaml.load(sys.stdin, yaml.BaseLoader), sys.stdout)'
  const input = read('.github/workflows/ci.yml')
  const { permissions, jobs } = JSON.parse(execFileSync('python3', ['-c', toJson], { input, encoding: 'utf8' }))
  assert.deepEqual(permissions, { contents: 'read' })
  assert.ok(jobs.test.steps.some((step) => step.run === '.ci/run'))
})

const hasAnalyzer = spawnSync('systemd-analyze', ['--version']).status === 0

test('systemd takes the unit, and finds little exposed', {
  skip: hasAnalyzer ? false : 'this machine has no systemd-analyze',
}, () => {
  const unit = join(ROOT, 'packaging/hilum.service')
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--recursive-errors=no', unit], { encoding: 'utf8' })
  // Where nothing is installed under /opt/hilum the program is missing, and that alone.
  const complaints = stderr
    .split('\n')
    .filter((line) => line.includes('hilum.service') && !/is not executable/.test(line))
  assert.deepEqual(complaints, [])
  const { status, stdout } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--threshold=20', '--no-pager', unit],
    { encoding: 'utf8' },
  )
  assert.equal(status, 0, stdout)
})
