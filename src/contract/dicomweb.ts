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

/** @throws ContractError ResourceNotFoundException, NotAcceptableException */
export interface DicomwebOperations<App> {
  describeService(of: { readonly datastoreId: string }, app: App): Promise<ServiceDescription>
  /** Locks all image sets of a study or series, which workers then delete. @throws ContractError ConflictException */
  deleteImageSets(study: DeletionOfStudy, app: App): Promise<void>
  /** Begins to store files; nothing of them needs to have arrived. */
  openStoreRequest(options: StoreRequestOptions, app: App): Promise<StoreRequest>
  retrieveMetadata(wanted: MetadataToWrite, app: App): Promise<RetrievedMetadata>
  retrieveFrames(wanted: FramesToRetrieve, app: App): Promise<RetrievedFrames>
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
