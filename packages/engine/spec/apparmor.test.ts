import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AppArmor } from './apparmor.ts'
import { defaultProfileText } from './apparmor-profile.ts'

/** A /sys with AppArmor in it; `load` is what the kernel does with what was written. */
function fakeSys(t: TestContext, enabled = 'Y') {
  const sys = mkdtempSync(join(tmpdir(), 'gantry-apparmor-'))
  t.after(() => rmSync(sys, { recursive: true }))
  const directory = join(sys, 'kernel/security/apparmor')
  mkdirSync(join(sys, 'module/apparmor/parameters'), { recursive: true })
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(sys, 'module/apparmor/parameters/enabled'), `${enabled}\n`)
  writeFileSync(join(directory, '.replace'), '')
  const profiles = (...names: string[]) =>
    writeFileSync(join(directory, 'profiles'), names.map((name) => `${name} (enforce)\n`).join(''))
  profiles('/usr/sbin/cupsd')
  return {
    sys,
    profiles,
    loaded: () => readFileSync(join(directory, '.replace'), 'utf8'),
    stamp: join(sys, 'stamp'),
  }
}

test('the profile is compiled and loaded when it is not there, or was made from another text', async (t) => {
  const { sys, profiles, loaded, stamp } = fakeSys(t)
  const compiled: string[] = []
  const open = (ownProfile: string) =>
    AppArmor.open({
      sys,
      stamp,
      ownProfile,
      compile: async (text) => {
        compiled.push(text)
        return Buffer.from(`compiled ${compiled.length}`)
      },
    })
  const first = await open('unconfined\n')
  assert.deepEqual(await first?.profiles(), ['/usr/sbin/cupsd'])
  await Promise.all([first?.ensureDefault(), first?.ensureDefault()])
  assert.equal(loaded(), 'compiled 1')
  assert.equal(compiled.length, 1)
  profiles('/usr/sbin/cupsd', 'gantry-default')
  await first?.ensureDefault()
  assert.equal(compiled.length, 1)

  await (await open('unconfined'))?.ensureDefault()
  assert.equal(compiled.length, 1, 'the next daemon finds it')
  await (await open('gantryd (enforce)'))?.ensureDefault()
  assert.equal(compiled.length, 2, 'one with another text replaces it')
  assert.match(compiled[1] ?? '', /signal \(receive\) peer="gantryd",/)
  profiles()
  await (await open('gantryd (enforce)'))?.ensureDefault()
  assert.equal(compiled.length, 3, 'somebody has unloaded it')
})

test('what cannot be compiled or loaded', async (t) => {
  const { sys, stamp } = fakeSys(t)
  const broken = await AppArmor.open({ sys, stamp, compile: () => Promise.reject(new Error('syntax error')) })
  await assert.rejects(
    async () => await broken?.ensureDefault(),
    /^GantryError: AppArmor enabled on system but the gantry-default profile could not be loaded: syntax error$/,
  )
  rmSync(join(sys, 'kernel/security/apparmor/.replace'))
  mkdirSync(join(sys, 'kernel/security/apparmor/.replace'))
  const closed = await AppArmor.open({ sys, stamp, compile: async () => Buffer.from('x') })
  await assert.rejects(async () => await closed?.ensureDefault(), /could not be loaded: EISDIR/)
})

test('a kernel without AppArmor', async (t) => {
  const { sys, stamp } = fakeSys(t, 'N')
  assert.equal(await AppArmor.open({ sys, stamp }), null)
  assert.equal(await AppArmor.open({ sys: join(sys, 'nowhere'), stamp }), null)
})

test('the text of the profile', () => {
  const text = defaultProfileText('unconfined')
  assert.match(text, /^profile gantry-default flags=\(attach_disconnected,mediate_deleted\) \{\n/)
  for (const rule of [
    'deny mount,',
    'deny /proc/kcore rwklx,',
    'deny /sys/kernel/security/** rwklx,',
    'network,',
  ])
    assert.ok(text.includes(`  ${rule}\n`), rule)
  assert.equal(text.match(/peer="unconfined"/g)?.length, 1)
  assert.doesNotMatch(defaultProfileText('odd" name,\\'), /odd" name/)
})
