// npm runs it after an install in a clone, of a clone's folder and of a git address, and before `npm pack`: a package without dist/ is
// none. What is packed is built afresh where sources are newer; else a dist/ that is there is left alone. With --omit=dev nothing is
// built: what builds is among the packages that are left out.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bootstrap, ROOT } from './bootstrap.mjs'

const isWithoutDev = (process.env.npm_config_omit ?? '').split(/\s+/).includes('dev')
const isBuilt = ['cli.js', 'testing.js'].every((file) => existsSync(join(ROOT, 'dist', file)))

if (!isBuilt || process.env.npm_command === 'pack') {
  if (isWithoutDev)
    process.stderr.write('Hilum is not built, and --omit=dev leaves out what builds it. Run: npm run build\n')
  else bootstrap({ build: true })
}
