/**
 * The functions behind the routes of DICOMweb (developer guide, "Using DICOMweb with AWS HealthImaging"; DICOM PS3.18). The protocol handler
 * turns paths and headers into these inputs. Generic in the App, since the contract imports no other module.
 */
import type { Bytes } from './shapes.ts'
import type { StoreRequest, StoreRequestOptions } from './store-requests.ts'

/** The name of the pixel data among the bulk data of an instance. Other values are named by their MD5, as on AWS. */
export const PIXEL_DATA_NAME = 'PixelData'

/** The instances that a path names. */
export interface NamedStudy {
  readonly datastoreId: string
  readonly studyInstanceUID: string
  /** Undefined: all series of the study. */
  readonly seriesInstanceUID: string | undefined
  /** Undefined: the primary image sets. */
  readonly imageSetId: string | undefined
}

export interface NamedSeries extends NamedStudy {
  readonly seriesInstanceUID: string
}

export interface NamedInstance extends NamedSeries {
  readonly sopInstanceUID: string
}

/** A representation that the client accepts, in the order of preference. */
export interface WantedSyntax {
  /** A UID, or `stored`: as the data store has it. `default`: explicit VR little endian, or as stored where that cannot be made. */
  readonly transferSyntax: string
  /** `image/jph` and the like: the frames must be of this type. Undefined: any, as `application/octet-stream`. */
  readonly frameType: string | undefined
}

export interface MetadataToWrite extends NamedStudy {
  /** Undefined: all instances of the series or study. */
  readonly sopInstanceUID: string | undefined
  /** `https://server`, for the URIs of bulk data. */
  readonly origin: string
}

export interface RetrievedMetadata {
  /** Changes if and only if the bytes do. An entity tag without its quotes. */
  readonly entityTag: string
  /** An array of the DICOM JSON model (PS3.18 annex F). */
  json(): AsyncGenerator<Uint8Array>
}

/** A part of a whole. */
export interface Part {
  readonly start: number
  readonly length: number
}

/** Bytes that are opened when they are sent, whole or in part. */
interface StoredBytes {
  /** Undefined where only reading them tells: they are then opened as a whole. */
  readonly sizeBytes: number | undefined
  open(part?: Part): Promise<Bytes>
}

export type Segment = Uint8Array | StoredBytes

interface Retrieved {
  /** Changes if and only if the bytes do. An entity tag without its quotes. */
  readonly entityTag: string
  /** The number in `wanted` of the representation. */
  readonly choice: number
  readonly transferSyntaxUID: string
  /** How many segments may be opened ahead of the one that is sent. */
  readonly ahead: number
}

export interface RetrievedFile extends Retrieved {
  readonly sizeBytes: number | undefined
  /** In order. */
  segments(): Iterable<Segment>
}

export interface FilesToRetrieve extends NamedStudy {
  readonly wanted: readonly WantedSyntax[]
}

export interface RetrievedFiles {
  /** Instances that cannot be made in a wanted syntax. They are left out. */
  readonly leftOut: number
  /**
   * In order, each made when it is asked for.
   * @throws ContractError NotAcceptableException for an instance of which only making it tells that it cannot be made
   */
  files(): AsyncGenerator<RetrievedFile>
}

export interface FileOfSet extends Pick<RetrievedFile, 'sizeBytes' | 'ahead' | 'segments'> {
  /** `DICOM/SE000001/IM000001`. */
  readonly path: string
  readonly isCompressible: boolean
}

export interface RetrievedFileSet extends Pick<RetrievedFiles, 'leftOut'> {
  /** In order, as `RetrievedFiles.files`. The DICOMDIR is the last. */
  files(): AsyncGenerator<FileOfSet>
}

export interface FramesToRetrieve extends NamedInstance {
  /** From 1, each once. `all`: every frame. */
  readonly frameNumbers: readonly number[] | 'all'
  readonly wanted: readonly WantedSyntax[]
}

export interface RetrievedFrames extends Retrieved {
  /** `image/jphc` and the like, or `application/octet-stream`. */
  readonly frameType: string
  /** In the order of the request. */
  readonly frames: readonly (StoredBytes & { readonly sizeBytes: number })[]
}

export interface DeletionOfStudy extends Omit<NamedStudy, 'imageSetId'> {
  /** Called with all its image sets before any is deleted. Throws where the caller may not delete one of them. */
  authorize(imageSetIds: readonly string[]): Promise<void>
}

export interface ServiceDescription {
  /** Names of query parameters by the level of the search. */
  readonly searchParameters: Readonly<Record<'study' | 'series' | 'instance', readonly string[]>>
}

/** How an image is to be shown (PS3.18 8.3.5, 9.5.1). */
export interface WantedRendering {
  /** In place of that of the image. PS3.3 C.11.2.1.2 and C.11.2.1.3. */
  readonly window:
    | { readonly center: number; readonly width: number; readonly function: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' }
    | undefined
  /** The image is as large as fits into this. Undefined: the size of the frame. */
  readonly viewport:
    | {
        readonly columns: number
        readonly rows: number
        /** A smaller image is enlarged. */
        readonly enlarges: boolean
      }
    | undefined
  /** A part of the frame. Widths and heights that are absent reach to its end; negative ones flip the image. */
  readonly region:
    | {
        /** Pixels, or shares of the frame. */
        readonly unit: 'pixel' | 'frame'
        readonly left: number
        readonly top: number
        readonly width: number | undefined
        readonly height: number | undefined
      }
    | undefined
  /** Of JPEG, 1 to 100. */
  readonly quality: number
}

export interface FramesToRender {
  readonly datastoreId: string
  readonly studyInstanceUID: string
  /** Undefined: an instance that represents the study. */
  readonly seriesInstanceUID: string | undefined
  /** Undefined: an instance that represents the series. */
  readonly sopInstanceUID: string | undefined
  readonly imageSetId: string | undefined
  /** `middle`: the middle frame. */
  readonly frameNumbers: readonly number[] | 'middle'
  /** The error for a frame that does not exist. */
  readonly noSuchFrame: 'ResourceNotFoundException' | 'ValidationException'
  /** Media types and ranges that the client accepts, in the order of preference. */
  readonly mediaTypes: readonly string[]
  readonly rendering: WantedRendering
}

export interface RenderedFrames {
  /** Changes if the bytes do. An entity tag without its quotes. */
  readonly entityTag: string
  /** The number in `mediaTypes`. */
  readonly choice: number
  readonly mediaType: 'image/jpeg' | 'image/png' | 'application/pdf'
  /** In the order of the request. */
  readonly frames: readonly StoredBytes[]
}

/** A search (QIDO-RS): the resource that the path names, and the parameters of the query. */
export interface DicomwebSearch {
  readonly datastoreId: string
  readonly level: 'study' | 'series' | 'instance'
  readonly studyInstanceUID: string | undefined
  readonly seriesInstanceUID: string | undefined
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** `https://server`, for the URLs of results. */
  readonly origin: string
}

export interface SearchResult {
  /** Of all that match; undefined where that is not known. */
  readonly total: number | undefined
  /** False where too many match to be sorted: results are in the order of their import. */
  readonly isSorted: boolean
  /** The token of the next page; undefined after the last one. */
  readonly nextToken: string | undefined
  /** An array of the DICOM JSON model (PS3.18 annex F). */
  json(): AsyncGenerator<Uint8Array>
}

/** @throws ContractError ResourceNotFoundException, NotAcceptableException */
export interface DicomwebOperations<App> {
  describeService(of: { readonly datastoreId: string }, app: App): Promise<ServiceDescription>
  /** Locks all image sets of a study or series, which workers then delete. @throws ContractError ConflictException */
  deleteImageSets(study: DeletionOfStudy, app: App): Promise<void>
  /** Begins to store files; nothing of them needs to have arrived. */
  openStoreRequest(options: StoreRequestOptions, app: App): Promise<StoreRequest>
  search(wanted: DicomwebSearch, app: App): Promise<SearchResult>
  retrieveMetadata(wanted: MetadataToWrite, app: App): Promise<RetrievedMetadata>
  retrieveFrames(wanted: FramesToRetrieve, app: App): Promise<RetrievedFrames>
  /** Images that browsers show; an encapsulated PDF as it is. @throws ContractError ValidationException where no such image can be made */
  renderFrames(wanted: FramesToRender, app: App): Promise<RenderedFrames>
  /** Frames of an instance: 0 if it has none. */
  countFrames(wanted: NamedInstance, app: App): Promise<number>
  retrieveInstance(
    wanted: NamedInstance & { readonly wanted: readonly WantedSyntax[] },
    app: App,
  ): Promise<RetrievedFile>
  /** All instances of a series or study. */
  retrieveFiles(wanted: FilesToRetrieve, app: App): Promise<RetrievedFiles>
  /** The same with a DICOMDIR, as they are on exchange media. */
  retrieveFileSet(wanted: FilesToRetrieve, app: App): Promise<RetrievedFileSet>
  /** A value that the metadata only names. @param wanted.name the MD5 of its bytes */
  retrieveBulkdata(wanted: NamedInstance & { readonly name: string }, app: App): Promise<Uint8Array>
}
