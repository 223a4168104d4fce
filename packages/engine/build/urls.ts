/** URLs that may hold credentials. */

/** As it may be told: without them. */
export function withoutUser(text: string): string {
  const url = URL.parse(text)
  if (!url) return text.replace(/\/\/[^/@]*@/, '//')
  url.username = ''
  url.password = ''
  return url.href
}

/** What to ask for, and the credentials as a header of their own. */
export function requestFor(text: string): { url: string; headers: Record<string, string> } {
  const { username, password } = URL.parse(text) ?? { username: '', password: '' }
  if (username === '' && password === '') return { url: text, headers: {} }
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return {
    url: withoutUser(text),
    headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` },
  }
}
