/** Policies, requests and the decision of IAM for each, as data: one request a line, for policy-cases.test.ts. */

const STORE = 'arn:aws:medical-imaging:us-east-1:123456789012:datastore/11111111111111111111111111111111'
const OTHER = 'arn:aws:medical-imaging:us-east-1:123456789012:datastore/22222222222222222222222222222222'
export const RESOURCES: Readonly<Record<string, string>> = {
  '*': '*',
  store: STORE,
  set: `${STORE}/imageset/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`,
  set2: `${STORE}/imageset/abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`,
  sets: `${STORE}/imageset/*`,
  othersets: `${OTHER}/imageset/*`,
  other: OTHER,
  otherset: `${OTHER}/imageset/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`,
  newstore: 'arn:aws:medical-imaging:us-east-1:123456789012:datastore/*',
  elsewhere: STORE.replace('us-east-1', 'eu-west-1'),
  account2: STORE.replace('123456789012', '999999999999'),
  role: 'arn:aws:iam::123456789012:role/import/reader',
  user: 'arn:aws:iam::123456789012:user/mary',
}

const statement = (Effect: 'Allow' | 'Deny', rest: object) => ({ Effect, Resource: '*', ...rest })
const allow = (rest: object) => statement('Allow', { Action: '*', ...rest })
const allowIf = (Condition: object) => ({ Statement: allow({ Condition }) })
const denyIf = (Condition: object) => ({
  Statement: [allow({}), statement('Deny', { Action: 'medical-imaging:Get*', Condition })],
})

/** By the name that the cases use. */
export const POLICIES: Readonly<Record<string, object>> = {
  all: { Version: '2012-10-17', Statement: [allow({})] },
  one: { Statement: allow({ Action: 'medical-imaging:GetDatastore' }) },
  list: { Statement: allow({ Action: ['medical-imaging:GetImageSet', 'MEDICAL-IMAGING:searchimagesets'] }) },
  get: { Statement: allow({ Action: 'medical-imaging:Get*' }) },
  dicom: { Statement: allow({ Action: 'medical-imaging:?etDICOM*' }) },
  foreign: { Statement: allow({ Action: ['s3:*', 'kms:Decrypt'] }) },
  notwrite: { Statement: statement('Allow', { NotAction: ['medical-imaging:Delete*', 'hilum:*', 'iam:*'] }) },
  instore: { Statement: allow({ Resource: STORE }) },
  insets: { Statement: allow({ Resource: [STORE, `${STORE}/imageset/*`] }) },
  someset: { Statement: allow({ Resource: `${STORE}/imageset/ab*` }) },
  oneset: { Statement: allow({ Resource: `${STORE}/imageset/a${'?'.repeat(31)}` }) },
  anystore: { Statement: allow({ Resource: 'arn:aws:medical-imaging:*:123456789012:datastore/*' }) },
  region: { Statement: allow({ Resource: 'arn:aws:medical-imaging:eu-*:*:*' }) },
  notother: { Statement: statement('Allow', { Resource: undefined, Action: '*', NotResource: [OTHER, `${OTHER}/*`] }) },
  denyset: {
    Statement: [allow({}), statement('Deny', { Action: '*', Resource: `${STORE}/imageset/a*` })],
  },
  denyother: {
    Statement: [allow({}), statement('Deny', { Action: '*', Resource: [OTHER, `${OTHER}/imageset/*z`] })],
  },
  denynot: { Statement: [allow({}), statement('Deny', { NotAction: 'medical-imaging:Get*' })] },
  denyonly: { Statement: statement('Deny', { Action: 'medical-imaging:DeleteDatastore' }) },
  pass: {
    Statement: allow({
      Action: 'iam:PassRole',
      Resource: 'arn:aws:iam::123456789012:role/import/*',
      Condition: { StringEquals: { 'iam:PassedToService': 'medical-imaging.amazonaws.com' } },
    }),
  },
  study: allowIf({ StringEquals: { 'medical-imaging:StudyInstanceUID': ['1.2.3', '1.2.4'] } }),
  notstudy: allowIf({ StringNotEquals: { 'medical-imaging:StudyInstanceUID': ['1.2.3', '1.2.4'] } }),
  studyif: allowIf({ StringEqualsIfExists: { 'medical-imaging:StudyInstanceUID': '1.2.3' } }),
  notstudyif: allowIf({ StringNotEqualsIfExists: { 'medical-imaging:StudyInstanceUID': '1.2.3' } }),
  series: allowIf({
    StringEquals: { 'medical-imaging:StudyInstanceUID': '1.2.3', 'medical-imaging:SeriesInstanceUID': '1.2.3.1' },
  }),
  prefix: allowIf({ StringLike: { 'medical-imaging:StudyInstanceUID': '1.2.*' } }),
  notlike: allowIf({ StringNotLike: { 'medical-imaging:StudyInstanceUID': ['1.2.?', '9.*'] } }),
  nocase: allowIf({ StringEqualsIgnoreCase: { 'aws:RequestTag/Team': 'MRI' } }),
  notnocase: allowIf({ StringNotEqualsIgnoreCase: { 'aws:RequestTag/team': 'MRI' } }),
  tag: allowIf({ StringEquals: { 'AWS:resourcetag/Team': 'ct' } }),
  untagged: allowIf({ Null: { 'aws:ResourceTag/team': 'true' } }),
  tagged: allowIf({ Null: { 'aws:ResourceTag/team': false } }),
  alltags: allowIf({ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'site'] } }),
  anytag: allowIf({ 'ForAnyValue:StringLike': { 'aws:TagKeys': ['t*', 'site'] } }),
  noprivate: allowIf({ 'ForAllValues:StringNotLike': { 'aws:TagKeys': 'private*' } }),
  anyother: allowIf({ 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': ['team'] } }),
  anytagif: allowIf({ 'ForAnyValue:StringEqualsIfExists': { 'aws:TagKeys': 'team' } }),
  network: allowIf({ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '192.168.1.7', '2001:db8::/32'] } }),
  notnetwork: denyIf({ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }),
  secure: allowIf({ Bool: { 'aws:SecureTransport': true } }),
  insecure: denyIf({ Bool: { 'aws:SecureTransport': 'FALSE' } }),
  until: allowIf({ DateLessThan: { 'aws:CurrentTime': '2026-06-01T00:00:00Z' } }),
  between: allowIf({
    DateGreaterThanEquals: { 'aws:CurrentTime': '2026-03-01' },
    DateLessThanEquals: { 'aws:CurrentTime': '2026-03-31T23:59:59+01:00' },
  }),
  exactly: allowIf({ DateEquals: { 'aws:EpochTime': 1_767_225_600 } }),
  notdate: allowIf({ DateNotEquals: { 'aws:CurrentTime': '2026-01-01' } }),
  after: allowIf({ DateGreaterThan: { 'aws:CurrentTime': '1767225600' } }),
  number: allowIf({ NumericLessThan: { 'aws:EpochTime': 100 } }),
  numbers: allowIf({ NumericGreaterThanEquals: { 'aws:EpochTime': '5' }, NumericNotEquals: { 'aws:EpochTime': '7' } }),
  numberis: allowIf({ NumericEquals: { 'aws:EpochTime': ['5', '6.5'] } }),
  numberrange: allowIf({ NumericGreaterThan: { 'aws:EpochTime': 5 }, NumericLessThanEquals: { 'aws:EpochTime': 9 } }),
  principal: allowIf({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/m*' } }),
  arnequals: allowIf({ ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:user/mary' } }),
  notprincipal: denyIf({ ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/mary' } }),
  arnnotequals: denyIf({ ArnNotEquals: { 'aws:PrincipalArn': ['arn:aws:iam::1:user/a', 'arn:aws:iam::1:user/b'] } }),
  team: allowIf({ StringEquals: { 'aws:PrincipalTag/Team': ['ct', 'mr'] } }),
  noteam: allowIf({ Null: { 'aws:principaltag/team': 'true' } }),
  site: denyIf({ StringNotEquals: { 'aws:PrincipalTag/site': 'zurich' } }),
  siteif: denyIf({ StringNotLikeIfExists: { 'aws:PrincipalTag/site': 'z*' } }),
  type: allowIf({ StringEquals: { 'aws:PrincipalType': 'User' } }),
  userid: allowIf({ StringLike: { 'aws:userid': 'radiology:*' } }),
  username: allowIf({ StringEquals: { 'aws:username': 'mary', 'aws:RequestedRegion': 'us-east-1' } }),
}

/** `policies | action | resource | condition keys | decision`; policies joined by + are attached together. */
export const CASES = `
all | medical-imaging:GetDatastore | store | | allow
all | hilum:CreatePrincipal | user | | allow
all | medical-imaging:ListDatastores | * | | allow
all | s3:GetObject | * | | allow
one | medical-imaging:GetDatastore | store | | allow
one | medical-imaging:GetDatastore | other | | allow
one | MEDICAL-IMAGING:GETDATASTORE | store | | allow
one | medical-imaging:GetDatastores | store | | implicit deny
one | medical-imaging:GetDatastor | store | | implicit deny
one | medical-imaging:DeleteDatastore | store | | implicit deny
one | hilum:GetDatastore | store | | implicit deny
list | medical-imaging:GetImageSet | set | | allow
list | medical-imaging:SearchImageSets | store | | allow
list | medical-imaging:GetImageSetMetadata | set | | implicit deny
get | medical-imaging:GetImageFrame | set | | allow
get | medical-imaging:GetDICOMImportJob | store | | allow
get | medical-imaging:SearchImageSets | store | | implicit deny
get | medical-imaging:ListDatastores | * | | implicit deny
get | hilum:GetImportReport | store | | implicit deny
dicom | medical-imaging:GetDICOMInstance | set | | allow
dicom | medical-imaging:GetDICOMImportJob | store | | allow
dicom | medical-imaging:SearchDICOMStudies | store | | implicit deny
dicom | medical-imaging:GetDatastore | store | | implicit deny
foreign | medical-imaging:GetDatastore | store | | implicit deny
foreign | s3:GetObject | * | | allow
notwrite | medical-imaging:GetDatastore | store | | allow
notwrite | medical-imaging:CopyImageSet | set | | allow
notwrite | medical-imaging:DeleteImageSet | set | | implicit deny
notwrite | hilum:PutPolicy | * | | implicit deny
notwrite | iam:PassRole | role | | implicit deny
instore | medical-imaging:GetDatastore | store | | allow
instore | medical-imaging:SearchImageSets | store | | allow
instore | medical-imaging:GetImageSet | set | | implicit deny
instore | medical-imaging:GetDatastore | other | | implicit deny
instore | medical-imaging:ListDatastores | * | | implicit deny
instore | medical-imaging:GetDatastore | elsewhere | | implicit deny
instore | medical-imaging:GetDatastore | account2 | | implicit deny
insets | medical-imaging:GetImageSet | store | | allow
insets | medical-imaging:GetImageSet | set | | allow
insets | medical-imaging:GetImageSet | set2 | | allow
insets | medical-imaging:GetImageSet | otherset | | implicit deny
someset | medical-imaging:GetImageSet | set2 | | allow
someset | medical-imaging:GetImageSet | set | | implicit deny
someset | medical-imaging:GetImageSet | store | | implicit deny
oneset | medical-imaging:GetImageSet | set | | allow
oneset | medical-imaging:GetImageSet | otherset | | implicit deny
anystore | medical-imaging:GetDatastore | store | | allow
anystore | medical-imaging:GetDatastore | elsewhere | | allow
anystore | medical-imaging:GetDatastore | account2 | | implicit deny
anystore | medical-imaging:GetImageSet | set | | allow
anystore | medical-imaging:TagResource | newstore | | allow
anystore | medical-imaging:ListDatastores | * | | implicit deny
anystore | iam:PassRole | role | | implicit deny
region | medical-imaging:GetDatastore | elsewhere | | allow
region | medical-imaging:GetDatastore | store | | implicit deny
notother | medical-imaging:GetDatastore | store | | allow
notother | medical-imaging:ListDatastores | * | | allow
notother | medical-imaging:GetDatastore | other | | implicit deny
notother | medical-imaging:GetImageSet | otherset | | implicit deny
denyset | medical-imaging:GetImageSet | store | | allow
denyset | medical-imaging:GetImageSet | set | | explicit deny
denyset | medical-imaging:GetImageSet | otherset | | allow
denyset | medical-imaging:UpdateImageSetMetadata | sets | | explicit deny
denyset | medical-imaging:UpdateImageSetMetadata | othersets | | allow
insets | medical-imaging:UpdateImageSetMetadata | sets | | allow
insets | medical-imaging:UpdateImageSetMetadata | othersets | | implicit deny
someset | medical-imaging:UpdateImageSetMetadata | sets | | implicit deny
denyother | medical-imaging:TagResource | newstore | | allow
denyother | medical-imaging:UpdateImageSetMetadata | sets | | allow
denyother | medical-imaging:UpdateImageSetMetadata | othersets | | explicit deny
denynot | medical-imaging:GetImageSet | set | | allow
denynot | medical-imaging:DeleteImageSet | set | | explicit deny
denynot | hilum:GetPolicy | * | | explicit deny
denyonly | medical-imaging:DeleteDatastore | store | | explicit deny
denyonly | medical-imaging:GetDatastore | store | | implicit deny
denyonly+all | medical-imaging:DeleteDatastore | store | | explicit deny
all+denyonly | medical-imaging:DeleteDatastore | store | | explicit deny
all+denyonly | medical-imaging:GetDatastore | store | | allow
one+instore | medical-imaging:GetDatastore | other | | allow
one+instore | medical-imaging:DeleteDatastore | other | | implicit deny
one+instore | medical-imaging:DeleteDatastore | store | | allow
pass | iam:PassRole | role | iam:PassedToService=medical-imaging.amazonaws.com | allow
pass | iam:PassRole | role | iam:PassedToService=ec2.amazonaws.com | implicit deny
pass | iam:PassRole | role | | implicit deny
pass | iam:PassRole | user | iam:PassedToService=medical-imaging.amazonaws.com | implicit deny
study | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | allow
study | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.4 | allow
study | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.5 | implicit deny
study | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.33 | implicit deny
study | medical-imaging:GetDICOMInstance | set | | implicit deny
notstudy | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | implicit deny
notstudy | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.4 | implicit deny
notstudy | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.5 | allow
notstudy | medical-imaging:GetDICOMInstance | set | | allow
studyif | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | allow
studyif | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=9 | implicit deny
studyif | medical-imaging:GetDICOMInstance | set | | allow
notstudyif | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | implicit deny
notstudyif | medical-imaging:GetDICOMInstance | set | | allow
series | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3; medical-imaging:SeriesInstanceUID=1.2.3.1 | allow
series | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3; medical-imaging:SeriesInstanceUID=1.2.3.2 | implicit deny
series | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | implicit deny
prefix | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | allow
prefix | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.3.3 | implicit deny
prefix | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=11.2.3 | implicit deny
notlike | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | implicit deny
notlike | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.33 | allow
notlike | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=9.1 | implicit deny
notlike | medical-imaging:GetDICOMInstance | set | | allow
nocase | medical-imaging:TagResource | store | aws:RequestTag/team=mri | allow
nocase | medical-imaging:TagResource | store | aws:RequestTag/TEAM=Mri | allow
nocase | medical-imaging:TagResource | store | aws:RequestTag/team=ct | implicit deny
nocase | medical-imaging:TagResource | store | aws:RequestTag/teams=mri | implicit deny
notnocase | medical-imaging:TagResource | store | aws:RequestTag/team=mRi | implicit deny
notnocase | medical-imaging:TagResource | store | aws:RequestTag/team=ct | allow
tag | medical-imaging:GetDatastore | store | aws:ResourceTag/team=ct | allow
tag | medical-imaging:GetDatastore | store | aws:ResourceTag/team=CT | implicit deny
tag | medical-imaging:GetDatastore | store | aws:RequestTag/team=ct | implicit deny
tag | medical-imaging:GetDatastore | store | | implicit deny
untagged | medical-imaging:GetDatastore | store | | allow
untagged | medical-imaging:GetDatastore | store | aws:ResourceTag/team=ct | implicit deny
tagged | medical-imaging:GetDatastore | store | aws:ResourceTag/team=ct | allow
tagged | medical-imaging:GetDatastore | store | aws:ResourceTag/site=ct | implicit deny
alltags | medical-imaging:TagResource | store | aws:TagKeys=team,site | allow
alltags | medical-imaging:TagResource | store | aws:TagKeys=team | allow
alltags | medical-imaging:TagResource | store | aws:TagKeys=team,ward | implicit deny
alltags | medical-imaging:GetDatastore | store | | allow
anytag | medical-imaging:TagResource | store | aws:TagKeys=ward,team | allow
anytag | medical-imaging:TagResource | store | aws:TagKeys=ward,floor | implicit deny
anytag | medical-imaging:GetDatastore | store | | implicit deny
noprivate | medical-imaging:TagResource | store | aws:TagKeys=team,site | allow
noprivate | medical-imaging:TagResource | store | aws:TagKeys=team,private-note | implicit deny
noprivate | medical-imaging:GetDatastore | store | | allow
anyother | medical-imaging:TagResource | store | aws:TagKeys=team | implicit deny
anyother | medical-imaging:TagResource | store | aws:TagKeys=team,ward | allow
anyother | medical-imaging:TagResource | store | | implicit deny
anytagif | medical-imaging:GetDatastore | store | | allow
anytagif | medical-imaging:TagResource | store | aws:TagKeys=ward | implicit deny
network | medical-imaging:GetDatastore | store | aws:SourceIp=10.255.0.1 | allow
network | medical-imaging:GetDatastore | store | aws:SourceIp=11.0.0.1 | implicit deny
network | medical-imaging:GetDatastore | store | aws:SourceIp=192.168.1.7 | allow
network | medical-imaging:GetDatastore | store | aws:SourceIp=192.168.1.8 | implicit deny
network | medical-imaging:GetDatastore | store | aws:SourceIp=::ffff:10.1.2.3 | allow
network | medical-imaging:GetDatastore | store | aws:SourceIp=2001:db8:1::5 | allow
network | medical-imaging:GetDatastore | store | aws:SourceIp=2001:db9::5 | implicit deny
network | medical-imaging:GetDatastore | store | aws:SourceIp=not an address | implicit deny
network | medical-imaging:GetDatastore | store | | implicit deny
notnetwork | medical-imaging:GetDatastore | store | aws:SourceIp=10.0.0.1 | allow
notnetwork | medical-imaging:GetDatastore | store | aws:SourceIp=12.0.0.1 | explicit deny
notnetwork | medical-imaging:SearchImageSets | store | aws:SourceIp=12.0.0.1 | allow
notnetwork | medical-imaging:GetDatastore | store | | explicit deny
secure | medical-imaging:GetDatastore | store | aws:SecureTransport=true | allow
secure | medical-imaging:GetDatastore | store | aws:SecureTransport=false | implicit deny
insecure | medical-imaging:GetDatastore | store | aws:SecureTransport=false | explicit deny
insecure | medical-imaging:GetDatastore | store | aws:SecureTransport=true | allow
insecure | medical-imaging:GetDatastore | store | | allow
until | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-05-31T23:59:59Z | allow
until | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-06-01T00:00:00Z | implicit deny
until | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-06-01T01:00:00+02:00 | allow
between | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-03-01T00:00:00Z | allow
between | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-02-28T23:59:59.999Z | implicit deny
between | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-03-31T22:59:59Z | allow
between | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-03-31T23:59:59Z | implicit deny
exactly | medical-imaging:GetDatastore | store | aws:EpochTime=1767225600 | allow
exactly | medical-imaging:GetDatastore | store | aws:EpochTime=1767225601 | implicit deny
notdate | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-01-01T00:00:00Z | implicit deny
notdate | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-01-01T00:00:01Z | allow
after | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-01-01T00:00:01Z | allow
after | medical-imaging:GetDatastore | store | aws:CurrentTime=2026-01-01T00:00:00Z | implicit deny
number | medical-imaging:GetDatastore | store | aws:EpochTime=99.5 | allow
number | medical-imaging:GetDatastore | store | aws:EpochTime=100 | implicit deny
number | medical-imaging:GetDatastore | store | aws:EpochTime=none | implicit deny
numbers | medical-imaging:GetDatastore | store | aws:EpochTime=5 | allow
numbers | medical-imaging:GetDatastore | store | aws:EpochTime=7.0 | implicit deny
numbers | medical-imaging:GetDatastore | store | aws:EpochTime=4 | implicit deny
numberis | medical-imaging:GetDatastore | store | aws:EpochTime=6.50 | allow
numberis | medical-imaging:GetDatastore | store | aws:EpochTime=6 | implicit deny
numberrange | medical-imaging:GetDatastore | store | aws:EpochTime=9 | allow
numberrange | medical-imaging:GetDatastore | store | aws:EpochTime=5 | implicit deny
principal | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::123456789012:user/mary | allow
principal | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::123456789012:user/john | implicit deny
principal | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::123456789012:root | implicit deny
arnequals | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::123456789012:user/mary | allow
arnequals | medical-imaging:GetDatastore | store | aws:PrincipalArn=mary | implicit deny
notprincipal | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::1:user/mary | allow
notprincipal | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::1:user/john | explicit deny
arnnotequals | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::1:user/b | allow
arnnotequals | medical-imaging:GetDatastore | store | aws:PrincipalArn=arn:aws:iam::1:user/c | explicit deny
username | medical-imaging:GetDatastore | store | aws:username=mary; aws:RequestedRegion=us-east-1 | allow
username | medical-imaging:GetDatastore | store | aws:username=mary; aws:RequestedRegion=eu-west-1 | implicit deny
username | medical-imaging:GetDatastore | store | aws:username=Mary; aws:RequestedRegion=us-east-1 | implicit deny
team | medical-imaging:GetDatastore | store | aws:PrincipalTag/team=ct | allow
team | medical-imaging:GetDatastore | store | aws:PrincipalTag/TEAM=mr | allow
team | medical-imaging:GetDatastore | store | aws:PrincipalTag/team=CT | implicit deny
team | medical-imaging:GetDatastore | store | aws:PrincipalTag/teams=ct | implicit deny
team | medical-imaging:GetDatastore | store | aws:ResourceTag/team=ct | implicit deny
team | medical-imaging:GetDatastore | store | | implicit deny
noteam | medical-imaging:GetDatastore | store | | allow
noteam | medical-imaging:GetDatastore | store | aws:PrincipalTag/team=ct | implicit deny
site | medical-imaging:GetDatastore | store | aws:PrincipalTag/site=zurich | allow
site | medical-imaging:GetDatastore | store | aws:PrincipalTag/site=bern | explicit deny
site | medical-imaging:GetDatastore | store | | explicit deny
site | medical-imaging:SearchImageSets | store | | allow
siteif | medical-imaging:GetDatastore | store | aws:PrincipalTag/site=zug | allow
siteif | medical-imaging:GetDatastore | store | aws:PrincipalTag/site=bern | explicit deny
siteif | medical-imaging:GetDatastore | store | | explicit deny
team+site | medical-imaging:GetDatastore | store | aws:PrincipalTag/team=ct; aws:PrincipalTag/site=bern | explicit deny
type | medical-imaging:GetDatastore | store | aws:PrincipalType=User | allow
type | medical-imaging:GetDatastore | store | aws:PrincipalType=AssumedRole | implicit deny
userid | medical-imaging:GetDICOMInstance | store | aws:userid=radiology:mary | allow
userid | medical-imaging:GetDICOMInstance | store | aws:userid=research:mary | implicit deny
study+denyset | medical-imaging:GetDICOMInstance | set | medical-imaging:StudyInstanceUID=1.2.3 | explicit deny
study+network | medical-imaging:GetDatastore | store | aws:SourceIp=10.0.0.1 | allow
`
