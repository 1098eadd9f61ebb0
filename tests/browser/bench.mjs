// Measures a flame graph in Chromium, headless and without a GPU: its size, and the time to open, zoom,
// unzoom, search, end the search, resize, show details, and switch views. Prints bytes per frame, and medians
// in milliseconds, each from an event to the end of the frame that shows its effect; `drawn` is the time from
// the start of the navigation to the end of the first frame with the graph, and `first paint` to the first
// paint of anything. `zoom 57 (31)`: of 57 ms, the main thread of the page used a CPU for 31. `complete` is its CPU
// time until postponed drawing is done, too.
//
//   node bench_inputs.mjs DIRECTORY     # writes profiles of 200,000 frames, and of 2,000 levels
//   inferno-flamegraph DIRECTORY/many.folded >DIRECTORY/many.svg     # and so on
//   node bench.mjs CHROMIUM GRAPH.svg...
//
// Graphs of the published tool are measured by what they can do. So is speedscope, from the npm package of that name,
// if its directory is given; then files that are not SVG are profiles that it opens:
//
//   SPEEDSCOPE=node_modules/speedscope/dist/release node bench.mjs CHROMIUM GRAPH.svg PROFILE.folded

import { basename, extname, join } from 'node:path';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Chromium } from './chromium.mjs';

const RUNS = 5;

// Runs in the page: detects when the graph is complete, and how long an action takes.
function prepare() {
  const afterFrame = () =>
    new Promise((done) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(0);
    });
  window.painted = () => new Promise((done) => requestAnimationFrame(() => done(afterFrame())));
  // Waits for postponed drawing, which is not part of any measurement, until nothing was added for several
  // frames.
  window.settled = async () => {
    const count = () => document.querySelectorAll('#frames rect').length;
    for (let before = -1, still = 0; still < 6; before = count()) {
      await painted();
      still = count() === before ? still + 1 : 0;
    }
    await new Promise((done) => requestIdleCallback(done));
  };
  // Runs in an animation frame, so that it sees the contents of that frame.
  const look = () => {
    const rect = document.querySelector('#frames > g > rect');
    const isSpeedscope = document.title.endsWith(' - speedscope');
    if (rect?.getBoundingClientRect().width > 0 || isSpeedscope) {
      afterFrame().then((time) => (window.drawn = time));
    } else {
      requestAnimationFrame(look);
    }
  };
  addEventListener('DOMContentLoaded', () => requestAnimationFrame(look));
  // Calls `choose` to select a target for `timed`.
  window.ready = async (choose) => {
    await settled();
    window.chosen = await choose();
    await painted();
  };
  window.timed = async (act) => {
    const start = performance.now();
    act(window.chosen);
    return (await painted()) - start;
  };
  // From the resize event to the end of the next frame.
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
  window.withText = (text) => {
    const found = [...document.querySelectorAll('div')].filter((div) => div.textContent.includes(text));
    return found[found.length - 1];
  };
  window.byId = (id) => document.getElementById(id);
  window.clicked = (element) => element.dispatchEvent(new MouseEvent('click', { bubbles: true }));
}

// Actions are pairs of functions in the page: the first selects a target, the second acts on it.
const press = (id) => [`() => byId('${id}')`, 'clicked'];
const zoom = (low, high) => [`() => frameOf(${low}, ${high})`, 'clicked'];

const actions = {
  zoom: zoom(0.2, 0.6),
  deeper: zoom(0.01, 0.2),
  unzoom: press('unzoom'),
  search: [
    () => byId('term'),
    (input) => {
      input.value = 'alloc|read';
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
    },
  ],
  hover: [
    () => frameOf(0.01, 0.2).querySelector('rect'),
    (rect) => rect.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })),
  ],
  'zoom, searched': zoom(0.2, 0.6),
  'unzoom, searched': press('unzoom'),
  'end search': press('search'),
  icicle: press('icicle'),
  table: press('table'),
  'no table': press('table'),
  'callers first': press('callers'),
};

// The published tool asks for the term, in a window that would wait for an answer.
const publishedActions = {
  zoom: actions.zoom,
  deeper: actions.deeper,
  unzoom: actions.unzoom,
  search: [
    () => {
      window.prompt = () => 'alloc|read';
      return byId('search');
    },
    'clicked',
  ],
  'zoom, searched': actions.zoom,
  'unzoom, searched': actions.unzoom,
  'end search': press('search'),
};

// In its view of merged stacks, which `icicle` opens. Its table is part of another view.
const speedscopeActions = {
  icicle: [() => withText('Left Heavy'), 'clicked'],
  zoom: [
    () => {
      const canvases = [...document.querySelectorAll('canvas')].filter((canvas) => canvas.clientHeight > 200);
      const target = canvases[canvases.length - 1];
      const { left, top } = target.getBoundingClientRect();
      const at = { bubbles: true, clientX: left + 300, clientY: top + 70 };
      target.dispatchEvent(new MouseEvent('mousemove', at));
      return { target, at };
    },
    ({ target, at }) => target.dispatchEvent(new MouseEvent('dblclick', at)),
  ],
  unzoom: [
    () => window,
    (page) => page.dispatchEvent(new KeyboardEvent('keydown', { key: '0', code: 'Digit0', bubbles: true })),
  ],
  search: [
    async () => {
      window.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true }));
      await settled();
      return document.querySelector('input');
    },
    (input) => {
      input.value = 'alloc';
      input.dispatchEvent(new Event('input', { bubbles: true }));
    },
  ],
  table: [() => withText('Sandwich'), 'clicked'],
};

// The CPU time of the page's main thread so far, in milliseconds.
async function cpuTime(tab) {
  const { metrics } = await tab.send('Performance.getMetrics');
  return 1000 * metrics.find(({ name }) => name === 'ThreadTime').value;
}

// The result of `action`, a time, and the CPU time until then.
async function withCpu(tab, action) {
  const start = await cpuTime(tab);
  const time = await action();
  return { time, cpu: (await cpuTime(tab)) - start };
}

// Starts at an empty page of the same server, which the same process shows.
async function open(tab, url) {
  await tab.goto(new URL('/empty', url).href);
  const start = await cpuTime(tab);
  const drawn = await withCpu(tab, async () => {
    await tab.goto(url);
    return tab.evaluate(async () => {
      while (window.drawn === undefined) {
        await painted();
      }
      return window.drawn;
    });
  });
  await tab.evaluate(() => settled());
  const time = await tab.evaluate(() => performance.getEntriesByName('first-paint')[0]?.startTime ?? NaN);
  return { 'first paint': { time }, drawn, complete: { time: (await cpuTime(tab)) - start } };
}

// Sets the size while waiting for the answer of `resizing`, because that triggers it.
async function resized(tab, width) {
  await tab.evaluate(() => settled());
  return withCpu(tab, async () => {
    const [time] = await Promise.all([tab.evaluate(() => resizing()), tab.setSize(width, 800)]);
    return time;
  });
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

// The number of frames in the file, as read by the viewer.
function framesIn(svg) {
  const viewer = ['numbers', 'reader', 'profile', 'modules', 'parts', 'graph', 'colors'].map((name) =>
    readFileSync(new URL(`../../src/flamegraph/viewer/${name}.js`, import.meta.url), 'utf8'),
  );
  const Profile = new Function(`${viewer.join('\n')}; return Profile;`)();
  const [, text] = /<metadata id="profile">([^]*?)<.metadata>/.exec(svg);
  const plain = { amp: '&', lt: '<', gt: '>' };
  return new Profile(text.replace(/&(amp|lt|gt);/g, (_, name) => plain[name])).tree.size - 1;
}

async function measure(tab, url, actions) {
  const found = {};
  const note = (name, value) => (found[name] ??= []).push(value);
  for (let run = 0; run < RUNS; run++) {
    await tab.setSize(1200, 800);
    Object.entries(await open(tab, url)).forEach(([name, value]) => note(name, value));
    for (const [name, [choose, act]] of Object.entries(actions)) {
      await tab.evaluate(`() => ready(${choose})`);
      note(name, await withCpu(tab, () => tab.evaluate(`() => timed(${act})`)));
      if (name === 'unzoom') {
        note('resize', await resized(tab, 1000));
      }
    }
    note('elements', { time: await tab.evaluate(() => document.querySelectorAll('#frames rect').length) });
  }
  return Object.entries(found).map(([name, values]) => {
    const [time, cpu] = ['time', 'cpu'].map((key) => Math.round(median(values.map((value) => value[key]))));
    return `${name} ${time}${Number.isNaN(cpu) ? '' : ` (${cpu})`}`;
  });
}

const TYPES = { '.svg': 'image/svg+xml', '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

// What to open, what it is, and what can be measured.
function subjectOf(path, at) {
  if (extname(path) !== '.svg') {
    return { url: `/speedscope/index.html#profileURL=/${at}`, size: 'speedscope', actions: speedscopeActions };
  }
  const file = readFileSync(path);
  const text = file.toString();
  const isPublished = !text.includes('<metadata id="profile">');
  const frames = isPublished ? text.split('<title>').length - 2 : framesIn(text);
  const size = `${frames} frames, ${(file.length / frames).toFixed(1)} bytes a frame`;
  return { url: `/${at}`, size: isPublished ? `published, ${size}` : size, actions: isPublished ? publishedActions : actions };
}

const [executable, ...paths] = process.argv.slice(2);
const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const [, asset] = /^\/speedscope\/([\w.-]+)$/.exec(pathname) ?? [];
  const path = asset ? join(process.env.SPEEDSCOPE, asset) : paths[Number(pathname.slice(1))];
  const type = TYPES[path ? extname(path) : '.html'] ?? 'application/octet-stream';
  const isFound = path || pathname === '/empty';
  response.writeHead(isFound ? 200 : 204, isFound ? { 'content-type': `${type}; charset=utf-8` } : {});
  response.end(path && readFileSync(path));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = new Chromium(executable);
try {
  const tab = await browser.openTab();
  await tab.send('Performance.enable');
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: `(${prepare})()` });
  for (const [at, path] of paths.entries()) {
    const { url, size, actions } = subjectOf(path, at);
    const found = await measure(tab, `http://127.0.0.1:${server.address().port}${url}`, actions);
    console.log(`${basename(path)}: ${size}, ${found.join(', ')}`);
  }
} finally {
  await browser.close();
  server.close();
}
