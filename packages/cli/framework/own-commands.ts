import type { CommandSpec, FlagSpec, GroupSpec } from './tree.ts'

/** Commands that Docker's command line does not have. */
export const ownCommands: CommandSpec[] = [
  {
    paths: ['daemon'],
    short: 'Run the Gantry daemon',
    usage: ['[OPTIONS]'],
    args: [0, null],
    flags: [],
    passthrough: true,
  },
  {
    paths: ['debug'],
    short: 'Look into a container with tools of your own, without changing it',
    usage: ['[OPTIONS] CONTAINER [COMMAND] [ARG...]'],
    args: [1, null],
    flagsFirst: true,
    flags: [
      { long: 'detach-keys', type: 'string', desc: 'Override the key sequence for detaching a container' },
      { long: 'env', short: 'e', type: 'list', multi: true, desc: 'Set environment variables' },
      { long: 'env-file', type: 'list', multi: true, desc: 'Read in a file of environment variables' },
      {
        long: 'image',
        type: 'string',
        desc: "Take the tools and the file system from an image; the container's files are at /proc/1/root",
      },
      { long: 'interactive', short: 'i', type: 'bool', desc: 'Keep STDIN open (default without a command)' },
      {
        long: 'privileged',
        type: 'bool',
        desc: 'Give all capabilities to the command, not those of the container',
      },
      {
        long: 'tty',
        short: 't',
        type: 'bool',
        desc: 'Allocate a pseudo-TTY (default without a command, on a terminal)',
      },
      {
        long: 'user',
        short: 'u',
        type: 'string',
        desc: 'Username or UID (format: "<name|uid>[:<group|gid>]") (default: root)',
      },
      { long: 'workdir', short: 'w', type: 'string', desc: 'Working directory inside the container' },
    ],
  },
  {
    paths: ['system gc'],
    short: "Clean up images and build cache by the daemon's policy",
    usage: ['[OPTIONS]'],
    args: [0, 0],
    flags: [{ long: 'dry-run', type: 'bool', desc: 'Show what would be removed' }],
  },
  {
    paths: ['builder du'],
    short: 'Disk usage',
    usage: ['[OPTIONS]'],
    args: [0, 0],
    flags: [
      { long: 'filter', type: 'filter', multi: true, desc: 'Provide filter values' },
      { long: 'format', type: 'string', desc: 'Format the output ("pretty", "json", or a Go template)' },
      { long: 'verbose', type: 'bool', desc: 'Shorthand for "--format=pretty"' },
    ],
  },
  {
    paths: ['builder cache ls', 'builder cache list'],
    short: 'List cache mounts',
    usage: ['[OPTIONS]'],
    args: [0, 0],
    flags: [{ long: 'quiet', short: 'q', type: 'bool', desc: 'Only display mount IDs' }],
  },
  {
    paths: ['builder cache rm', 'builder cache remove'],
    short: 'Remove one or more cache mounts',
    usage: ['ID [ID...]'],
    args: [1, null],
    flags: [],
  },
  {
    paths: ['builder cache export'],
    short: "Export a cache mount's content as a tar archive",
    usage: ['[OPTIONS] ID'],
    args: [1, 1],
    flags: [{ long: 'output', short: 'o', type: 'string', desc: 'Write to a file, instead of STDOUT' }],
  },
  {
    paths: ['builder cache import'],
    short: 'Make a tar archive the content of a cache mount',
    usage: ['[OPTIONS] ID'],
    args: [1, 1],
    flags: [{ long: 'input', short: 'i', type: 'string', desc: 'Read from a file, instead of STDIN' }],
  },
  {
    paths: ['image diff'],
    short: 'List the files that differ between two images',
    usage: ['[OPTIONS] IMAGE IMAGE'],
    args: [2, 2],
    flags: [
      { long: 'format', type: 'string', desc: 'Print each difference as an object ("json")' },
      {
        long: 'platform',
        type: 'string',
        desc: 'Compare the images for this platform (e.g., "linux/amd64")',
      },
    ],
  },
  {
    paths: ['image explore'],
    short: 'Look through the layers of an image and what they waste',
    usage: ['[OPTIONS] IMAGE'],
    args: [1, 1],
    flags: [
      {
        long: 'format',
        type: 'string',
        desc: 'Print a report in the place of the view on the terminal ("text", "json")',
      },
      {
        long: 'platform',
        type: 'string',
        desc: 'Explore the image for this platform (e.g., "linux/amd64")',
      },
    ],
  },
]

const healthOnFailure: FlagSpec = {
  long: 'health-on-failure',
  type: 'string',
  desc: 'Action when the container turns unhealthy ("none", "kill", "restart", "stop")',
}

/** Groups that Docker's command line does not have. */
export const ownGroups: GroupSpec[] = [{ path: 'builder cache', short: 'Manage cache mounts' }]

/** Flags that Docker's commands do not have, by the command's main name. */
export const ownFlags: Record<string, FlagSpec[]> = {
  'image build': [
    {
      long: 'annotation',
      type: 'list',
      multi: true,
      desc: 'Add annotation to the image (format: "[manifest|index|manifest-descriptor|index-descriptor][[platform]]:key=value")',
    },
    {
      long: 'attest',
      type: 'list',
      multi: true,
      desc: 'Attestation parameters (format: "type=provenance,mode=max" or "type=sbom")',
    },
    {
      long: 'build-context',
      type: 'list',
      multi: true,
      desc: 'Additional build contexts (e.g., name=path, name=docker-image://image, name=oci-layout://path)',
    },
    { long: 'load', type: 'bool', desc: 'Keep the image on this machine, besides what --output says' },
    { long: 'metadata-file', type: 'string', desc: 'Write build result metadata to a file' },
    {
      long: 'output',
      short: 'o',
      type: 'list',
      multi: true,
      desc: 'Output destination (format: "type=local,dest=path")',
    },
    { long: 'platform', type: 'list', multi: true, desc: 'Set target platforms for build' },
    { long: 'provenance', type: 'string', desc: 'Shorthand for "--attest=type=provenance"' },
    {
      long: 'progress',
      type: 'string',
      desc: 'Set type of progress output ("auto", "plain", "tty", "rawjson", "quiet")',
    },
    { long: 'push', type: 'bool', desc: 'Shorthand for "--output=type=registry"' },
    { long: 'call', type: 'string', desc: 'Set method for evaluating build ("check", "outline", "targets")' },
    { long: 'check', type: 'bool', desc: 'Shorthand for "--call=check"' },
    { long: 'sbom', type: 'string', desc: 'Shorthand for "--attest=type=sbom"' },
    {
      long: 'secret',
      type: 'list',
      multi: true,
      desc: 'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")',
    },
    {
      long: 'ssh',
      type: 'list',
      multi: true,
      desc: 'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")',
    },
    {
      long: 'cache-from',
      type: 'list',
      multi: true,
      desc: 'External cache sources (e.g., "user/app:cache", "type=registry,ref=user/app:cache")',
    },
    {
      long: 'cache-to',
      type: 'list',
      multi: true,
      desc: 'Cache export destinations (e.g., "user/app:cache", "type=registry,ref=user/app:cache,mode=max")',
    },
    { long: 'no-cache-filter', type: 'list', multi: true, desc: 'Do not cache specified stages' },
    { long: 'debug-on-error', type: 'bool', desc: 'Open a shell in the file system of a step that fails' },
    { long: 'explain', type: 'bool', desc: 'Tell for each step that was not cached what had changed' },
  ],
  'builder prune': [
    {
      long: 'max-used-space',
      type: 'bytes',
      default: '0',
      desc: 'Maximum amount of disk space allowed to keep for cache',
    },
    {
      long: 'min-free-space',
      type: 'bytes',
      default: '0',
      desc: 'Target amount of free disk space after pruning',
    },
    {
      long: 'reserved-space',
      type: 'bytes',
      default: '0',
      desc: 'Amount of disk space always allowed to keep for cache',
    },
  ],
  'container create': [healthOnFailure],
  'container run': [
    healthOnFailure,
    {
      long: 'wait',
      type: 'bool',
      desc: 'With --detach: return when the container is healthy, or runs if it has no health check',
    },
    {
      long: 'wait-timeout',
      type: 'duration',
      desc: 'Longest time for --wait (ms|s|m|h) (default: no limit)',
    },
  ],
  'container logs': [{ long: 'clear', type: 'bool', desc: 'Empty the log instead of showing it' }],
  'container wait': [
    {
      long: 'state',
      type: 'list',
      multi: true,
      desc: 'Wait until the container is in one of these states (created, running, paused, restarting, exited, dead, removed, healthy, unhealthy)',
    },
    { long: 'timeout', type: 'duration', desc: 'Longest time to wait (ms|s|m|h) (default: no limit)' },
  ],
}
