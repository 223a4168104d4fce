/** A package that an image has, as one of its package databases tells. */
export interface ImagePackage {
  /** Of package URLs: `deb`, `apk`, `npm`, `pypi`, `gem`, `golang`, `rpm`. */
  type: string
  /** What names of its kind belong to. Those of distributions belong to the image's. */
  namespace?: string
  name: string
  version: string
  /** Goes before the version where versions are compared (rpm). */
  epoch?: string
  architecture?: string
  /** The source package, when it is called otherwise. */
  source?: string
  /** As the package tells it; not always an SPDX expression. */
  license?: string
  supplier?: string
  /** The file that told of it, from the root. */
  foundIn: string
}

/** The distribution of an image: `debian`, `12`. */
export interface Distribution {
  id: string
  version: string
}
