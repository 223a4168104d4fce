import { writeFile } from 'node:fs/promises'
import type { TaskOptions } from './contracts.ts'
import { type OciSpec, specText } from './oci-spec.ts'
import type { ProcessPaths } from './paths.ts'

/** The specification with what only the runtime knows: where the root is, and the terminal. */
export function bundleSpec({ spec, stdio, rootfs }: TaskOptions, paths: ProcessPaths): OciSpec {
  const size = stdio.consoleSize
  return {
    ...spec,
    // The mount itself stays writable: the OCI runtime has yet to make the mount points in it.
    root: {
      ...spec.root,
      path: paths.rootfs,
      ...('readOnly' in rootfs && rootfs.readOnly && { readonly: true }),
    },
    process: {
      ...spec.process,
      terminal: stdio.terminal,
      ...(stdio.terminal && size ? { consoleSize: { height: size.rows, width: size.columns } } : {}),
    },
  }
}

/** Writes the specification where the OCI runtime reads it. */
export async function writeConfig(paths: ProcessPaths, spec: OciSpec): Promise<void> {
  await writeFile(paths.config, specText(spec), { mode: 0o600 })
}
