/** Builds the console into dist/console/ of the server's package, with compressed copies of its files. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const OUT = fileURLToPath(new URL('../dist/console', import.meta.url))
const COMPRESSIBLE = /\.(css|html|js|json|svg|wasm)$/

/** The server that `npm run dev` forwards API requests to. */
const SERVER = process.env.HILUM_ENDPOINT ?? 'http://127.0.0.1:8104'

function compressOutput(): Plugin {
  return {
    name: 'compress-output',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(OUT, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSIBLE.test(entry)) continue
        const path = join(OUT, entry)
        const bytes = readFileSync(path)
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        // Quality 11 takes three times as long for files that are 3% smaller.
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
      }
    },
  }
}

const EMBEDDED_FONT = /url\(data:font\/woff2;base64,([^)]+)\)/g

/**
 * Cloudscape's style sheet holds eight fonts, which the first page would wait for. As files, those in use are loaded, and text is in a font of the
 * system until then.
 */
function fontFiles(): Plugin {
  return {
    name: 'font-files',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !file.fileName.endsWith('.css')) continue
        const styles = String(file.source).replaceAll('@font-face{', '@font-face{font-display:swap;')
        file.source = styles.replace(EMBEDDED_FONT, (_, base64: string) => {
          const source = Buffer.from(base64, 'base64')
          const name = `font-${createHash('sha256').update(source).digest('base64url').slice(0, 8)}.woff2`
          this.emitFile({ type: 'asset', fileName: `assets/${name}`, source })
          return `url(${name})`
        })
      }
    },
  }
}

export default defineConfig({
  base: '/console/',
  plugins: [react(), fontFiles(), compressOutput()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no data: URLs in scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    manifest: 'manifest.json',
    // What the first page needs is one file: forty small ones take a round trip for every six of them.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
  },
  // The workers that decode frames import codecs on demand.
  worker: { format: 'es' },
  server: {
    proxy: { '^/(datastore|startDICOMImportJob|getDICOMImportJob|listDICOMImportJobs|tags|hilum)(/|$)': SERVER },
  },
})
