/** Blobs in memory keep what every blob store promises. */
import { describeBlobStore } from '../blob-store.conformance.ts'
import { openMemoryBlobs } from './memory-blobs.ts'

describeBlobStore('blobs in memory', async () => ({ blobs: openMemoryBlobs(), close: async () => {} }))
