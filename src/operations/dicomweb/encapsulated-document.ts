/** The document of an Encapsulated PDF (PS3.3 A.45.1). */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { rebuildDataSet } from '../../imaging/documents/document-data-set.ts'
import { namesIn } from '../../imaging/documents/large-binary.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { readImportedValues } from '../../versions/imported-values.ts'
import { openVersion } from '../../versions/read-instance.ts'

const ENCAPSULATED_PDF = '1.2.840.10008.5.1.4.1.1.104.1'

export const isPDF = ({ sopClassUID }: Pick<PlacedInstance, 'sopClassUID'>): boolean => sopClassUID === ENCAPSULATED_PDF

/** @throws ContractError NotAcceptableException if the instance does not have it */
export async function encapsulatedDocument(app: App, datastoreId: string, placed: PlacedInstance): Promise<Uint8Array> {
  const { own, vrs } = await (await openVersion(app, { datastoreId, ...placed })).instance(placed)
  const DICOM = own.EncapsulatedDocument === undefined ? {} : { EncapsulatedDocument: own.EncapsulatedDocument }
  try {
    const values = await readImportedValues(app, placed, new Set(namesIn(DICOM)))
    const { attributes } = rebuildDataSet({ DICOM, DICOMVRs: vrs }, (name) => values.get(name))
    const found = attributes.EncapsulatedDocument
    const value = typeof found === 'object' && found !== null && 'value' in found ? found.value : undefined
    if (value instanceof Uint8Array) return withoutPad(value, Number(own.EncapsulatedDocumentLength))
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
  }
  throw new ContractError('NotAcceptableException', 'The PDF of this instance cannot be read from its file')
}

/** A value of odd length has a byte more; newer files tell the length. */
const withoutPad = (value: Uint8Array, length: number): Uint8Array =>
  length === value.length - 1 ? value.subarray(0, length) : value
