/** The packages of an image as a software bill of materials: SPDX 2.3, JSON. */
import { createHash } from 'node:crypto'
import { packageUrl } from './package-url.ts'
import type { ImagePackage } from './packages/package.ts'
import type { Scan } from './packages/scan.ts'
import type { Predicate } from './statement.ts'

export interface Subject {
  /** What the document is called: the image's name, or the word for none. */
  name: string
  /** Makes the document's own name, so that the same content makes the same document. */
  digest: string
  /** RFC 3339. */
  created: string
  toolVersion: string
}

const none = 'NOASSERTION'
const root = 'SPDXRef-DocumentRoot-Image'

/** Packages that are found in several files are one, with each of these files named. */
export function billOfMaterials({ distribution, packages }: Scan, subject: Subject): Predicate {
  const distro = distribution ? [distribution.id, distribution.version].filter(Boolean).join('-') : ''
  const entries = new Map<string, ReturnType<typeof describe>>()
  for (const each of packages) {
    const entry = describe(each, distro)
    const known = entries.get(entry.SPDXID)
    if (!known) entries.set(entry.SPDXID, entry)
    else known.sourceInfo += `, ${each.foundIn}`
  }
  const ids = [...entries.keys()].sort()
  return {
    type: 'https://spdx.dev/Document',
    value: {
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      name: subject.name,
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
    },
  }
}

/** SPDX knows no fractions. */
const wholeSeconds = (time: string): string => time.replace(/\.\d+Z$/, 'Z')

function describe(each: ImagePackage, distro: string) {
  const { type, namespace, name, version, architecture = '', source, license, supplier, foundIn } = each
  const isSystem = type === 'deb' || type === 'apk'
  const locator = packageUrl({
    type,
    name,
    version,
    ...(namespace && { namespace }),
    qualifiers: { arch: architecture, distro: isSystem ? distro : '', upstream: source ?? '' },
  })
  const hash = createHash('sha256').update(locator).digest('hex').slice(0, 16)
  return {
    name: namespace && (type === 'golang' || namespace.startsWith('@')) ? `${namespace}/${name}` : name,
    SPDXID: `SPDXRef-Package-${type}-${name.replace(/[^A-Za-z0-9.-]/g, '-')}-${hash}`,
    ...(version && { versionInfo: version }),
    supplier: supplier ? `Person: ${supplier}` : none,
    downloadLocation: none,
    filesAnalyzed: false,
    sourceInfo: `acquired package info from ${foundIn}`,
    licenseConcluded: none,
    licenseDeclared: license && isExpression(license) ? license : none,
    ...(license && !isExpression(license) && { licenseComments: `the package says: ${license}` }),
    copyrightText: none,
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator },
    ],
  }
}

/** Those of the SPDX licence list that packages are mostly under. */
const licenses = new Set(
  `0BSD AFL-2.1 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-1.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause BSD-4-Clause
   BlueOak-1.0.0 BSL-1.0 bzip2-1.0.6 CC0-1.0 CC-BY-3.0 CC-BY-4.0 curl EPL-2.0 FTL GPL-1.0-or-later GPL-2.0-only
   GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU ISC LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later
   LGPL-3.0-only LGPL-3.0-or-later Libpng MIT MIT-0 MPL-1.1 MPL-2.0 NCSA OpenSSL OFL-1.1 PSF-2.0 Python-2.0 Ruby
   SMLNJ TCL Unicode-3.0 Unlicense Vim W3C WTFPL X11 Zlib ZPL-2.1`.split(/\s+/),
)

/** One or more of them, joined by AND or OR; what packages say in other words asserts nothing. */
const isExpression = (text: string): boolean => text.split(/ (?:AND|OR) /).every((each) => licenses.has(each))
