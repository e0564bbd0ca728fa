/** Blobs in memory pass the suite of every blob store. */
import { describeBlobStore } from '../blob-store.conformance.ts'
import { openMemoryBlobs } from './memory-blobs.ts'

describeBlobStore('blobs in memory', async () => ({ blobs: openMemoryBlobs(), close: async () => {} }))
