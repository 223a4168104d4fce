/** Which licences packages tell of in the terms of SPDX (the specification's annex "SPDX license expressions"). */

/** Those of the SPDX licence list that packages are mostly under. */
const licenses = new Set(
  `0BSD AFL-2.1 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-2.0 Beerware
   BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Views BSD-3-Clause BSD-4-Clause BSD-4-Clause-UC BSL-1.0
   bzip2-1.0.6 CC0-1.0 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CDDL-1.0 CPL-1.0 curl EPL-1.0 EPL-2.0 EUPL-1.2 FSFAP FSFUL
   FSFULLR FTL GFDL-1.1-or-later GFDL-1.2-or-later GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0-only
   GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU IJG ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only
   LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later Libpng libtiff MIT MIT-0 MIT-CMU MPL-1.1 MPL-2.0 MS-PL NCSA NTP
   OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 Ruby Sleepycat SMLNJ SSH-OpenSSH TCL
   Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Xnet Zlib zlib-acknowledgement ZPL-2.1`.split(
    /\s+/,
  ),
)

/** What stands behind WITH. */
const exceptions = new Set(
  `Autoconf-exception-2.0 Autoconf-exception-3.0 Bison-exception-2.2 Classpath-exception-2.0 Font-exception-2.0
   GCC-exception-2.0 GCC-exception-3.1 Libtool-exception Linux-syscall-note LLVM-exception OpenJDK-assembly-exception-1.0
   openvpn-openssl-exception x11vnc-openssl-exception`.split(/\s+/),
)

const longest = 2000

/** Whether a text is an expression of known licences; what packages say in other words asserts nothing. */
export function isLicenseExpression(text: string): boolean {
  if (text.length > longest) return false
  let depth = 0
  // What may come next: a licence (or an opening bracket), the exception to one, or a word between two.
  let expected: 'license' | 'exception' | 'operator' = 'license'
  for (const word of text.replace(/[()]/g, ' $& ').trim().split(/\s+/)) {
    if (word === '(' && expected === 'license') depth++
    else if (word === ')' && expected === 'operator' && depth > 0) depth--
    else if (expected === 'license' && licenses.has(word.replace(/\+$/, ''))) expected = 'operator'
    else if (expected === 'exception' && exceptions.has(word)) expected = 'operator'
    else if (expected === 'operator' && (word === 'AND' || word === 'OR')) expected = 'license'
    else if (expected === 'operator' && word === 'WITH') expected = 'exception'
    else return false
  }
  return depth === 0 && expected === 'operator'
}
