/** The examinations of the demo hospital, how often each is made, and its series. */

import type { Weighting } from '../phantoms/mr.ts'
import type { USView } from '../phantoms/us.ts'

export type Modality = 'CT' | 'MR' | 'CR' | 'US' | 'MG' | 'PT'

/** The content and technique of a series; `images` is the number of instances. */
export type Scan =
  | {
      kind: 'ct-torso'
      phase: 'native' | 'arterial' | 'portal'
      kernel: 'soft' | 'sharp'
      range: TorsoRange
      matrix: number
    }
  | { kind: 'ct-coronal'; phase: 'native' | 'portal'; range: TorsoRange }
  | { kind: 'ct-scout' }
  | { kind: 'ct-head'; kernel: 'soft' | 'sharp' }
  | { kind: 'mr-head'; weighting: Weighting }
  | { kind: 'mr-spine'; weighting: 'T1' | 'T2' }
  | { kind: 'cr'; view: 'PA' | 'LL' }
  | { kind: 'us'; views: readonly USView[]; flow: boolean }
  | { kind: 'us-cine'; view: USView; frames: number; flow: boolean }
  | { kind: 'mg'; laterality: 'L' | 'R'; view: 'CC' | 'MLO' }
  | { kind: 'pt'; orientation: 'axial' | 'coronal' }

/** From head to feet, in millimetres of the torso. */
interface TorsoRange {
  topMm: number
  bottomMm: number
}

export interface SeriesProtocol {
  modality: Modality
  description: string
  images: number
  scan: Scan
}

export interface StudyProtocol {
  name: string
  /** Number of such studies in the demo. */
  studies: number
  descriptions: readonly string[]
  bodyPart: string
  /** Only for the patient with the long history. */
  longHistoryOnly?: number
  /** Only for women invited by a screening programme. */
  screening?: boolean
  series: readonly SeriesProtocol[]
}

const CHEST: TorsoRange = { topMm: 265, bottomMm: 0 }
const ABDOMEN: TorsoRange = { topMm: 90, bottomMm: -340 }
const WHOLE: TorsoRange = { topMm: 300, bottomMm: -350 }

const ct = (description: string, images: number, scan: Scan): SeriesProtocol => ({
  modality: 'CT',
  description,
  images,
  scan,
})
const mr = (description: string, images: number, scan: Scan): SeriesProtocol => ({
  modality: 'MR',
  description,
  images,
  scan,
})
const us = (description: string, images: number, scan: Scan): SeriesProtocol => ({
  modality: 'US',
  description,
  images,
  scan,
})
const pt = (description: string, images: number, scan: Scan): SeriesProtocol => ({
  modality: 'PT',
  description,
  images,
  scan,
})
const mg = (laterality: 'L' | 'R', view: 'CC' | 'MLO'): SeriesProtocol => ({
  modality: 'MG',
  description: `${laterality} ${view}`,
  images: 1,
  scan: { kind: 'mg', laterality, view },
})

const SCOUT = ct('Scout', 1, { kind: 'ct-scout' })

export const PROTOCOLS: readonly StudyProtocol[] = [
  {
    name: 'chest radiograph',
    studies: 40,
    descriptions: ['Chest PA and lateral', 'XR Chest 2 views', 'Thorax 2 Ebenen'],
    bodyPart: 'CHEST',
    series: [
      { modality: 'CR', description: 'PA', images: 1, scan: { kind: 'cr', view: 'PA' } },
      { modality: 'CR', description: 'Lateral', images: 1, scan: { kind: 'cr', view: 'LL' } },
    ],
  },
  {
    name: 'chest CT',
    studies: 20,
    descriptions: ['CT Chest without contrast', 'CT Thorax', 'Low-dose CT lung screening'],
    bodyPart: 'CHEST',
    longHistoryOnly: 5,
    series: [
      SCOUT,
      ct('Axial 5.0 soft tissue', 9, { kind: 'ct-torso', phase: 'native', kernel: 'soft', range: CHEST, matrix: 144 }),
      ct('Axial 5.0 lung', 9, { kind: 'ct-torso', phase: 'native', kernel: 'sharp', range: CHEST, matrix: 144 }),
    ],
  },
  {
    name: 'abdominal CT',
    studies: 14,
    descriptions: ['CT Abdomen and pelvis with contrast', 'CT Abdomen biphasic'],
    bodyPart: 'ABDOMEN',
    longHistoryOnly: 4,
    series: [
      SCOUT,
      ct('Arterial phase 5.0', 7, { kind: 'ct-torso', phase: 'arterial', kernel: 'soft', range: ABDOMEN, matrix: 128 }),
      ct('Portal venous phase 5.0', 7, {
        kind: 'ct-torso',
        phase: 'portal',
        kernel: 'soft',
        range: ABDOMEN,
        matrix: 128,
      }),
      ct('Coronal reformat', 4, { kind: 'ct-coronal', phase: 'portal', range: ABDOMEN }),
    ],
  },
  {
    name: 'staging CT',
    studies: 1,
    descriptions: ['CT Chest Abdomen Pelvis with contrast'],
    bodyPart: 'CHEST',
    longHistoryOnly: 1,
    series: [
      SCOUT,
      ct('Axial 3.0 portal venous', 200, {
        kind: 'ct-torso',
        phase: 'portal',
        kernel: 'soft',
        range: WHOLE,
        matrix: 128,
      }),
      ct('Coronal reformat', 10, { kind: 'ct-coronal', phase: 'portal', range: WHOLE }),
    ],
  },
  {
    name: 'head CT',
    studies: 14,
    descriptions: ['CT Head without contrast', 'CT Brain'],
    bodyPart: 'HEAD',
    series: [
      ct('Axial 5.0 brain', 7, { kind: 'ct-head', kernel: 'soft' }),
      ct('Axial 5.0 bone', 6, { kind: 'ct-head', kernel: 'sharp' }),
    ],
  },
  {
    name: 'head MR',
    studies: 16,
    descriptions: ['MR Brain without contrast', 'MRI Head'],
    bodyPart: 'BRAIN',
    series: [
      mr('T1 SE axial', 6, { kind: 'mr-head', weighting: 'T1' }),
      mr('T2 TSE axial', 6, { kind: 'mr-head', weighting: 'T2' }),
      mr('FLAIR axial', 6, { kind: 'mr-head', weighting: 'FLAIR' }),
      mr('DWI b1000', 4, { kind: 'mr-head', weighting: 'DWI' }),
    ],
  },
  {
    name: 'spine MR',
    studies: 10,
    descriptions: ['MR Lumbar spine', 'MRI L-spine without contrast'],
    bodyPart: 'LSPINE',
    series: [
      mr('Sagittal T1 TSE', 5, { kind: 'mr-spine', weighting: 'T1' }),
      mr('Sagittal T2 TSE', 5, { kind: 'mr-spine', weighting: 'T2' }),
    ],
  },
  {
    name: 'abdominal ultrasound',
    studies: 14,
    descriptions: ['US Abdomen complete', 'Abdominal ultrasound'],
    bodyPart: 'ABDOMEN',
    series: [
      us('Liver, kidney, gallbladder', 3, { kind: 'us', views: ['liver', 'kidney', 'gallbladder'], flow: false }),
      us('Portal vein Doppler', 1, { kind: 'us', views: ['liver'], flow: true }),
    ],
  },
  {
    name: 'echocardiogram',
    studies: 8,
    descriptions: ['Transthoracic echocardiogram'],
    bodyPart: 'HEART',
    series: [
      us('Apical four chamber cine', 1, { kind: 'us-cine', view: 'heart', frames: 10, flow: false }),
      us('Apical four chamber', 2, { kind: 'us', views: ['heart'], flow: false }),
      us('Mitral colour Doppler', 1, { kind: 'us', views: ['heart'], flow: true }),
    ],
  },
  {
    name: 'carotid ultrasound',
    studies: 6,
    descriptions: ['US Carotid duplex'],
    bodyPart: 'NECK',
    series: [
      us('Common carotid', 1, { kind: 'us', views: ['carotid'], flow: false }),
      us('Common carotid colour cine', 1, { kind: 'us-cine', view: 'carotid', frames: 6, flow: true }),
    ],
  },
  {
    name: 'mammogram',
    studies: 18,
    descriptions: ['Screening mammogram bilateral', 'Mammographie bds.'],
    bodyPart: 'BREAST',
    screening: true,
    series: [mg('R', 'CC'), mg('L', 'CC'), mg('R', 'MLO'), mg('L', 'MLO')],
  },
  {
    name: 'PET-CT',
    studies: 6,
    descriptions: ['PET-CT FDG whole body'],
    bodyPart: 'WHOLEBODY',
    longHistoryOnly: 4,
    series: [
      ct('CT for attenuation correction', 14, {
        kind: 'ct-torso',
        phase: 'native',
        kernel: 'soft',
        range: WHOLE,
        matrix: 128,
      }),
      pt('PET AC axial', 14, { kind: 'pt', orientation: 'axial' }),
      pt('PET AC coronal', 6, { kind: 'pt', orientation: 'coronal' }),
    ],
  },
]
