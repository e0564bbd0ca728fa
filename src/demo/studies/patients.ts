/** The fictional patients of the demo. Their names are in the character sets that hospitals use. */

export interface Patient {
  PatientID: string
  PatientName: string
  PatientSex: 'F' | 'M' | 'O'
  /** Null if unknown to the hospital. */
  PatientBirthDate: string | null
  SpecificCharacterSet: string | readonly string[] | undefined
}

interface NameGroup {
  SpecificCharacterSet: string | readonly string[] | undefined
  /** Name, sex, birth date (`-` is unknown). */
  people: readonly string[]
}

const GROUPS: readonly NameGroup[] = [
  {
    SpecificCharacterSet: undefined,
    people: [
      'Marlow^Eleanor^J F 19580214',
      'Fairweather^Thomas M 19710930',
      'Okonkwo^Adaeze F 19840617',
      'Pemberton^Alistair^^Dr M 19490103',
      'Quill^Rosamund F 19920825',
      'Thistlewood^Barnaby M 20110412',
      'Adeyemi^Tunde M 19660719',
      'Winterbourne^Clara^May F 19751121',
      'Castellan^Roy M -',
      'Harrowgate^Beatrix F 19370508',
      'Van_Dorne^Pieter M 19880229',
      'Ashdown^Morgan O 19990909',
    ],
  },
  {
    SpecificCharacterSet: 'ISO_IR 100',
    people: [
      'Müller-Lüdenschmidt^Jörg M 19620405',
      'Lindqvist^Åsa F 19790816',
      'Garçon^Hélène F 19541224',
      'Núñez^Íñigo M 19900311',
      'Sørensen^Bjørn M 19470627',
      'Größer^Käthe F 19860131',
      'São_João^Conceição F 19700520',
      'Þórsdóttir^Guðrún F 19951017',
      'Bélanger^François M 19681106',
      'Weißkopf^Jürgen^^Prof. M 19390722',
    ],
  },
  {
    SpecificCharacterSet: 'ISO_IR 101',
    people: ['Wiśniewska^Łucja F 19650908', 'Dvořáček^Jiří M 19810304', 'Szőllősi^Ödön M 19560715'],
  },
  {
    SpecificCharacterSet: 'ISO_IR 126',
    people: ['Παπαδάκη^Ελένη F 19730612', 'Θαλασσινός^Νικόλαος M 19591030', 'Αργυρού^Δήμητρα F 19870218'],
  },
  {
    SpecificCharacterSet: 'ISO_IR 144',
    people: [
      'Снегирёва^Ольга F 19640329',
      'Журавлёв^Пётр M 19770811',
      'Белозёрова^Наталья F 19911205',
      'Калинић^Милош M 19520519',
    ],
  },
  { SpecificCharacterSet: 'ISO_IR 138', people: ['Cohen^Miriam=כהן^מרים F 19690702'] },
  { SpecificCharacterSet: 'ISO_IR 127', people: ['Qabbani^Yusuf=قباني^يوسف M 19830923'] },
  { SpecificCharacterSet: 'ISO_IR 148', people: ['Yıldız^Gülşen F 19780410'] },
  { SpecificCharacterSet: 'ISO_IR 166', people: ['Somchai^Malee=สมชาย^มาลี F 19941128'] },
  {
    SpecificCharacterSet: ['', 'ISO 2022 IR 87'],
    people: [
      'Kirishima^Haruko=霧島^春子=きりしま^はるこ F 19570324',
      'Amanogawa^Kenji=天野川^健二=あまのがわ^けんじ M 19720705',
      'Tsukino^Akari=月野^明里=つきの^あかり F 20030908',
      'Hoshizora^Takeshi=星空^武=ほしぞら^たけし M 19450112',
      'Minamoto^Yui=源^結衣=みなもと^ゆい F 19890530',
    ],
  },
  {
    SpecificCharacterSet: ['', 'ISO 2022 IR 149'],
    people: [
      'Hong^Seoyeon=洪^瑞延=홍^서연 F 19820416',
      'Namgung^Minho=南宮^民浩=남궁^민호 M 19670219',
      'Bae^Jiwoo=裵^智友=배^지우 O 19980601',
    ],
  },
  {
    SpecificCharacterSet: 'GB18030',
    people: [
      'Yun^Xiaohe=云^晓荷 F 19760813',
      'Bai^Shanlin=白^山林 M 19601009',
      'Long^Haitao=龙^海涛 M 19850727',
      'Mu^Qingqing=穆^青青 F 19931219',
    ],
  },
  {
    SpecificCharacterSet: 'ISO_IR 192',
    people: [
      'Nguyễn^Thị_Mai F 19800206',
      'Ní_Dhuibhir^Síle F 19551114',
      'Kovačević^Živko M 19630831',
      'შავთელი^ნინო F 19740423',
      'Patel^Anjali=पटेल^अंजली F 19960318',
      'Chén^Míng=陳^明 M 19480910',
      'Ōtani^Ren=大谷^蓮=おおたに^れん M 20150704',
      'Øygarden^Łukasz M 19710117',
      'Αθανασίου^Ζωή F 19880606',
      'Ibáñez^Xóchitl F -',
      'Şimşek^Çağla F 19841002',
      'Ґонта^Їжак M 19530328',
      'Tuilagi^Sefo M 19790927',
    ],
  },
]

export const PATIENTS: readonly Patient[] = GROUPS.flatMap(({ SpecificCharacterSet, people }) =>
  people.map((line) => ({ SpecificCharacterSet, ...personFrom(line) })),
).map((person, index) => ({ ...person, PatientID: `DEMO-${String(index + 1).padStart(4, '0')}` }))

function personFrom(line: string) {
  const [PatientName = '', sex, birthDate = '-'] = line.split(' ')
  return {
    PatientName: PatientName.replaceAll('_', ' '),
    PatientSex: sex as Patient['PatientSex'],
    PatientBirthDate: birthDate === '-' ? null : birthDate,
  }
}
