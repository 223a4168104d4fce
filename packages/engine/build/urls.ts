/** URLs that may hold credentials. */

/** As it may be told: without them. */
export function withoutUser(text: string): string {
  const url = URL.parse(text)
  if (!url) return text.replace(/\/\/[^/@]*@/, '//')
  url.username = ''
  url.password = ''
  return url.href
}
