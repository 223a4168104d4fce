/** The packages of an image as a software bill of materials: SPDX 2.3, JSON. */
import { createHash } from 'node:crypto'
import { isLicenseExpression } from './license-expression.ts'
import { packageUrl } from './package-url.ts'
import type { Distribution, ImagePackage } from './packages/package.ts'
import type { Scan } from './packages/scan.ts'

/** What a document is about. */
export interface DocumentSubject {
  /** What the document is called: the image's name, or the word for none. */
  name: string
  /** Makes the document's own name, so that the same content makes the same document. */
  digest: string
  /** RFC 3339. */
  created: string
  toolVersion: string
}

/** The predicate's type. */
export const billType = 'https://spdx.dev/Document'

const none = 'NOASSERTION'
const root = 'SPDXRef-DocumentRoot-Image'

/** Packages that are found in several files are one, with each of these files named. */
export function billOfMaterials({ distribution, packages, gaps }: Scan, subject: DocumentSubject): object {
  const entries = new Map<string, ReturnType<typeof describe>>()
  const told = new Set<string>()
  for (const each of packages) {
    const entry = describe(each, distribution)
    const known = entries.get(entry.SPDXID)
    const place = `${entry.SPDXID} ${each.foundIn}`
    if (!known) entries.set(entry.SPDXID, entry)
    else if (!told.has(place)) known.sourceInfo += `, ${each.foundIn}`
    told.add(place)
  }
  const ids = [...entries.keys()].sort()
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: subject.name,
    ...(gaps.length > 0 && { comment: gaps.join('\n') }),
    documentNamespace: `https://spdx.org/spdxdocs/gantry-${subject.digest}`,
    creationInfo: {
      created: wholeSeconds(subject.created),
      creators: [`Tool: gantry-${subject.toolVersion}`],
    },
    packages: [
      {
        name: subject.name,
        SPDXID: root,
        downloadLocation: none,
        filesAnalyzed: false,
        licenseConcluded: none,
        licenseDeclared: none,
        copyrightText: none,
        primaryPackagePurpose: 'CONTAINER',
      },
      ...ids.map((id) => entries.get(id)),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relatedSpdxElement: root, relationshipType: 'DESCRIBES' },
      ...ids.map((id) => ({ spdxElementId: root, relatedSpdxElement: id, relationshipType: 'CONTAINS' })),
    ],
  }
}

/** SPDX knows no fractions. */
const wholeSeconds = (time: string): string => time.replace(/\.\d+Z$/, 'Z')

function describe(each: ImagePackage, distribution: Distribution | null) {
  const { type, namespace, name, version, epoch, license, supplier, foundIn } = each
  const locator = locatorOf(each, distribution)
  const hash = createHash('sha256').update(locator).digest('hex').slice(0, 16)
  return {
    name: namespace && (type === 'golang' || namespace.startsWith('@')) ? `${namespace}/${name}` : name,
    SPDXID: `SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${hash}`,
    ...(version && { versionInfo: epoch ? `${epoch}:${version}` : version }),
    supplier: supplier ? supplierOf(type, supplier) : none,
    downloadLocation: none,
    filesAnalyzed: false,
    sourceInfo: `acquired package info from ${sources[type] ?? 'the following paths'}: ${foundIn}`,
    licenseConcluded: none,
    licenseDeclared: license && isLicenseExpression(license) ? license : none,
    ...(license && !isLicenseExpression(license) && { licenseComments: `the package says: ${license}` }),
    copyrightText: none,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator },
    ],
  }
}

/** Where packages of a type are found, in the words of the scanner that BuildKit runs. */
const sources: Readonly<Record<string, string>> = {
  deb: 'DPKG DB',
  apk: 'APK DB',
  rpm: 'RPM DB',
  npm: 'installed node module manifest file',
  pypi: 'installed python package manifest file',
  gem: 'installed gem metadata file',
  golang: 'go module information',
}

/** Whose packages a type's are where the image does not tell; of these types it is the distribution. */
const distributors: Readonly<Record<string, string>> = { deb: 'debian', apk: 'alpine', rpm: '' }

function locatorOf(each: ImagePackage, distribution: Distribution | null): string {
  const { type, name, version, epoch = '', architecture = '', source = '' } = each
  const distributor = distributors[type]
  const namespace =
    distributor === undefined ? each.namespace : namespaceOf(type, distribution) || distributor
  const isOfDistribution = distributor !== undefined && distribution
  const distro = isOfDistribution ? [distribution.id, distribution.version].filter(Boolean).join('-') : ''
  const qualifiers = { arch: architecture, distro, epoch, upstream: source }
  return packageUrl({ type, name, version, ...(namespace && { namespace }), qualifiers })
}

/** What the purl specification calls distributions of rpm by is not always their own word. */
function namespaceOf(type: string, distribution: Distribution | null): string {
  const { id } = distribution ?? { id: '' }
  if (type !== 'rpm') return id
  if (id === 'rhel') return 'redhat'
  return id.startsWith('opensuse') ? 'opensuse' : id
}

/** `Person: name (address)`; packages say `name <address>`. Vendors of rpm's packages are no persons. */
function supplierOf(type: string, supplier: string): string {
  const [start, end] = [supplier.indexOf('<'), supplier.indexOf('>')]
  const told =
    start > 0 && end > start
      ? `${supplier.slice(0, start).trim()} (${supplier.slice(start + 1, end)})`
      : supplier
  return `${type === 'rpm' ? 'Organization' : 'Person'}: ${told}`
}
