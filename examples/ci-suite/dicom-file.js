// A DICOM file of a few attributes, so that a test shows what matters to it. Explicit VR little endian, PS3.5 section 7.1.2.

const SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'

/** @param attributes study, series and instance are UIDs. */
export function dicomFile({
  study,
  series = `${study}.1`,
  instance = `${series}.1`,
  date,
  time,
  patientId,
  description,
}) {
  const fileMeta = [
    element(0x0002, 0x0002, 'UI', SECONDARY_CAPTURE),
    element(0x0002, 0x0003, 'UI', instance),
    element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1'),
  ]
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from('DICM'),
    element(0x0002, 0x0000, 'UL', uint32(Buffer.concat(fileMeta).length)),
    ...fileMeta,
    element(0x0008, 0x0016, 'UI', SECONDARY_CAPTURE),
    element(0x0008, 0x0018, 'UI', instance),
    element(0x0008, 0x0020, 'DA', date),
    element(0x0008, 0x0030, 'TM', time),
    element(0x0008, 0x1030, 'LO', description),
    element(0x0010, 0x0020, 'LO', patientId),
    element(0x0020, 0x000d, 'UI', study),
    element(0x0020, 0x000e, 'UI', series),
  ])
}

function element(group, number, vr, value) {
  const bytes = Buffer.from(value)
  const padding = Buffer.alloc(bytes.length % 2, vr === 'UI' ? '\0' : ' ')
  return Buffer.concat([
    uint16(group),
    uint16(number),
    Buffer.from(vr),
    uint16(bytes.length + padding.length),
    bytes,
    padding,
  ])
}

const uint16 = (value) => Buffer.from(Uint16Array.of(value).buffer)
const uint32 = (value) => Buffer.from(Uint32Array.of(value).buffer)
