import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../parse.ts'
import { checkDockerfile } from './check.ts'
import { ruleDescription, rulePage } from './rules.ts'
import { parseCheckSettings } from './settings.ts'

const automatic = ['TARGETPLATFORM', 'TARGETARCH', 'BUILDPLATFORM']
const experimental = new Set(['InvalidDefinitionDescription'])

/** `line: rule: message` of each finding of a rule; comments of the cases describe nothing. */
function found(text: string): string[] {
  return checkDockerfile(parseDockerfile(text), text, automatic)
    .filter(({ rule }) => text.includes('described') || !experimental.has(rule))
    .map(({ rule, message, lines }) => `${lines.first}: ${rule}: ${message}`)
}

const cases: [rule: string, text: string, expected: string[]][] = [
  ['StageNameCasing', 'FROM a AS Base\n', ["1: Stage name 'Base' should be lowercase"]],
  ['FromAsCasing', 'FROM a as b\n', ["1: 'as' and 'FROM' keywords' casing do not match"]],
  ['FromAsCasing', 'from a as b\n', []],
  ['NoEmptyContinuation', 'FROM a\nRUN x \\\n\n y\n', ['2: Empty continuation line']],
  [
    'ConsistentInstructionCasing',
    'FROM a\nrun x\nCopy a b\n',
    [
      "2: Command 'run' should match the case of the command majority (uppercase)",
      "3: Command 'Copy' should match the case of the command majority (uppercase)",
    ],
  ],
  [
    'ConsistentInstructionCasing',
    'from a\nrun x\nRUN y\n',
    ["3: Command 'RUN' should match the case of the command majority (lowercase)"],
  ],
  [
    'DuplicateStageName',
    'FROM a AS b\nFROM c AS b\n',
    ['2: Duplicate stage name "b", stage names should be unique'],
  ],
  [
    'ReservedStageName',
    'FROM a AS scratch\nFROM a AS context\n',
    [
      '1: Stage name should not use the same name as reserved stage "scratch"',
      '2: Stage name should not use the same name as reserved stage "context"',
    ],
  ],
  [
    'JSONArgsRecommended',
    'FROM a AS x\nCMD x\nENTRYPOINT y\nFROM a AS s\nSHELL ["x"]\nCMD z\nFROM s\nCMD ["x"]\nENTRYPOINT z\n',
    [
      '2: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
      '3: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals',
    ],
  ],
  [
    'MaintainerDeprecated',
    'FROM a\nMAINTAINER me\n',
    ['2: Maintainer instruction is deprecated in favor of using label'],
  ],
  [
    'UndefinedArgInFrom',
    `ARG VERSION=1\nFROM a:$VERSIO\nFROM --platform=$BUILDPLATFORM a:\${VERSION}\nFROM --platform=$NOPE a\n`,
    [
      "2: FROM argument 'VERSIO' is not declared (did you mean VERSION?)",
      "4: FROM argument 'NOPE' is not declared",
    ],
  ],
  [
    'WorkdirRelativePath',
    'FROM a AS one\nWORKDIR rel\nWORKDIR more\nFROM one\nWORKDIR x\nFROM a\nWORKDIR /x\nWORKDIR y\n',
    ['2: Relative workdir "rel" can have unexpected results if the base image changes'],
  ],
  [
    'MultipleInstructionsDisallowed',
    'FROM a\nCMD ["x"]\nCMD ["y"]\nFROM a\nCMD ["x"]\nHEALTHCHECK NONE\nHEALTHCHECK NONE\n',
    [
      '2: Multiple CMD instructions should not be used in the same stage because only the last one will be used',
      '6: Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used',
    ],
  ],
  [
    'LegacyKeyValueFormat',
    'FROM a\nENV A b c\nLABEL l m\nENV A=b\n',
    [
      '2: "ENV key=value" should be used instead of legacy "ENV key value" format',
      '3: "LABEL key=value" should be used instead of legacy "LABEL key value" format',
    ],
  ],
  [
    'RedundantTargetPlatform',
    'FROM --platform=$TARGETPLATFORM a\nFROM --platform=$BUILDPLATFORM a\n',
    [
      '1: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
    ],
  ],
  [
    'SecretsUsedInArgOrEnv',
    'ARG TOKEN\nFROM a\nARG AWS_SECRET_ACCESS_KEY MONKEY PUBLIC_KEY\nENV passwd=x Authority=y\n',
    [
      '1: Do not use ARG or ENV instructions for sensitive data (ARG "TOKEN")',
      '3: Do not use ARG or ENV instructions for sensitive data (ARG "AWS_SECRET_ACCESS_KEY")',
      '4: Do not use ARG or ENV instructions for sensitive data (ENV "passwd")',
    ],
  ],
  [
    'InvalidDefaultArgInFrom',
    `ARG TAG\nARG OK=1\nARG FULL\nFROM a:$TAG\nFROM a:$OK\nFROM $FULL\nFROM a:\${TAG:-x}\nFROM x/$TARGETARCH:1\n`,
    [
      '4: Default value for ARG a:$TAG results in empty or invalid base image name',
      '6: Default value for ARG $FULL results in empty or invalid base image name',
    ],
  ],
  [
    'FromPlatformFlagConstDisallowed',
    'FROM --platform=linux/amd64 a\nFROM --platform=linux/arm64 a AS build_arm64\n',
    ['1: FROM --platform flag should not use constant value "linux/amd64"'],
  ],
  [
    'InvalidDefinitionDescription',
    '# bar described wrongly\nARG foo\n# base the one\nFROM a AS base\n\n# free\n\nARG x\n# Y is y\nARG y\n',
    ['2: Comment for ARG should follow the format: `# foo <description>`'],
  ],
  [
    'ExposeProtoCasing',
    'FROM a\nEXPOSE 80/TcP 81/udp\n',
    ["2: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase"],
  ],
  [
    'ExposeInvalidFormat',
    'FROM a\nEXPOSE 127.0.0.1:80:80 5000:6000 7\n',
    [
      "2: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
      "2: EXPOSE instruction should not define an IP address or host-port mapping, found '5000:6000'",
    ],
  ],
]

for (const [rule, text, expected] of cases)
  test(`${rule}: ${JSON.stringify(text)}`, () => {
    const own = found(text).filter((line) => line.includes(` ${rule}: `))
    assert.deepEqual(
      own,
      expected.map((line) => line.replace(': ', `: ${rule}: `)),
    )
    assert.ok(ruleDescription(rule))
  })

test('a Dockerfile without faults has no findings', () => {
  const text = 'ARG V=1\nFROM a:$V AS one\nWORKDIR /w\nRUN x\nFROM one\nCOPY --from=one /w /w\nCMD ["x"]\n'
  assert.deepEqual(found(text), [])
})

test('settings: what is skipped, what is an error, what is asked for', () => {
  const settings = parseCheckSettings('skip=JSONArgsRecommended,stagenamecasing;error=true')
  assert.equal(settings.error, true)
  assert.equal(settings.runs('StageNameCasing'), false)
  assert.equal(settings.runs('UndefinedVar'), true)
  assert.equal(settings.runs('InvalidDefinitionDescription'), false)
  assert.equal(parseCheckSettings('skip=all').runs('UndefinedVar'), false)
  assert.equal(parseCheckSettings('experimental=all').runs('InvalidDefinitionDescription'), true)
  assert.throws(() => parseCheckSettings('nope=1'), /invalid check option "nope=1"/)
  assert.throws(() => parseCheckSettings('error=maybe'), /invalid syntax/)
})

test('each rule has its page', () => {
  assert.equal(
    rulePage('JSONArgsRecommended'),
    'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
  )
  assert.equal(
    rulePage('SecretsUsedInArgOrEnv'),
    'https://docs.docker.com/go/dockerfile/rule/secrets-used-in-arg-or-env/',
  )
  assert.equal(rulePage('None'), undefined)
})
