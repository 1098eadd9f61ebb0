// Measures a flame graph in Chromium, headless and without a GPU: its size, and the time to open, zoom,
// unzoom, search, end the search, resize, show details, and switch views. Prints bytes per frame, and medians
// in milliseconds, each from an event to the end of the frame that shows its effect; `drawn` is the time from
// the start of the navigation to the end of the first frame with the graph, and `first paint` to the first
// paint of anything.
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
  const painted = () => new Promise((done) => requestAnimationFrame(() => done(afterFrame())));
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
  // Calls `choose` to select a target, then `act` with it.
  window.timed = async (choose, act) => {
    await settled();
    const chosen = await choose();
    await painted();
    const start = performance.now();
    act(chosen);
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
  search: () =>
    timed(() => {
      window.prompt = () => 'alloc|read';
      return byId('search');
    }, clicked),
  'zoom, searched': actions.zoom,
  'unzoom, searched': actions.unzoom,
  'end search': press('search'),
};

// In its view of merged stacks, which `icicle` opens. Its table is part of another view.
const speedscopeActions = {
  icicle: () => timed(() => withText('Left Heavy'), clicked),
  zoom: () =>
    timed(
      () => {
        const canvases = [...document.querySelectorAll('canvas')].filter((canvas) => canvas.clientHeight > 200);
        const target = canvases[canvases.length - 1];
        const { left, top } = target.getBoundingClientRect();
        const at = { bubbles: true, clientX: left + 300, clientY: top + 70 };
        target.dispatchEvent(new MouseEvent('mousemove', at));
        return { target, at };
      },
      ({ target, at }) => target.dispatchEvent(new MouseEvent('dblclick', at)),
    ),
  unzoom: () =>
    timed(
      () => window,
      (page) => page.dispatchEvent(new KeyboardEvent('keydown', { key: '0', code: 'Digit0', bubbles: true })),
    ),
  search: () =>
    timed(
      async () => {
        window.dispatchEvent(new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true }));
        await settled();
        return document.querySelector('input');
      },
      (input) => {
        input.value = 'alloc';
        input.dispatchEvent(new Event('input', { bubbles: true }));
      },
    ),
  table: () => timed(() => withText('Sandwich'), clicked),
};

async function open(tab, url) {
  await tab.goto('about:blank');
  await tab.goto(url);
  return tab.evaluate(async () => {
    while (window.drawn === undefined) {
      await settled();
    }
    await settled();
    const paint = performance.getEntriesByName('first-paint')[0];
    return { 'first paint': paint?.startTime ?? NaN, drawn: window.drawn };
  });
}

// Sets the size while waiting for the answer of `resizing`, because that triggers it.
async function resized(tab, width) {
  await tab.evaluate(() => settled());
  const [time] = await Promise.all([tab.evaluate(() => resizing()), tab.setSize(width, 800)]);
  return time;
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
  const type = path && (TYPES[extname(path)] ?? 'application/octet-stream');
  response.writeHead(path ? 200 : 204, path ? { 'content-type': `${type}; charset=utf-8` } : {});
  response.end(path && readFileSync(path));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = new Chromium(executable);
try {
  const tab = await browser.openTab();
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
