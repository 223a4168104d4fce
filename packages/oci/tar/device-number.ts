/** Major and minor number of a device, as glibc and the kernel count: 12 + 20 bits of major, 20 + 12 of minor. */
export const deviceNumbers = (device: bigint): [major: number, minor: number] => [
  Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
  Number((device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn)),
]
