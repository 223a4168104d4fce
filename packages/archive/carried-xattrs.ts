/** Attributes that an archive may carry; the overlay's own and those of security modules are the host's. */
export function isCarried(name: string): boolean {
  if (name.startsWith('user.')) return !name.startsWith('user.overlay.')
  return ['security.capability', 'system.posix_acl_access', 'system.posix_acl_default'].includes(name)
}
