// Writes profiles of known sizes for bench.mjs, reproducibly:
//
//   many.folded   200,000 frames, nearly all of them distinct functions, in stacks of seven
//   tree.folded   200,000 frames, a call tree like that of real programs, up to 47 deep
//   deep.folded   a recursion of 2,000 levels
//
//   node bench_inputs.mjs DIRECTORY

import { writeFileSync } from 'node:fs';

const FRAMES = 200_000;

function many() {
  const lines = [];
  const stacks = Math.round((FRAMES * 500) / (6 * 500 + 1));
  for (let stack = 0; stack < stacks; stack++) {
    const id = String(stack).padStart(5, '0');
    const names = ['alloc', 'parse', 'plan', 'exec', 'read', 'leaf'].map((name) => `${name}_${id}`);
    lines.push(`svc_${Math.floor(stack / 500)};${names.join(';')} ${1 + (stack % 7)}\n`);
  }
  return lines;
}

const WORDS = ['alloc', 'copy', 'drop', 'hash', 'http', 'io', 'json', 'lock', 'map', 'page', 'parse', 'sort', 'vec'];

// Pseudorandom numbers below 1.
function randomNumbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function tree() {
  const random = randomNumbers(12345);
  const word = () => WORDS[Math.floor(random() * WORDS.length)];
  const lines = [];
  let frames = 0;
  const call = (path, budget) => {
    if (path.length > 46 || budget < 2 || frames >= FRAMES) {
      lines.push(`${path.join(';')} ${Math.max(1, Math.round(budget))}\n`);
      return;
    }
    const callees = 1 + Math.floor(random() * (path.length < 7 ? 4 : 2.2));
    let rest = budget;
    for (let callee = 0; callee < callees; callee++) {
      const share = callee === callees - 1 ? rest : rest * (0.2 + 0.6 * random());
      rest -= share;
      frames++;
      call([...path, `app::${word()}::${word()}_${path.length}_${callee}`], share * 0.97);
    }
  };
  while (frames < FRAMES) {
    call([`main_${lines.length}`], 60_000);
  }
  return lines;
}

function deep() {
  const lines = [];
  const path = [];
  for (let level = 0; level < 2_000; level++) {
    path.push(`recurse_level_${level}`);
    if (level % 100 === 99) {
      lines.push(`${path.join(';')};side_${level} 5\n`);
    }
  }
  return [...lines, `${path.join(';')} 100\n`];
}

const directory = process.argv[2];
for (const [name, lines] of Object.entries({ many: many(), tree: tree(), deep: deep() })) {
  writeFileSync(`${directory}/${name}.folded`, lines.join(''));
}
