// npm run sbom: writes the software bill of materials (CycloneDX) of the packages that run: dist/sbom/server.cdx.json and
// dist/sbom/console.cdx.json. They are made from the lock files, so nothing has to be installed.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './bootstrap.mjs'

/** @param folder where the two files are written */
export function writeSboms(folder) {
  const { version } = readPackage(ROOT)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'server.cdx.json'), sbomOf(ROOT, version))
  writeFileSync(join(folder, 'console.cdx.json'), sbomOf(join(ROOT, 'console'), version))
}

const readPackage = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/**
 * npm names the product after its folder, and needs a version, which the console has none of: so it gets a folder of its own. The packages of
 * tests are removed there, because `npm sbom --omit=dev` also omits those that a test package and the server share.
 */
function sbomOf(source, version) {
  const { devDependencies: _, ...content } = readPackage(source)
  const work = mkdtempSync(join(tmpdir(), 'hilum-sbom-'))
  try {
    const folder = join(work, content.name)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...content, version }))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockWithoutDev(source)))
    const words = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only']
    const { status, stdout, stderr } = spawnSync('npm', words, {
      ...{ cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2, shell: process.platform === 'win32' },
    })
    if (status !== 0) throw new Error(`npm sbom failed for ${content.name}:\n${stderr}`)
    return stdout
  } finally {
    rmSync(work, { recursive: true })
  }
}

function lockWithoutDev(source) {
  const lock = JSON.parse(readFileSync(join(source, 'package-lock.json'), 'utf8'))
  const { devDependencies: _, ...root } = lock.packages['']
  const kept = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  return { ...lock, packages: { '': root, ...Object.fromEntries(kept) } }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeSboms(join(ROOT, 'dist', 'sbom'))
  process.stdout.write('Written: dist/sbom/server.cdx.json, dist/sbom/console.cdx.json\n')
}
