// npm runs it after an install in a clone, of a clone's folder or of a git address, and before `npm pack`, because a package needs dist/.
// `npm pack` builds where a source is newer, and writes the bill of materials; an install builds only where dist/ is missing. With --omit=dev nothing is built: the compiler
// is among the packages left out.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, ROOT } from './bootstrap.mjs'
import { writeSboms } from './sbom.mjs'

const isWithoutDev = (process.env.npm_config_omit ?? '').split(/\s+/).includes('dev')
const isBuilt = ['cli.js', 'testing.js'].every((file) => existsSync(join(ROOT, 'dist', file)))

if (!isBuilt || process.env.npm_command === 'pack') {
  if (isWithoutDev)
    process.stderr.write('Hilum is not built, and --omit=dev leaves out what builds it. Run: npm run build\n')
  else bootstrap({ build: true })
  if (process.env.npm_command === 'pack') writeSboms(join(ROOT, 'dist', 'sbom'))
}
