/** The build of the console: into dist/console/ of the server's package, every file compressed beside itself, so that nobody waits for it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const OUT = fileURLToPath(new URL('../dist/console', import.meta.url))
const COMPRESSED = /\.(css|html|js|json|svg|wasm)$/

/** Where `npm run dev` sends what is not the console's own. */
const SERVER = process.env.HILUM_ENDPOINT ?? 'http://127.0.0.1:8104'

function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSED.test(entry)) continue
        const path = join(OUT, entry)
        const bytes = readFileSync(path)
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        // 11 takes three times as long for 3 % less.
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
      }
    },
  }
}

export default defineConfig({
  base: '/console/',
  plugins: [react(), compressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    // The policy has no room for data: in scripts and pictures that are not fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    manifest: 'manifest.json',
  },
  // The decoders of frames, each fetched when it is needed.
  worker: { format: 'es' },
  server: {
    proxy: { '^/(datastore|startDICOMImportJob|getDICOMImportJob|listDICOMImportJobs|tags|hilum)(/|$)': SERVER },
  },
})
