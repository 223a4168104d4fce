import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '@gantry/dockerfile'
import type { RunConfig } from '@gantry/oci'
import { classicHistoryOf } from './classic-history.ts'

/** What the history shows of one instruction. */
function shown(text: string, config: RunConfig = {}, args: string[] = []): string | undefined {
  const [instruction = assert.fail()] = parseDockerfile(`FROM a\n${text}\n`).stages[0]?.commands ?? []
  return classicHistoryOf(instruction, config, args).created_by
}

const cases: [string, string][] = [
  ['RUN echo a  b', '/bin/sh -c echo a  b'],
  ['RUN ["a", "b c"]', 'a b c'],
  ['COPY --chown=u:g a /d/', '/bin/sh -c #(nop) COPY --chown=u:g a in /d/ '],
  ['COPY a b /d/', '/bin/sh -c #(nop) COPY a b in /d/ '],
  ['ADD http://me:secret@host/a /d/', '/bin/sh -c #(nop) ADD http://xxxxx@host/a in /d/ '],
  ['WORKDIR w', '/bin/sh -c #(nop) WORKDIR /w'],
  ['CMD ["a", "b\\"c"]', '/bin/sh -c #(nop)  CMD ["a" "b\\"c"]'],
  ['CMD a b', '/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "a b"]'],
  ['ENTRYPOINT ["a"]', '/bin/sh -c #(nop)  ENTRYPOINT ["a"]'],
  ['ENV A=1 B=2', '/bin/sh -c #(nop)  ENV A=1 B=2'],
  ['ARG A=1', '/bin/sh -c #(nop)  ARG A=1'],
  ['EXPOSE 80 53/udp', '/bin/sh -c #(nop)  EXPOSE 53/udp 80'],
  ['VOLUME /a /b', '/bin/sh -c #(nop)  VOLUME [/a /b]'],
  ['USER me', '/bin/sh -c #(nop)  USER me'],
  ['SHELL ["/bin/ash", "-c"]', '/bin/ash -c #(nop)  SHELL [/bin/ash -c]'],
  ['ONBUILD RUN x', '/bin/sh -c #(nop)  ONBUILD RUN x'],
  [
    'HEALTHCHECK --interval=90s --timeout=500ms --retries=3 CMD true',
    `/bin/sh -c #(nop)  HEALTHCHECK &{["CMD-SHELL" "true"] "1m30s" "500ms" "0s" '\\x03'}`,
  ],
  ['STOPSIGNAL SIGINT', '/bin/sh -c #(nop)  STOPSIGNAL SIGINT'],
]
for (const [text, expected] of cases) test(text, () => assert.equal(shown(text), expected))

test('RUN with arguments, and after SHELL', () => {
  assert.equal(shown('RUN x', {}, ['A=1', 'B=2']), '|2 A=1 B=2 /bin/sh -c x')
  assert.equal(shown('ENV A=1', { Shell: ['ash', '-e'] }), 'ash -e #(nop)  ENV A=1')
})
