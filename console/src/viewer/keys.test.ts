/** Keyboard shortcuts, and window changes by dragging. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pressKey, SHORTCUTS } from './keys.ts'
import { type Actions, changedWindow } from './use-view-state.ts'

/** Records the calls of actions. */
function recorder() {
  const calls: unknown[] = []
  const actions = new Proxy({} as Actions, {
    get:
      (_, name) =>
      (...given: unknown[]) =>
        calls.push([name, ...given]),
  })
  const press = (key: string, held: Partial<Record<'shiftKey' | 'ctrlKey' | 'altKey' | 'metaKey', boolean>> = {}) =>
    pressKey({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held }, actions)
  return { calls, press }
}

test('arrow keys scroll, and pan with Shift', () => {
  const { calls, press } = recorder()
  for (const key of ['ArrowDown', 'ArrowLeft', 'PageUp', 'Home']) assert.equal(press(key), true)
  press('ArrowLeft', { shiftKey: true })
  assert.deepEqual(calls, [
    ['step', 1],
    ['step', -1],
    ['step', -10],
    ['goTo', 0],
    ['pan', -40, 0],
  ])
})

test('letters work with Shift and Caps Lock, but not with Ctrl, Alt or Command', () => {
  const { calls, press } = recorder()
  assert.equal(press('I', { shiftKey: true }), true)
  for (const held of ['ctrlKey', 'altKey', 'metaKey']) assert.equal(press('r', { [held]: true }), false)
  assert.equal(press('q'), false)
  assert.equal(press('Tab'), false)
  assert.deepEqual(calls, [['invert']])
})

test('no two shortcuts have the same key', () => {
  const keys = SHORTCUTS.flatMap(({ keys }) => keys)
  assert.deepEqual(keys, [...new Set(keys)])
})

test('a window changes relative to its width, in whole numbers if it is wide, and stays at least 1 wide', () => {
  assert.deepEqual(changedWindow({ center: 40, width: 400 }, { wider: 0.1, higher: -0.1 }), { center: 0, width: 440 })
  assert.deepEqual(changedWindow({ center: 40, width: 400 }, { wider: 0.0001, higher: 0 }), { center: 40, width: 401 })
  assert.deepEqual(changedWindow({ center: 0.5, width: 0.25 }, { wider: 1, higher: 1 }), { center: 0.75, width: 0.5 })
  assert.equal(changedWindow({ center: 0, width: 30 }, { wider: -5, higher: 0 }).width, 1)
})

test('a letter chooses a tool, and none is that of the study view', () => {
  // N, P and L are those of the study view.
  const keys = [...SHORTCUTS.flatMap((shortcut) => shortcut.keys), 'n', 'p', 'l']
  assert.equal(new Set(keys).size, keys.length)
  const { calls, press } = recorder()
  for (const key of ['d', 'E', 'o', 'x']) press(key)
  assert.deepEqual(calls, [
    ['setTool', 'length'],
    ['setTool', 'ellipse'],
    ['turn', 1],
    ['flip', 'sideways'],
  ])
})
