// Measures how long a flame graph takes in Chromium, headless and without a GPU: to open, zoom, unzoom,
// search, end the search, resize, and turn into other views. Prints medians in milliseconds, each from
// an event to the next paint.
//
//   node bench.mjs CHROMIUM GRAPH.svg...

import { basename } from 'node:path';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Chromium } from './chromium.mjs';

const RUNS = 5;

// In the page: when the picture is there, and how long an action takes.
function prepare() {
  const painted = () =>
    new Promise((done) =>
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => done(performance.now());
        channel.port2.postMessage(0);
      }),
    );
  addEventListener('DOMContentLoaded', async () => (window.ready = await painted()));
  window.timed = async (action) => {
    await painted();
    const start = performance.now();
    action();
    return (await painted()) - start;
  };
  window.frameOf = (low, high) => {
    const frames = [...document.querySelectorAll('#frames > g:not([display])')].map((group) => ({
      group,
      width: group.querySelector('rect').getBoundingClientRect().width,
    }));
    const fitting = frames.filter(({ width }) => width > low * innerWidth && width < high * innerWidth);
    return (fitting[0] ?? frames[1]).group;
  };
  window.clicked = (element) => element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
}

const actions = {
  zoom: () => timed(() => clicked(frameOf(0.2, 0.6))),
  deeper: () => timed(() => clicked(frameOf(0.01, 0.2))),
  unzoom: () => timed(() => clicked(document.getElementById('unzoom'))),
  search: () =>
    timed(() => {
      const input = document.getElementById('term');
      input.value = 'alloc|read';
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    }),
  'zoom, searched': () => timed(() => clicked(frameOf(0.2, 0.6))),
  'unzoom, searched': () => timed(() => clicked(document.getElementById('unzoom'))),
  'end search': () => timed(() => clicked(document.getElementById('search'))),
  icicle: () => timed(() => clicked(document.getElementById('flip'))),
  table: () => timed(() => clicked(document.getElementById('table'))),
  'no table': () => timed(() => clicked(document.getElementById('table'))),
  'callers first': () => timed(() => clicked(document.getElementById('callers'))),
};

async function open(tab, url) {
  await tab.goto('about:blank');
  await tab.goto(url);
  return tab.evaluate(() => {
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return { 'first paint': paint?.startTime ?? NaN, drawn: window.ready };
  });
}

async function resized(tab, width) {
  await tab.evaluate(() => {
    window.resized = new Promise((done) =>
      addEventListener('resize', () => timed(() => {}).then(done), { once: true, capture: true }),
    );
  });
  await tab.setSize(width, 800);
  return tab.evaluate(() => window.resized);
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function measure(tab, url) {
  const found = {};
  const note = (name, value) => (found[name] ??= []).push(value);
  for (let run = 0; run < RUNS; run++) {
    await tab.setSize(1200, 800);
    Object.entries(await open(tab, url)).forEach(([name, value]) => note(name, value));
    for (const [name, action] of Object.entries(actions)) {
      note(name, await tab.evaluate(action));
      if (name === 'unzoom') {
        note('resize', await resized(tab, 1000));
      }
    }
    note('elements', await tab.evaluate(() => document.querySelectorAll('#frames > g').length));
  }
  return Object.entries(found).map(([name, values]) => `${name} ${Math.round(median(values))}`);
}

const [executable, ...graphs] = process.argv.slice(2);
const server = http.createServer((request, response) => {
  const graph = graphs[Number(request.url.slice(1))];
  response.writeHead(graph ? 200 : 204, { 'content-type': 'image/svg+xml; charset=utf-8' });
  response.end(graph && readFileSync(graph));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = new Chromium(executable);
try {
  const tab = await browser.openTab();
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${prepare})()` });
  for (const [at, graph] of graphs.entries()) {
    const found = await measure(tab, `http://127.0.0.1:${server.address().port}/${at}`);
    console.log(`${basename(graph)}: ${found.join(', ')}`);
  }
} finally {
  await browser.close();
  server.close();
}
