// Builds src/flamegraph/viewer.min.js, the script in each graph, from the files in src/flamegraph/viewer.
//
//   node minify.mjs            writes it
//   node minify.mjs --check    exits with 1 if it is not what would be written

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { minify } from 'terser';

const SOURCES = new URL('../../src/flamegraph/viewer/', import.meta.url);
const TARGET = new URL('../../src/flamegraph/viewer.min.js', import.meta.url);

// The files form one script, in which only these have a place.
const FIRST = 'settings.js';
const LAST = 'start.js';

const LINE_LENGTH = 400;

function source() {
  const others = readdirSync(SOURCES).filter((name) => name.endsWith('.js') && name !== FIRST && name !== LAST);
  const names = [FIRST, ...others.sort(), LAST];
  return names.map((name) => readFileSync(new URL(name, SOURCES), 'utf8')).join('');
}

async function minified() {
  const script = `var init = (function () {\n'use strict';\n${source()}return start;\n}());\n`;
  const { code } = await minify(script, {
    ecma: 2020,
    compress: { passes: 3 },
    format: { ascii_only: true, comments: false, inline_script: true, max_line_len: LINE_LENGTH },
  });
  return code + '\n';
}

const code = await minified();
if (!process.argv.includes('--check')) {
  writeFileSync(TARGET, code);
} else if (readFileSync(TARGET, 'utf8') !== code) {
  console.error('src/flamegraph/viewer.min.js is not up to date: run `npm run minify` in tests/browser');
  process.exit(1);
}
