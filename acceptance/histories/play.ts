/** Plays a history against a server and against the model: performs each step, waits for it, and compares the outcome. */
import assert from 'node:assert/strict'
import {
  CopyImageSetCommand,
  DeleteImageSetCommand,
  GetImageSetCommand,
  type MedicalImagingServiceException,
  type UpdateImageSetMetadataCommandInput,
} from '@aws-sdk/client-medical-imaging'
import type { TestServer } from '../support/hilum.ts'
import { importFiles } from '../support/import.ts'
import { until } from '../support/until.ts'
import { Comparison } from './compare.ts'
import {
  attributesAgree,
  type Content,
  type ImportedFile,
  latestOf,
  type ModelImageSet,
  ModelStore,
  movedUnder,
} from './model.ts'
import { forSiblings, isEmpty, type Update, updated } from './model-updates.ts'
import { blobsOf, copiableAttributes, fileOf, instancesOf, updateCommand, updateOf } from './requests.ts'
import { pick, type Step } from './steps.ts'

type Fault = 'ResourceNotFoundException' | 'ValidationException' | 'ConflictException'

export interface Playing {
  readonly server: TestServer
  readonly datastoreId: string
  /** Sets the server's clock. */
  readonly clock?: { now(): number; advance(ms: number): void }
  /** Called for each event, so that a test knows what its histories cover. */
  readonly onEvent: (event: string) => void
}

interface Copy {
  readonly destination?: ModelImageSet | undefined
  /** Undefined: all instances. */
  readonly named?: readonly string[] | undefined
  readonly force?: boolean
  readonly promoteToPrimary?: boolean
  readonly stale?: 'none' | 'source' | 'destination'
}

export class Player {
  readonly store = new ModelStore()
  readonly #playing: Playing
  readonly #comparison: Comparison
  #files = 0

  constructor(playing: Playing) {
    this.#playing = playing
    this.#comparison = new Comparison(playing, this.store)
  }

  async play(step: Step): Promise<void> {
    this.#playing.clock?.advance(1_234)
    switch (step.kind) {
      case 'import':
        await this.#import(step)
        break
      case 'update':
        await this.#update(step)
        break
      case 'study':
        await this.#updateStudy(step)
        break
      case 'revert':
        await this.#revert(step)
        break
      case 'copy':
        await this.#copy(step)
        break
      case 'delete':
        await this.#delete(step)
        break
      case 'promote':
        await this.#promote(step)
        break
      case 'split':
        await this.#split(step)
        break
    }
    await this.#comparison.compareSome()
  }

  compareAll(): Promise<void> {
    return this.#comparison.compareAll()
  }

  /** Usually an existing image set; sometimes a deleted one. */
  #imageSet(at: number): ModelImageSet | undefined {
    const { standing, imageSets } = this.store
    const from = at % 10 === 0 || standing.length === 0 ? imageSets : standing
    return from.length === 0 ? undefined : pick(from, at)
  }

  async #import({ files }: Step & { kind: 'import' }): Promise<void> {
    const { server, datastoreId, onEvent } = this.#playing
    const made = new Map<string, ReturnType<typeof fileOf>>()
    for (const choice of files) {
      this.#files += 1
      const name = `file${String(this.#files).padStart(5, '0')}`
      made.set(`${name}.dcm`, fileOf(choice, name))
    }
    const bytes = Object.fromEntries([...made].map(([key, file]) => [key, file.bytes]))
    const report = await importFiles(server, { datastoreId, files: bytes })
    assert.equal(report.manifest.numberOfImportedFiles, made.size)
    const imageSetOf = new Map(
      report.success!.map(({ inputFile, importResponse }) => [
        inputFile.slice(inputFile.lastIndexOf('/') + 1, -'.dcm'.length),
        importResponse,
      ]),
    )
    let sets = 0
    this.store.import(
      [...made.values()].map(({ imported }): ImportedFile => imported),
      (generated, group) => {
        sets += 1
        onEvent(generated.isPrimary ? (generated.imageSetVersion > 1 ? 'extended' : 'new primary') : 'new non-primary')
        const { imageSetId } = imageSetOf.get(group[0]!.instance.file)!
        const { numberOfMatchedSOPInstances, ...ofFile } = { imageSetId, ...generated }
        for (const { instance } of group) assert.deepEqual(imageSetOf.get(instance.file), ofFile, 'as the report says')
        const summary = report.manifest.imageSetsSummary.find((each) => each.imageSetId === imageSetId)
        assert.deepEqual(summary, { ...ofFile, numberOfMatchedSOPInstances })
        return imageSetId
      },
    )
    assert.equal(report.manifest.imageSetsSummary.length, sets)
  }

  async #update(step: Step & { kind: 'update' }): Promise<void> {
    const target = this.#imageSet(step.imageSet)
    if (target === undefined) return
    await this.#applyUpdate(target, { ...step, update: updateOf(step, latestOf(target).content) })
  }

  async #updateStudy({ imageSet, change }: Step & { kind: 'study' }): Promise<void> {
    const primaries = this.store.standing.filter(({ isPrimary }) => isPrimary)
    if (primaries.length === 0) return
    const target = pick(primaries, imageSet)
    const changed = { changes: [change], removed: [], isOfAnotherSeries: false }
    const update = updateOf(changed, latestOf(target).content)
    await this.#applyUpdate(target, { update, force: false, includeStudyImageSets: true })
  }

  async #applyUpdate(
    target: ModelImageSet,
    request: { update: Update; force: boolean; includeStudyImageSets: boolean; isStale?: boolean },
  ): Promise<void> {
    const { update, force, includeStudyImageSets, isStale = false } = request
    const { onEvent } = this.#playing
    const { content } = latestOf(target)
    const faults = this.#faultsOf(target, isStale)
    const after = updated(content, update, { isPrimary: target.isPrimary, force })
    if (after === undefined || isEmpty(update)) faults.add('ValidationException')
    const ofSiblings = forSiblings(update)
    if (includeStudyImageSets && (!target.isPrimary || isEmpty(ofSiblings))) faults.add('ValidationException')
    const begun = await this.#asked(faults, 'update', () =>
      this.#sendUpdate(target, { ...request, isStale, updates: { DICOMUpdates: blobsOf(update) } }),
    )
    if (!begun) return
    const siblings = includeStudyImageSets ? this.store.primariesOfStudy(content).filter((each) => each !== target) : []
    const next = new Map<ModelImageSet, Content | undefined>([
      [target, after],
      ...siblings.map(
        (each) => [each, updated(latestOf(each).content, ofSiblings, { isPrimary: true, force })] as const,
      ),
    ])
    const fails = [...next.values()].includes(undefined)
    onEvent(fails ? 'UPDATE_FAILED' : siblings.length > 0 ? 'study updated' : 'updated')
    for (const [imageSet, made] of next) {
      if (fails) this.store.fail(imageSet, 'UPDATE_FAILED')
      else this.store.publish(imageSet, { content: made!, status: 'UPDATED', forced: force })
    }
    await this.#settled([...next.keys()])
  }

  async #revert({ imageSet, version, isStale, force }: Step & { kind: 'revert' }): Promise<void> {
    const target = this.#imageSet(imageSet)
    if (target === undefined) return
    const faults = this.#faultsOf(target, isStale)
    // Includes one version beyond the latest, and 0, which is invalid.
    const to = version % (target.versions.length + 2)
    const wanted = to === 0 ? undefined : target.versions[to - 1]
    if (wanted === undefined) faults.add('ResourceNotFoundException')
    const updates = { revertToVersionId: String(to) }
    const begun = await this.#asked(faults, 'revert', () =>
      this.#sendUpdate(target, { force, isStale, includeStudyImageSets: false, updates }),
    )
    if (!begun) return
    this.#playing.onEvent('reverted')
    this.store.publish(target, { content: wanted!.content, status: 'UPDATED', forced: force })
    await this.#settled([target])
  }

  async #sendUpdate(
    { imageSetId, versions }: ModelImageSet,
    request: {
      force: boolean
      isStale: boolean
      includeStudyImageSets: boolean
      updates: UpdateImageSetMetadataCommandInput['updateImageSetMetadataUpdates']
    },
  ): Promise<void> {
    const { force, isStale, includeStudyImageSets, updates } = request
    const { server, datastoreId } = this.#playing
    const input = {
      ...{ datastoreId, imageSetId, force },
      latestVersionId: latestVersionId(versions.length, isStale),
      updateImageSetMetadataUpdates: updates,
    }
    const answer = await server.sdk.send(updateCommand(input, { includeStudyImageSets }))
    const { latestVersionId: next, imageSetState, imageSetWorkflowStatus } = answer
    assert.deepEqual([next, imageSetState, imageSetWorkflowStatus], [String(versions.length + 1), 'LOCKED', 'UPDATING'])
  }

  async #copy({ instances, force, promoteToPrimary, stale, ...step }: Step & { kind: 'copy' }): Promise<void> {
    const source = this.#imageSet(step.source)
    const destination = step.destination === undefined ? undefined : this.#imageSet(step.destination)
    if (source === undefined) return
    const named = instances && instancesOf(source, instances)
    await this.#applyCopy(source, { destination, named, force, promoteToPrimary, stale })
  }

  /** @returns the new or extended image set */
  async #applyCopy(source: ModelImageSet, copy: Copy): Promise<ModelImageSet | undefined> {
    const { destination, named, force = false, promoteToPrimary = false, stale = 'none' } = copy
    const { server, datastoreId, onEvent } = this.#playing
    const faults = this.#faultsOf(source, stale === 'source')
    if (destination !== undefined) {
      for (const fault of this.#faultsOf(destination, stale === 'destination')) faults.add(fault)
      if (destination === source || promoteToPrimary) faults.add('ValidationException')
    }
    const { content } = latestOf(source)
    if (named?.some((uid) => !content.instances.has(uid))) faults.add('ValidationException')
    if (destination === undefined && promoteToPrimary && this.store.placeOf(content) !== 'primary') {
      faults.add('ConflictException')
    }
    let destinationId = ''
    const begun = await this.#asked(faults, 'copy', async () => {
      const answer = await server.sdk.send(
        new CopyImageSetCommand({
          ...{ datastoreId, sourceImageSetId: source.imageSetId },
          ...{ force: force, promoteToPrimary: promoteToPrimary },
          copyImageSetInformation: {
            sourceImageSet: {
              latestVersionId: latestVersionId(source.versions.length, stale === 'source'),
              ...(named && { DICOMCopies: { copiableAttributes: copiableAttributes(source, named) } }),
            },
            ...(destination && {
              destinationImageSet: {
                imageSetId: destination.imageSetId,
                latestVersionId: latestVersionId(destination.versions.length, stale === 'destination'),
              },
            }),
          },
        }),
      )
      const { sourceImageSetProperties: from, destinationImageSetProperties: to } = answer
      destinationId = to!.imageSetId!
      assert.deepEqual(
        [from?.imageSetId, from?.latestVersionId, from?.imageSetState, from?.imageSetWorkflowStatus],
        [source.imageSetId, String(source.versions.length), 'LOCKED', 'COPYING_WITH_READ_ONLY_ACCESS'],
      )
      const version = String((destination?.versions.length ?? 0) + 1)
      assert.deepEqual(
        [to?.latestVersionId, to?.imageSetState, to?.imageSetWorkflowStatus],
        [version, 'LOCKED', 'COPYING'],
      )
    })
    if (!begun) return undefined
    const instances = named ? new Map(named.map((uid) => [uid, content.instances.get(uid)!])) : content.instances
    if (destination === undefined) {
      assert.ok(!this.store.imageSets.some(({ imageSetId }) => imageSetId === destinationId), 'a new id')
      const isPrimary = promoteToPrimary
      onEvent(isPrimary ? 'promoted' : 'copied')
      this.store.addCopy({
        imageSetId: destinationId,
        isPrimary,
        content: { ...content, instances },
        forced: force,
      })
      latestOf(source).status = 'COPIED'
      await this.#settled([source, this.store.imageSets.at(-1)!])
      return this.store.imageSets.at(-1)
    }
    assert.equal(destinationId, destination.imageSetId)
    const held = latestOf(destination).content
    const agrees = force || attributesAgree(content, held)
    const isDistinct = ![...instances.keys()].some((uid) => held.instances.has(uid))
    if (agrees && isDistinct) {
      onEvent(attributesAgree(content, held) ? 'copied into' : 'copied into with force')
      const moved = movedUnder(instances, { from: content, to: held })
      const joined = { ...held, instances: new Map([...held.instances, ...moved]) }
      this.store.publish(destination, { content: joined, status: 'COPIED', forced: force })
      latestOf(source).status = 'COPIED'
    } else {
      onEvent(agrees ? 'COPY_FAILED: instances exist' : 'COPY_FAILED: series differ')
      this.store.fail(destination, 'COPY_FAILED')
    }
    await this.#settled([source, destination])
    return destination
  }

  async #delete({ imageSet }: Step & { kind: 'delete' }): Promise<void> {
    const { server, datastoreId, onEvent } = this.#playing
    const target = this.#imageSet(imageSet)
    if (target === undefined) return
    const begun = await this.#asked(this.#faultsOf(target, false), 'deletion', async () => {
      const { imageSetId } = target
      const answer = await server.sdk.send(new DeleteImageSetCommand({ datastoreId, imageSetId }))
      assert.deepEqual([answer.imageSetState, answer.imageSetWorkflowStatus], ['LOCKED', 'DELETING'])
    })
    if (!begun) return
    onEvent('deleted')
    target.isDeleted = true
    await this.#settled([target])
  }

  async #promote({ imageSet, series }: Step & { kind: 'promote' }): Promise<void> {
    const target = pick([...this.store.standing.filter(({ isPrimary }) => !isPrimary), undefined], imageSet)
    const [standing] = target === undefined ? [] : this.store.primariesOfStudy(latestOf(target).content)
    if (target === undefined || standing === undefined) return
    const { Patient, Study } = latestOf(standing).content
    const put = (keywords: readonly string[], from: Content['Patient']) => ({
      put: Object.fromEntries(keywords.map((keyword) => [keyword, from[keyword] ?? null])),
      remove: {},
    })
    const update = {
      Patient: put(['PatientID'], Patient),
      Study: put(['StudyDate', 'AccessionNumber', 'StudyID'], Study),
      Series: { put: { SeriesInstanceUID: `2.25.7.${series}` }, remove: {} },
      instances: {},
      seriesInstanceUID: latestOf(target).content.Series.SeriesInstanceUID as string,
    }
    await this.#applyUpdate(target, { update, force: true, includeStudyImageSets: false })
    await this.#applyCopy(target, { promoteToPrimary: true })
  }

  async #split({ imageSet, instance, force }: Step & { kind: 'split' }): Promise<void> {
    const source = this.#imageSet(imageSet)
    if (source === undefined) return
    const uids = [...latestOf(source).content.instances.keys()]
    const first = pick(uids, instance)
    const destination = await this.#applyCopy(source, { named: [first] })
    const others = uids.filter((uid) => uid !== first)
    if (destination !== undefined && others.length > 0)
      await this.#applyCopy(source, { destination, named: others, force })
  }

  #faultsOf({ isDeleted }: ModelImageSet, isStale: boolean): Set<Fault> {
    return new Set<Fault>(isDeleted || isStale ? ['ResourceNotFoundException'] : [])
  }

  /** Any of the request's faults may be reported; without faults it is accepted. */
  async #asked(faults: ReadonlySet<Fault>, what: string, ask: () => Promise<void>): Promise<boolean> {
    if (faults.size === 0) {
      await ask()
      return true
    }
    await assert.rejects(ask(), (error: MedicalImagingServiceException) => {
      assert.ok(faults.has(error.name as Fault), `${what}: ${error.name} is none of ${[...faults]}: ${error.message}`)
      return true
    })
    this.#playing.onEvent(`${what} refused`)
    return false
  }

  async #settled(imageSets: readonly ModelImageSet[]): Promise<void> {
    const { server, datastoreId } = this.#playing
    for (const { imageSetId } of imageSets) {
      await until(async () => {
        const { imageSetState } = await server.sdk.send(new GetImageSetCommand({ datastoreId, imageSetId }))
        return imageSetState === 'LOCKED' ? undefined : true
      })
    }
  }
}

const latestVersionId = (version: number, isStale: boolean): string => String(isStale ? version + 1 : version)
