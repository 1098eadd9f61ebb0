// Checks graphs with axe-core, and the contrast of what axe-core does not look at: text in SVG, and the outlines of
// controls.
//
//   node accessible.mjs CHROMIUM DIRECTORY
//
// tests/browser.rs draws the graphs in the directory. Prints a line for each state of each graph in which something is
// wrong, and exits with 1 if there is any. Requires `npm ci`.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { Chromium } from './chromium.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const GRAPHS = ['page.html', 'modern-page.html', 'graph.svg', 'modern.svg', 'changed.svg', 'log.svg', 'parts.svg'];
const INLINED = ['graph.svg', 'modern.svg'];

// What a user does to get to a state: keys, or ids of what is clicked.
const STATES = {
  plain: [],
  zoomed: ['Tab', 'ArrowUp', 'Enter'],
  searched: ['/', 'main', 'Enter'],
  'searched in vain': ['/', '(', 'Enter'],
  icicle: ['i'],
  table: ['t'],
  both: ['B'],
  callers: ['r'],
  sandwich: ['s'],
  menu: ['#menu'],
  help: ['?'],
};

const MODES = [
  { isDark: false, width: 1280 },
  { isDark: true, width: 1280 },
];
// A phone has the same colors.
const PHONE = { isDark: false, width: 375 };
const ON_PHONE = ['alone/page.html', 'alone/modern.svg'];

// ---- In the page ----

// Everything that has too little contrast: text less than 4.5:1, outlines of controls less than 3:1.
function faint() {
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  // Like the color of a row under the pointer.
  const isClear = (color) => parts(color)[3] < 0.1;
  const luminance = (color) => {
    const [red, green, blue] = parts(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const backgrounds = [...document.querySelectorAll('#background stop')].map((stop) => getComputedStyle(stop).stopColor);
  // The opaque colors behind an element.
  const behind = (element) => {
    const colors = [];
    for (let at = element; at && colors.length === 0; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      colors.push(...(isClear(backgroundColor) ? [] : [backgroundColor]));
    }
    return colors.length > 0 ? colors : backgrounds;
  };
  const isVisible = (element) =>
    element.getClientRects().length > 0 && getComputedStyle(element).visibility === 'visible';
  const found = [];
  const note = (what, color, all, least) => {
    const ratio = Math.min(...all.map((other) => contrast(color, other)));
    if (ratio < least) {
      found.push(`${what}: ${color} on ${all} is ${ratio.toFixed(2)}:1`);
    }
  };
  const visible = (selector) => [...document.querySelectorAll(selector)].filter(isVisible);
  for (const text of visible('svg text').filter((text) => text.textContent.trim())) {
    const back = text.closest('#frames, #legend') && text.previousElementSibling;
    const on = back?.localName === 'rect' ? [getComputedStyle(back).fill] : backgrounds;
    note(`text ${text.id || text.textContent}`, getComputedStyle(text).fill, on, 4.5);
  }
  for (const element of visible('foreignObject *').filter((one) => one.firstChild?.nodeType === Node.TEXT_NODE)) {
    note(`text ${element.textContent}`, getComputedStyle(element).color, behind(element), 4.5);
  }
  for (const control of visible('#tools > div > button, #tools .segments button, #tools .field')) {
    note(`outline of ${control.id || control.className}`, getComputedStyle(control).borderTopColor, backgrounds, 3);
  }
  return found;
}

async function violations() {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 200)} (${any[0]?.message})`).join('; ')}`);
}

// ---- Visiting ----

async function follow(tab, steps) {
  for (const step of steps) {
    if (step.startsWith('#')) {
      await tab.evaluate((id) => document.querySelector(id).click(), step);
      await tab.settle();
    } else if (step.length > 1 && /^[a-z]/.test(step)) {
      await tab.type(step);
    } else {
      await tab.press(step);
    }
  }
}

async function inspect(tab, url, isDark, steps) {
  await tab.send('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: isDark ? 'dark' : 'light' }],
  });
  await tab.goto(url);
  // The keys of a graph in a host page apply while it is in use.
  await tab.move({ x: 200, y: 200 });
  await follow(tab, steps);
  await tab.evaluate(`() => { ${axe} }`);
  return [...(await tab.evaluate(violations)), ...(await tab.evaluate(faint))];
}

function pageWith(svg) {
  const inline = svg.replace(/^<\?xml[^>]*>/, '').replace(/<!DOCTYPE[^>]*>/, '');
  return `<!doctype html><html lang="en"><head><title>Host</title><meta name="viewport" content="width=device-width">
    <style>@media (prefers-color-scheme: dark) { body { background: #1c1c1e; color: #eee; } }</style></head>
    <body><main><h1>Host</h1>${inline}</main></body></html>`;
}

function serve(directory) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const [, kind, name] = pathname.split('/');
    const isKnown = GRAPHS.includes(name);
    const text = isKnown ? readFileSync(`${directory}/${name}`, 'utf8') : '';
    const isInlined = kind === 'inlined';
    const type = name?.endsWith('.svg') && !isInlined ? 'image/svg+xml' : 'text/html';
    response.writeHead(isKnown ? 200 : 204, { 'content-type': `${type}; charset=utf-8` });
    response.end(isInlined ? pageWith(text) : text);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const [executable, directory] = process.argv.slice(2);
const server = await serve(directory);
const browser = new Chromium(executable);
const paths = [...GRAPHS.map((name) => `alone/${name}`), ...INLINED.map((name) => `inlined/${name}`)];
let [states, wrong] = [0, 0];
try {
  const tab = await browser.openTab();
  await tab.send('Page.setBypassCSP', { enabled: true });
  for (const path of paths) {
    for (const { isDark, width } of ON_PHONE.includes(path) ? [...MODES, PHONE] : MODES) {
      await tab.setSize(width, 800);
      for (const [name, steps] of Object.entries(STATES)) {
        const found = await inspect(tab, `http://127.0.0.1:${server.address().port}/${path}`, isDark, steps);
        states++;
        wrong += found.length > 0 ? 1 : 0;
        if (found.length > 0) {
          console.log(`${path}, ${isDark ? 'dark' : 'light'}, ${width} pixels, ${name}:\n  ${found.join('\n  ')}`);
        }
      }
    }
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`${states} states, ${wrong} wrong`);
process.exitCode = states === 0 || wrong > 0 ? 1 : 0;
