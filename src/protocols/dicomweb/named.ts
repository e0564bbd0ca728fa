/** What the path of a DICOMweb request names. */
import type { NamedInstance, NamedStudy } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { WireRequest } from '../http/wire.ts'
import type { DicomwebCall } from './answer.ts'

/** A study, or one of its series. */
export const namedStudy = ({ labels, imageSetId }: DicomwebCall): NamedStudy => ({
  ...{ datastoreId: labels.datastoreId!, imageSetId },
  ...{ studyInstanceUID: labels.study!, seriesInstanceUID: labels.series },
})

export const namedInstance = (call: DicomwebCall): NamedInstance => ({
  ...namedStudy(call),
  ...{ seriesInstanceUID: call.labels.series!, sopInstanceUID: call.labels.instance! },
})

/** Distinct numbers from 1, separated by commas. @throws ContractError ValidationException */
export function frameNumbersIn({ labels }: DicomwebCall): readonly number[] {
  const texts = labels.frames!.replace(/%2C/gi, ',').split(',')
  const numbers = texts.map((text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.NaN))
  if (numbers.some(Number.isNaN))
    throw invalid('Frames are named by their numbers from 1, separated by commas: frames/1,2')
  if (new Set(numbers).size < numbers.length) throw invalid('Each frame can be named only once')
  return numbers
}

/** For URIs in replies. The Host header is one that the server knows (decision 19). */
export const originOf = ({ headers, isSecure }: WireRequest): string =>
  `${isSecure === true ? 'https' : 'http'}://${headers.host ?? 'localhost'}`

const invalid = (message: string) => new ContractError('ValidationException', message)
