// Measures a flame graph in Chromium, headless and without a GPU: its size, and how long it takes to
// open, zoom, unzoom, search, end the search, resize, tell of a frame, and turn into other views. Prints
// bytes a frame, and medians in milliseconds, each from an event to the end of the frame that shows what
// it did; `drawn` is from the start of the navigation to the end of the first frame with the graph in it,
// and `first paint` to the first one with anything.
//
//   node bench_inputs.mjs DIRECTORY     # writes profiles of 200,000 frames, and of 2,000 levels
//   inferno-flamegraph DIRECTORY/many.folded >DIRECTORY/many.svg     # and so on
//   node bench.mjs CHROMIUM GRAPH.svg...

import { basename } from 'node:path';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Chromium } from './chromium.mjs';

const RUNS = 5;

// In the page: when the graph is there, and how long an action takes.
function prepare() {
  const afterFrame = () =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(0);
    });
  const painted = () => new Promise((done) => requestAnimationFrame(() => done(afterFrame())));
  // What is drawn when there is time is waited for, and part of no measurement: until nothing was added
  // for some frames.
  window.settled = async () => {
    const count = () => document.querySelectorAll('#frames rect').length;
    for (let before = -1, still = 0; still < 6; before = count()) {
      await painted();
      still = count() === before ? still + 1 : 0;
    }
    await new Promise((done) => requestIdleCallback(done));
  };
  // Called within a frame, so that what it sees is in that one.
  const look = () => {
    const rect = document.querySelector('#frames > g > rect');
    if (rect?.getBoundingClientRect().width > 0) {
      afterFrame().then((time) => (window.drawn = time));
    } else {
      requestAnimationFrame(look);
    }
  };
  addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
  // Calls `choose` for what to act on, then `act` with that.
  window.timed = async (choose, act) => {
    await settled();
    const chosen = choose();
    await painted();
    const start = performance.now();
    act(chosen);
    return (await painted()) - start;
  };
  // From the resize event to the end of the frame that follows.
  window.resizing = () =>
    new Promise((done) => {
      const note = () => {
        const start = performance.now();
        painted().then((end) => done(end - start));
      };
      addEventListener('resize', note, { once: true, capture: true });
    });
  window.frameOf = (low, high) => {
    const frames = [...document.querySelectorAll('#frames > g:not([display])')].map((group) => ({
      group,
      width: group.querySelector('rect').getBoundingClientRect().width,
    }));
    const fitting = frames.filter(({ width }) => width > low * innerWidth && width < high * innerWidth);
    return (fitting[0] ?? frames[1]).group;
  };
  window.byId = (id) => document.getElementById(id);
  window.clicked = (element) => element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
}

const press = (id) => `() => timed(() => byId('${id}'), clicked)`;
const search = () =>
  timed(
    () => byId('term'),
    (input) => {
      input.value = 'alloc|read';
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    },
  );

const actions = {
  zoom: () => timed(() => frameOf(0.2, 0.6), clicked),
  deeper: () => timed(() => frameOf(0.01, 0.2), clicked),
  unzoom: press('unzoom'),
  search,
  hover: () =>
    timed(
      () => frameOf(0.01, 0.2).querySelector('rect'),
      (rect) => rect.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })),
    ),
  'zoom, searched': () => timed(() => frameOf(0.2, 0.6), clicked),
  'unzoom, searched': press('unzoom'),
  'end search': press('search'),
  icicle: press('flip'),
  table: press('table'),
  'no table': press('table'),
  'callers first': press('callers'),
};

async function open(tab, url) {
  await tab.goto('about:blank');
  await tab.goto(url);
  return tab.evaluate(async () => {
    await settled();
    const paint = performance.getEntriesByName('first-paint')[0];
    return { 'first paint': paint?.startTime ?? NaN, drawn: window.drawn };
  });
}

// The answer to `resizing` is waited for while the size is set, as that is what starts it.
async function resized(tab, width) {
  await tab.evaluate(() => settled());
  const [time] = await Promise.all([tab.evaluate(() => resizing()), tab.setSize(width, 800)]);
  return time;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

// How many frames the file holds, as the viewer itself reads it.
function framesIn(svg) {
  const viewer = ['numbers', 'profile'].map((name) =>
    readFileSync(new URL(`../../src/flamegraph/viewer/${name}.js`, import.meta.url), 'utf8'),
  );
  const Profile = new Function(`${viewer.join('\n')}; return Profile;`)();
  const [, text] = /<metadata id="profile">([^]*?)<.metadata>/.exec(svg);
  const plain = { amp: '&', lt: '<', gt: '>' };
  return new Profile(text.replace(/&(amp|lt|gt);/g, (_, name) => plain[name])).tree.size - 1;
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
    note('elements', await tab.evaluate(() => document.querySelectorAll('#frames rect').length));
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
    const file = readFileSync(graph);
    const frames = framesIn(file.toString());
    const size = `${frames} frames, ${(file.length / frames).toFixed(1)} bytes a frame`;
    const found = await measure(tab, `http://127.0.0.1:${server.address().port}/${at}`);
    console.log(`${basename(graph)}: ${size}, ${found.join(', ')}`);
  }
} finally {
  await browser.close();
  server.close();
}
