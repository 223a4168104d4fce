/** How configuration files call Docker's own registry. */
export const dockerHub = 'https://index.docker.io/v1/'

/** The `host:port` of a server address that may have a scheme and a path, as old configuration files have them. */
export function hostOf(server: string): string {
  if (server.includes('://') && URL.canParse(server)) {
    const { host } = new URL(server)
    if (host !== '') return host
  }
  return server.split('/')[0] ?? ''
}

/** The server address under which the credentials for an image's registry are kept. */
export function serverOfImage(imageName: string): string {
  const first = imageName.split('/')[0] ?? ''
  const isHost =
    imageName.includes('/') && (/[.:]/.test(first) || first === 'localhost' || /[A-Z]/.test(first))
  return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? first : dockerHub
}
