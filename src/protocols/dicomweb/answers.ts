/** The table of the DICOMweb actions that Hilum has. The others are answered with UnknownOperationException. */
import type { DicomwebAnswers } from './answer.ts'

export const ANSWERS: DicomwebAnswers = {}
