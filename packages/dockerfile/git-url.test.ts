import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type GitUrl, isGitUrl, isRemoteContext, parseGitUrl } from './git-url.ts'

const good: [string, GitUrl][] = [
  ['https://host/a/b.git', { url: 'https://host/a/b.git' }],
  ['https://host/a.git#main', { url: 'https://host/a.git', ref: 'main' }],
  ['https://host/a.git#v1:sub/dir', { url: 'https://host/a.git', ref: 'v1', subdir: 'sub/dir' }],
  ['git://host/a#:sub', { url: 'git://host/a', subdir: 'sub' }],
  ['git@host:a/b.git#x', { url: 'git@host:a/b.git', ref: 'x' }],
  ['ssh://git@host:22/a', { url: 'ssh://git@host:22/a' }],
  ['github.com/a/b#c', { url: 'https://github.com/a/b', ref: 'c' }],
  [
    'https://u:p%40w@host/a.git?branch=b&subdir=s&keep-git-dir=1&submodules=false&checksum=abc',
    {
      url: 'https://host/a.git',
      credentials: 'u:p@w',
      ref: 'refs/heads/b',
      subdir: 's',
      keepGitDir: true,
      submodules: false,
      checksum: 'abc',
    },
  ],
  ['https://host/a.git?tag=v1', { url: 'https://host/a.git', ref: 'refs/tags/v1' }],
]
for (const [text, expected] of good) test(text, () => assert.deepEqual(parseGitUrl(text), expected))

const bad = [
  'https://host/a.git?nope=1',
  'https://host/a.git?ref=a&branch=b',
  'https://host/a.git?submodules=maybe',
  'https://host/a.git?ref=a#b',
  'https://host/a.git#--upload-pack=x',
  'https://host/a.git?ref=-x',
  'https://host/a.git#a\nb',
  './a',
]
for (const text of bad) test(`refused: ${JSON.stringify(text)}`, () => assert.throws(() => parseGitUrl(text)))

test('what is a repository, a download, a path', () => {
  for (const text of ['https://host/a.tar.gz', 'https://host/a', 'a.git', './git@x', 'http://h/x.github'])
    assert.equal(isGitUrl(text), false, text)
  assert.ok(isRemoteContext('http://host/a.tar'))
  assert.ok(!isRemoteContext('/a/b:c'))
})
