// Builds the script and the style sheets in each graph from the files in src/flamegraph/viewer:
// src/flamegraph/viewer.min.js, viewer.min.css and graph.min.css.
//
//   node minify.mjs            writes them
//   node minify.mjs --check    exits with 1 if one is not what would be written

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { minify } from 'terser';
import { pack } from './pack.mjs';

const SOURCES = new URL('../../src/flamegraph/viewer/', import.meta.url);
const TARGETS = new URL('../../src/flamegraph/', import.meta.url);

// The files of the viewer form one script, in which only these have a place.
const FIRST = 'settings.js';
const LAST = 'start.js';

// What unpacks it is plain.
const BOOT = ['reader.js', 'boot.js'];

const read = (name) => readFileSync(new URL(name, SOURCES), 'utf8');

function viewer() {
  const apart = [FIRST, LAST, 'boot.js'];
  const others = readdirSync(SOURCES).filter((name) => name.endsWith('.js') && !apart.includes(name));
  const source = [FIRST, ...others.sort(), LAST].map(read).join('');
  const style = `const TOOLS_STYLE = ${JSON.stringify(compact(read('tools.css') + read('heatmap.css')))};\n`;
  return `var init = (function () {\n'use strict';\n${style}${source}return start;\n}());\n`;
}

async function minified(script) {
  const { code } = await minify(script, {
    ecma: 2020,
    compress: { passes: 3 },
    format: { ascii_only: true, comments: false, inline_script: true },
  });
  return code;
}

// The last line has the length, the hash, and the text of the viewer.
async function script() {
  const boot = await minified(`(function () {\n'use strict';\n${BOOT.map(read).join('')}}());\n`);
  const text = await minified(viewer());
  const hash = createHash('sha256').update(text).digest('base64');
  return `${boot}\n//${text.length} ${hash} ${pack(text)}\n`;
}

// A style sheet without comments, and without spaces where they mean nothing.
function compact(css) {
  return css
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,>]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .trim();
}

const targets = {
  'viewer.min.js': await script(),
  'viewer.min.css': compact(read('viewer.css')) + '\n',
  'graph.min.css': compact(read('graph.css')) + '\n',
};
for (const [name, content] of Object.entries(targets)) {
  const target = new URL(name, TARGETS);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, content);
  } else if (readFileSync(target, 'utf8') !== content) {
    console.error(`src/flamegraph/${name} is not up to date: run \`npm run minify\` in tests/browser`);
    process.exitCode = 1;
  }
}
