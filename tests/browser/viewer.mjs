// Opens a flame graph of example.folded in Chromium and simulates a user.
//
//   node viewer.mjs CHROMIUM DIRECTORY [PART OF A NAME]
//
// tests/browser.rs draws the graphs in the directory and documents their contents. This script prints a line
// for each check (whose name has that part), and exits with 1 if one failed. It is run by tests/browser.rs.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { Chromium } from './chromium.mjs';

const WIDTH = 1000;
const PADDING = 10;

// ---- What is visible ----

class Graph {
  constructor(tab) {
    this.tab = tab;
  }

  // The frames as drawn, in document order.
  frames() {
    return this.tab.evaluate(() =>
      [...document.querySelectorAll('#frames > g')].map((group) => {
        const rect = group.querySelector('rect');
        const box = rect.getBoundingClientRect();
        return {
          title: group.querySelector('title').textContent,
          label: group.querySelector('text')?.textContent ?? '',
          isShown: box.width > 0,
          left: Math.round(box.left),
          width: Math.round(box.width),
          x: box.left + box.width / 2,
          y: box.top + box.height / 2,
          fill: getComputedStyle(rect).fill,
        };
      }),
    );
  }

  // The only frame whose title starts with this.
  async frame(start) {
    const found = (await this.frames()).filter((frame) => frame.title.startsWith(start));
    assert.equal(found.length, 1, `frames called ${start}`);
    return found[0];
  }

  async shown() {
    const frames = (await this.frames()).filter((frame) => frame.isShown);
    return frames.map((frame) => frame.title.replace(/ \([^(]*\)$/, '')).sort();
  }

  // The names of the frames in the search color.
  async highlighted() {
    const frames = (await this.frames()).filter((frame) => frame.fill === 'rgb(230, 0, 230)');
    return frames.map((frame) => frame.title.replace(/ \([^(]*\)$/, '')).sort();
  }

  text(id) {
    return this.tab.evaluate((id) => {
      const element = document.getElementById(id);
      return getComputedStyle(element).display === 'none' ? null : element.textContent.trim();
    }, id);
  }

  query() {
    return this.tab.evaluate(() => decodeURIComponent(location.search));
  }

  async clickFrame(start) {
    await this.tab.click(await this.frame(start));
  }

  async clickText(id) {
    const box = await this.tab.evaluate((id) => {
      const { left, top, width, height } = document.getElementById(id).getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    }, id);
    await this.tab.click(box);
  }

  // Chooses an item of the main menu.
  async choose(id) {
    await this.clickText('menu');
    await this.clickText(id);
  }

  async search(term) {
    await this.clickText('term');
    await this.tab.evaluate(() => document.getElementById('term').select());
    await this.tab.type(term);
    await this.tab.press('Enter');
  }
}

// ---- What is painted ----

// Makes frames black on white, to measure them.
function blacken() {
  const style = document.createElementNS('http://www.w3.org/2000/svg', 'style');
  style.textContent = '#narrow path { stroke: #000 !important; } #frames g > rect { fill: #000 !important; } \
    #frames text { display: none; } svg > rect { fill: #fff !important; }';
  document.querySelector('svg').append(style);
}

async function openBlackened(tab, url) {
  await tab.goto(url);
  await tab.evaluate(blacken);
  return {
    // Keys apply to the frame called `main`.
    async key(key) {
      await tab.evaluate((key) => {
        const groups = [...document.querySelectorAll('#frames > g')];
        const main = groups.find((group) => group.textContent.startsWith('main '));
        main.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      }, key);
      await tab.settle();
    },
    async finish() {
      for (let turn = 0; turn < 100 && !(await tab.evaluate(() => document.querySelector('#fine > g'))); turn++) {
        await tab.settle();
      }
    },
  };
}

// Asserts which percentage of each row is painted, from the root.
async function assertPainted(tab, expected, message) {
  await tab.settle();
  const png = (await tab.picture()).toString('base64');
  const painted = await tab.evaluate(paintedRows, png, PADDING, expected.length);
  painted.forEach((share, row) => {
    const isClose = Math.abs(share - expected[row]) <= 2;
    assert.ok(isClose, `${message}: ${painted.map((share) => share.toFixed(1))} instead of ${expected}`);
  });
}

async function paintedRows(png, padding, count) {
  const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const rects = [...document.querySelectorAll('#frames > g > rect')].map((rect) => rect.getBoundingClientRect());
  const root = rects[0];
  const isDownward = rects.some((rect) => rect.top > root.top);
  const step = (isDownward ? 1 : -1) * (root.height + 1);
  return Array.from({ length: count }, (_, row) => {
    const y = Math.round(root.top + root.height / 2 + row * step);
    const { data } = context.getImageData(padding, y, innerWidth - 2 * padding, 1);
    let sum = 0;
    for (let at = 0; at < data.length; at += 4) {
      sum += 255 - data[at];
    }
    return (100 * sum) / 255 / (data.length / 4);
  });
}

// ---- What is saved ----

// Keeps files instead of downloading them.
function record(tab) {
  return tab.evaluate(() => {
    window.savedBlob = new Promise((found) => {
      URL.createObjectURL = (blob) => {
        window.saved = blob.text();
        found(blob);
        return '#';
      };
    });
  });
}

// The share of pixels that differ between a picture and an SVG of it.
async function differing(png, svg) {
  const pixels = async (source, [width, height]) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(width || image.naturalWidth, height || image.naturalHeight);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  const one = await pixels(`data:image/png;base64,${png}`, []);
  const other = await pixels(`data:image/svg+xml,${encodeURIComponent(svg)}`, [one.width, one.height]);
  let count = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const distance = [0, 1, 2].map((part) => Math.abs(one.data[at + part] - other.data[at + part]));
    count += Math.max(...distance) > 48 ? 1 : 0;
  }
  return (4 * count) / one.data.length;
}

// ---- The checks ----

const checks = {
  async 'draws all frames over the width of the window'({ graph }) {
    const root = await graph.frame('all ');
    assert.deepEqual([root.left, root.width], [PADDING, WIDTH - 2 * PADDING]);
    assert.equal((await graph.shown()).length, 14);
    assert.equal((await graph.frame('write ')).label, 'write');
    assert.equal((await graph.frame('write ')).width, Math.round((WIDTH - 2 * PADDING) * 0.2));
  },

  async 'follows the width of the window'({ tab, graph }) {
    await tab.setSize(600, 500);
    assert.equal((await graph.frame('all ')).width, 600 - 2 * PADDING);
    assert.equal((await graph.frame('read_line ')).label, 'read_line');
    await tab.setSize(100, 500);
    assert.equal((await graph.frame('read_line ')).label, '');
  },

  async 'tells what is under the pointer'({ tab, graph }) {
    await tab.move(await graph.frame('write '));
    assert.equal(await graph.text('details'), 'Function: write (20 samples, 20.00%)');
    await tab.move({ x: 2, y: 2 });
    assert.equal(await graph.text('details'), '');
  },

  async 'tells it where the window is, on a graph taller than that'({ tab, graph }) {
    await tab.setSize(WIDTH, 150);
    await tab.move(await graph.frame('memchr (10'));
    const bottom = () => document.getElementById('details').getBoundingClientRect().bottom;
    assert.equal(await graph.text('details'), 'Function: memchr (10 samples, 10.00%)');
    assert.ok((await tab.evaluate(bottom)) <= 150);
  },

  async 'zooms into a frame, keeps its ancestors, and back'({ graph }) {
    const before = await graph.frames();
    assert.equal(await graph.text('unzoom'), null);
    await graph.clickFrame('parse ');
    const focused = await graph.tab.evaluate(() => document.activeElement?.id ?? '');
    assert.equal(focused, '', 'no ring around all frames');
    const shown = ['all', 'app', 'main', 'memchr', 'parse', 'read', 'read_line'];
    assert.deepEqual(await graph.shown(), shown);
    for (const name of ['all ', 'app ', 'main ', 'parse ']) {
      assert.equal((await graph.frame(name)).width, WIDTH - 2 * PADDING, name);
    }
    assert.equal((await graph.frame('read ')).width, (WIDTH - 2 * PADDING) / 4);
    await graph.clickText('unzoom');
    assert.deepEqual(await graph.frames(), before);
    assert.equal(await graph.text('unzoom'), null);
  },

  async 'zooms out to an ancestor'({ graph }) {
    await graph.clickFrame('read_line ');
    await graph.clickFrame('app ');
    assert.equal((await graph.shown()).length, 11);
    await graph.clickFrame('all ');
    assert.equal((await graph.shown()).length, 14);
    assert.equal(await graph.query(), '');
  },

  async 'goes back through zooms with the browser'({ tab, graph }) {
    await graph.clickFrame('app ');
    await graph.clickFrame('parse ');
    await tab.evaluate(() => history.back());
    await tab.settle();
    assert.equal((await graph.shown()).length, 11);
  },

  async 'highlights what matches, and counts nested matches once'({ graph }) {
    await graph.search('read|memchr');
    assert.deepEqual(await graph.highlighted(), ['memchr', 'memchr', 'read', 'read_line']);
    assert.equal(await graph.text('matched'), 'Matched: 60.0%, 4 frames');
    await graph.clickText('search');
    assert.deepEqual(await graph.highlighted(), []);
    assert.equal(await graph.text('matched'), '');
  },

  async 'searches names only, as they are'({ graph }) {
    await graph.search('^read$');
    assert.deepEqual(await graph.highlighted(), ['read']);
    for (const term of ['samples', '20', '%', 'all']) {
      await graph.clickText('search');
      await graph.search(term);
      assert.equal(await graph.text('matched'), 'No match', term);
    }
  },

  async 'finds names with parentheses and brackets'({ graph }) {
    await graph.search('^render \\(draft\\)$|^Vec<T>::push$');
    assert.deepEqual(await graph.highlighted(), ['Vec<T>::push', 'render (draft)']);
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 2 frames');
  },

  async 'says what is wrong with a pattern'({ tab, graph }) {
    await graph.search('read(');
    assert.match(await graph.text('matched'), /^Invalid pattern: /);
    assert.deepEqual(await graph.highlighted(), []);
    await graph.search('^read$');
    assert.deepEqual(await graph.highlighted(), ['read']);
    await graph.clickText('search');
    assert.equal(await graph.text('matched'), '');
  },

  async 'is not hung by a pattern in the URL'({ tab, graph, url }) {
    const matched = async (query) => {
      await tab.goto(url(`/long.svg?${query}`));
      assert.equal((await graph.shown()).length, 4);
      return graph.text('matched');
    };
    assert.equal(await matched('s=(a%2B)%2B$'), 'Matched: 75.0%, 1 frame');
    assert.equal(await matched('s=^(a|aa)%2B$'), 'No match');
    assert.equal(await matched('s=(A*)*B&ic=1'), 'Matched: 75.0%, 1 frame');
    assert.equal(await matched('s=(a.*){40}!'), 'Matched: 25.0%, 1 frame');
    assert.equal(
      await matched('s=(a%2B)%2B\\1$'),
      'No match (searched as plain text: the pattern has a backreference)',
    );
    assert.equal(
      await matched('s=(?i:a)'),
      'No match (searched as plain text: the pattern has flags within)',
    );
    assert.equal(
      await matched('s=((a{99}){99}){99}'),
      'No match (searched as plain text: the pattern is too complex)',
    );
    assert.equal(await matched(`s=${'a'.repeat(2000)}!`), 'Not searched: the search term has more than 2000 characters');
    assert.deepEqual(await graph.highlighted(), []);
    await graph.search('(a+)+!');
    assert.equal(await graph.text('matched'), 'Matched: 25.0%, 1 frame');
    await graph.clickText('plain');
    assert.equal(await graph.text('matched'), 'No match');
  },

  async 'relates the percentage to the zoomed frame'({ graph }) {
    await graph.search('memchr');
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 2 frames');
    await graph.clickFrame('parse ');
    assert.equal(await graph.text('matched'), 'Matched: 25.0%, 1 frame');
    await graph.clickText('unzoom');
    assert.deepEqual(await graph.highlighted(), ['memchr', 'memchr']);
  },

  async 'leaves out what is narrower than asked for'({ tab, graph, url }) {
    await tab.goto(url('/wide.svg'));
    assert.equal((await graph.shown()).length, 8);
    assert.equal((await graph.frame('main ')).left, (await graph.frame('app ')).left);
    for (const [term, text] of [['idle|kernel|push', 'No match'], ['^$', 'No match']]) {
      await graph.search(term);
      assert.equal(await graph.text('matched'), text, term);
    }
    await graph.search('read_line');
    assert.equal(await graph.text('matched'), 'Matched: 30.0%, 1 frame');
  },

  async 'ignores case when told to'({ graph }) {
    await graph.search('^WRITE$');
    assert.equal(await graph.text('matched'), 'No match');
    await graph.clickText('ignorecase');
    assert.deepEqual(await graph.highlighted(), ['write']);
    assert.equal(await graph.query(), '?s=^WRITE$&ic=1');
  },

  async 'opens the search by Ctrl-F, and leaves it by Escape'({ tab, graph }) {
    await tab.press('f', 2);
    await tab.type('idle');
    await tab.press('Escape');
    assert.deepEqual(await graph.highlighted(), []);
    await tab.press('f', 2);
    await tab.type('idle');
    await tab.press('Enter');
    assert.deepEqual(await graph.highlighted(), ['idle']);
  },

  async 'zooms by keys alone'({ tab, graph }) {
    await tab.evaluate(() => document.querySelector('#frames [tabindex="0"]').focus());
    await tab.press('ArrowUp');
    assert.equal(await graph.text('details'), 'Function: app (90 samples, 90.00%)');
    await tab.press('Enter');
    assert.equal((await graph.shown()).length, 11);
    await tab.press('Escape');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'reaches the tools before the frames, and works by Space'({ tab, graph, url }) {
    const used = () => {
      const { id, textContent } = document.activeElement;
      return id || textContent.split(' ')[0];
    };
    const walk = async (count, modifiers) => {
      const places = [];
      for (let step = 0; step < count; step++) {
        await tab.press('Tab', modifiers);
        places.push(await tab.evaluate(used));
      }
      return places;
    };
    const tools = ['term', 'ignorecase', 'plain', 'flame', 'icicle', 'callers', 'sandwich', 'table', 'both', 'menu'];
    assert.deepEqual(await walk(11, 0), [...tools, 'all']);
    assert.deepEqual(await walk(10, 8), tools.toReversed());
    await tab.goto(url('/graph.svg?view=both'));
    assert.deepEqual((await walk(13, 0)).slice(10, 12), ['all', 'SelfTotal'], 'the table comes last');
    await tab.goto(url('/graph.svg'));
    await walk(5, 0);
    await tab.press(' ');
    assert.equal(await graph.query(), '?flip=1');
    await walk(6, 0);
    await tab.press('ArrowDown');
    await tab.press(' ');
    assert.equal((await graph.shown()).length, 11);
  },

  async 'keeps the theme where it may, as long as it differs from the system'({ tab, url }) {
    const isDark = () => document.querySelector('svg').classList.contains('dark');
    await tab.press('d');
    for (const page of ['/chart.svg', '/page.html']) {
      await tab.goto(url(page));
      assert.ok(await tab.evaluate(isDark), page);
    }
    await tab.press('d');
    assert.equal(await tab.evaluate(() => localStorage.length), 0);
    await tab.goto('about:blank');
    const svg = await (await fetch(url('/graph.svg'))).text();
    await tab.goto('data:image/svg+xml,' + encodeURIComponent(svg));
    await tab.press('d');
    assert.ok(await tab.evaluate(isDark), 'where storage is not allowed');
  },

  async 'has all views and whole names on a phone'({ tab, graph, url }) {
    const phone = { width: 375, height: 700, deviceScaleFactor: 1, mobile: true };
    await tab.send('Emulation.setTouchEmulationEnabled', { enabled: true });
    await tab.send('Emulation.setDeviceMetricsOverride', phone);
    await tab.goto(url('/modern.svg'));
    const small = () =>
      [...document.querySelectorAll('#tools button, #tools input, #popup button, #functions button')]
        .map((control) => [control.textContent, control.getBoundingClientRect()])
        .filter(([, { width, height }]) => width > 0 && Math.min(width, height) < 44)
        .map(([text]) => text);
    await graph.clickText('view');
    assert.equal(await graph.text('popup'), 'FlameIcicleCallersSandwichTable');
    assert.deepEqual(await tab.evaluate(small), []);
    await graph.clickText('view-table');
    assert.equal(await graph.text('view'), 'Table ▾');
    assert.deepEqual(await tab.evaluate(small), []);
    const rows = () =>
      [...document.querySelectorAll('#functions tbody tr')].map((row) => {
        const [name, count] = [row.lastChild, row.firstChild].map((cell) => cell.getBoundingClientRect());
        return name.width > 300 && name.bottom <= count.top + 1;
      });
    assert.deepEqual(await tab.evaluate(rows), Array(5).fill(true));
    const height = () => document.getElementById('tools').getBoundingClientRect().height;
    const before = await tab.evaluate(height);
    await graph.search('main');
    assert.ok((await tab.evaluate(height)) > before, 'the result has its own line');
    await tab.send('Emulation.setTouchEmulationEnabled', { enabled: false });
  },

  async 'prints on one page, without tools and background'({ tab, url }) {
    for (const page of ['/deep.svg', '/page.html', '/narrow.svg']) {
      await tab.goto(url(page));
      for (const landscape of [false, true]) {
        const pdf = await tab.send('Page.printToPDF', { landscape });
        const text = Buffer.from(pdf.data, 'base64').toString('latin1');
        assert.equal(text.match(/\/Type \/Page\b/g).length, 1, page);
      }
    }
    for (const view of ['table', 'both']) {
      await tab.goto(url(`/modern.svg?view=${view}`));
      const table = () => {
        const box = document.getElementById('functions').getBoundingClientRect();
        return [Math.round(box.left), Math.round(box.width)];
      };
      const before = await tab.evaluate(table);
      await tab.evaluate(() => {
        const isShown = () => getComputedStyle(document.querySelector('#functions')).display !== 'none';
        matchMedia('print').addEventListener('change', ({ matches }) => matches && (window.printed = isShown()));
      });
      await tab.send('Page.printToPDF');
      assert.equal(await tab.evaluate(() => window.printed), view === 'table', view);
      assert.deepEqual(await tab.evaluate(table), before, view);
      await tab.press('d');
    }
    const shown = () =>
      ['tools', 'bar'].map((id) => document.getElementById(id)).filter((part) => getComputedStyle(part).display !== 'none');
    await tab.send('Emulation.setEmulatedMedia', { media: 'print' });
    assert.deepEqual(await tab.evaluate(shown), []);
    await tab.send('Emulation.setEmulatedMedia', { media: '' });
  },

  async 'restores zoom and search from the URL'({ tab, graph, url }) {
    await graph.search('memchr|%&=+#\u00e9');
    await graph.clickFrame('parse ');
    const seen = async () => (await graph.frames()).filter((frame) => frame.isShown);
    const [query, frames] = [await tab.evaluate(() => location.search), await seen()];
    await tab.goto('about:blank');
    await tab.goto(url('/graph.svg' + query));
    assert.deepEqual(await seen(), frames);
    assert.equal(await graph.text('matched'), 'Matched: 25.0%, 1 frame');
  },

  async 'passes over a URL that makes no sense'({ tab, graph, url }) {
    const zooms = ['?x=1&y=abc', '?x=1e999&y=1', '?x=0', '?x=3&y=53'];
    for (const query of [...zooms, '?s=%E0%A4%A', '?s=(', '?__proto__&x', '?&&=']) {
      await tab.goto(url('/graph.svg' + query));
      assert.equal((await graph.shown()).length, 14, query);
    }
  },

  async 'serves each of two graphs in one page, and leaves its URL'({ tab, url }) {
    await tab.goto(url('/two.html'));
    const widths = () =>
      [...document.querySelectorAll('[id=frames]')].map((frames) =>
        [...frames.children]
          .filter((group) => /^(all|parse) /.test(group.textContent))
          .map((group) => Math.ceil(group.querySelector('rect').getBoundingClientRect().width)),
      );
    const page = await tab.evaluate(() => document.querySelector('svg').clientWidth);
    const width = page - 2 * PADDING;
    const second = await tab.evaluate(() => {
      const groups = [...document.querySelectorAll('[id=frames]')[1].children];
      const parse = groups.find((group) => group.textContent.startsWith('parse '));
      parse.scrollIntoView();
      const box = parse.querySelector('rect').getBoundingClientRect();
      return { x: box.left + 5, y: box.top + 5 };
    });
    await tab.click(second);
    const [first, zoomed] = await tab.evaluate(widths);
    assert.deepEqual(first.sort(), [width, Math.ceil(0.4 * width)].sort());
    assert.deepEqual(zoomed, [width, width]);
    assert.equal(await tab.evaluate(() => location.search), '');
  },

  async 'draws what is too narrow at first when zoomed into'({ tab, graph, url }) {
    await tab.goto(url('/narrow.svg'));
    assert.ok(!(await graph.shown()).includes('needle'));
    const paths = () => document.querySelectorAll('#narrow > path').length;
    assert.ok((await tab.evaluate(paths)) > 0);
    await graph.search('needle|pin');
    assert.equal(await graph.text('matched'), 'Matched: <0.01%, 2 frames');
    await tab.press('n');
    assert.deepEqual(await graph.shown(), ['all', 'needle', 'rare']);
    assert.equal((await graph.frame('needle ')).width, WIDTH - 2 * PADDING);
    await tab.press('n');
    assert.deepEqual(await graph.shown(), ['all', 'pin', 'rare'], 'the next match, not in the first');
    await tab.press('n');
    assert.deepEqual(await graph.shown(), ['all', 'needle', 'rare']);
    await graph.clickFrame('rare ');
    assert.equal((await graph.frame('pin ')).width, Math.round(((WIDTH - 2 * PADDING) * 3) / 4));
    const query = await tab.evaluate(() => location.search);
    await tab.goto('about:blank');
    await tab.goto(url('/narrow.svg' + query));
    assert.deepEqual(await graph.shown(), ['all', 'needle', 'pin', 'rare']);
  },

  async 'makes elements of narrow frames when there is time'({ tab, graph, url }) {
    const fine = () => document.querySelectorAll('#fine > g').length;
    const later = async (count) => {
      for (let turn = 0; turn < 100 && (await tab.evaluate(fine)) !== count; turn++) {
        await tab.settle();
      }
      assert.equal(await tab.evaluate(fine), count);
    };
    await tab.goto(url('/narrow.svg'));
    const count = 6000 * 2;
    await later(count);
    const found = await tab.evaluate(() => {
      const group = document.querySelector('#fine > g');
      const rect = group.querySelector('rect').getBoundingClientRect();
      return [group.querySelector('title').textContent, rect.width > 0 && rect.width < 1];
    });
    assert.deepEqual(found, ['f0000 (1,000 samples, 0.01%)', true]);
    await graph.search('f0000');
    await later(count);
    const filled = () => getComputedStyle(document.querySelector('#fine > .match > rect')).fill;
    assert.equal(await tab.evaluate(filled), 'rgb(230, 0, 230)');
    await graph.clickFrame('wide ');
    await later(0);
    await graph.clickText('unzoom');
    await tab.press('n');
    assert.ok((await graph.shown()).includes('f0000'), 'a match yet to be drawn is zoomed into');
    await tab.press('Escape');
    await later(count);
  },

  async 'draws frames that are asked for, but for the narrowest of too many'({ tab, graph, url }) {
    await tab.goto(url('/countless.svg'));
    assert.deepEqual(await graph.shown(), ['all', 'many']);
    await graph.search('^f77777$');
    await tab.press('n');
    assert.deepEqual(await graph.shown(), ['all', 'f77777', 'many']);
  },

  async 'draws what is out of sight when there is time'({ tab, graph, url }) {
    await tab.goto(url('/deep.svg'));
    const names = async () => (await graph.frames()).map((frame) => frame.title.split(' ')[0]);
    const inOrder = ['all', ...Array.from({ length: 400 }, (_, level) => `level${level}`)];
    assert.deepEqual(await names(), inOrder);
    const toRoot = () => scrollTo(0, document.documentElement.scrollHeight);
    await tab.evaluate(toRoot);
    const places = () =>
      [...document.querySelectorAll('#frames > g:not([display])')].map((group) => {
        const { top, width } = group.querySelector('rect').getBoundingClientRect();
        const isInSight = top >= 0 && top < innerHeight;
        return { isInSight, isParent: group.classList.contains('parent'), width };
      });
    const zoom = () => {
      const groups = [...document.querySelectorAll('#frames > g')];
      const group = groups.find((group) => group.textContent.startsWith('level395 '));
      group.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    };
    const narrower = (places) => places.filter((place) => place.width < 0.9 * WIDTH).length;
    assert.equal(narrower(await tab.evaluate(places)), 10);
    await tab.evaluate(zoom);
    const inSight = (await tab.evaluate(places)).filter((place) => place.isInSight);
    assert.ok(inSight.length > 10 && inSight.every((place) => place.isParent), 'at once');
    for (let turn = 0; turn < 20; turn++) {
      await tab.settle();
    }
    const all = await tab.evaluate(places);
    assert.deepEqual([all.length, narrower(all)], [401, 0]);
    // A key that moves to a frame not drawn yet draws it.
    await tab.evaluate(() => {
      scrollTo(0, 0);
      document.dispatchEvent(new KeyboardEvent('keydown', { key: 'i' }));
      document.querySelector('#frames [tabindex="0"]').focus();
    });
    assert.equal(await graph.text('details'), 'Function: all (4 samples, 100%)');
  },

  async 'keeps the elements of narrow frames in a search'({ tab, graph, url }) {
    await tab.goto(url('/narrow.svg'));
    const fine = () => document.querySelectorAll('#fine > g').length;
    for (let turn = 0; turn < 100 && (await tab.evaluate(fine)) < 12_000; turn++) {
      await tab.settle();
    }
    await tab.evaluate(() => (window.first = document.querySelector('#fine > g')));
    const looks = async () => {
      const [first, isKept] = await tab.evaluate(() => [
        getComputedStyle(window.first.querySelector('rect')).fill,
        document.querySelector('#fine > g') === window.first,
      ]);
      return isKept && first === 'rgb(230, 0, 230)';
    };
    await graph.search('f000');
    assert.ok(await looks());
    await graph.clickText('search');
    assert.ok(!(await looks()));
    await graph.search('many|f0');
    const matches = () => document.querySelectorAll('#narrow > [stroke="rgb(230,0,230)"]').length;
    assert.equal(await tab.evaluate(matches), 1, 'what has no element is highlighted, too');
  },

  async 'draws narrow frames without its script'({ tab, url }) {
    const found = await tab.evaluate(async (url) => {
      const text = await (await fetch(url)).text();
      const picture = new DOMParser().parseFromString(text, 'image/svg+xml');
      return picture.querySelector('#frames > #narrow > path').getAttribute('d').slice(0, 1);
    }, url('/narrow.svg'));
    assert.equal(found, 'M');
  },

  async 'paints as much of a row as its frames weigh'({ tab, graph, url }) {
    const page = await openBlackened(tab, url('/dense.svg'));
    for (const width of [WIDTH, 640, 1700]) {
      await tab.setSize(width, 500);
      for (const [view, change, shares] of [
        ['all', () => {}, [100, 100, 100, 55]],
        ['zoomed', () => page.key('Enter'), [100, 100, 100, 10]],
        ['inverted', () => page.key('i'), [100, 100, 100, 10]],
        ['with its elements', () => page.finish(), [100, 100, 100, 10]],
        ['unzoomed', () => page.key('Escape'), [100, 100, 100, 55]],
        ['as before', () => page.key('i'), [100, 100, 100, 55]],
      ]) {
        await change();
        await assertPainted(tab, shares, `${view}, ${width} pixels wide`);
      }
    }
  },

  async 'paints it in the same way without its script'({ tab, url }) {
    await tab.goto(url('/image.html'));
    for (const width of [WIDTH, 640, 1700]) {
      await tab.setSize(width, 500);
      await tab.evaluate(async (url) => {
        const text = await (await fetch(url)).text();
        const still = text.replace(/<script[^]*<.script>/, '').replace(/ onload="[^"]*"/, '');
        document.body.style.margin = '0';
        document.body.innerHTML = still.slice(still.indexOf('<svg'));
        document.querySelector('svg').setAttribute('width', '100%');
        document.querySelector('svg').removeAttribute('height');
      }, url('/dense.svg'));
      await tab.evaluate(blacken);
      await assertPainted(tab, [100, 100, 100, 55], `${width} pixels wide`);
    }
  },

  async 'paints narrow frames in their colors'({ tab, url }) {
    await tab.goto(url('/two-colors.svg'));
    const strokes = () =>
      [...document.querySelectorAll('#narrow > path')].map((path) => path.getAttribute('stroke').match(/\d+/g));
    const isGreen = ([red, green]) => +green > +red;
    const greens = (await tab.evaluate(strokes)).map(isGreen);
    assert.deepEqual([greens.includes(true), greens.includes(false)], [true, true]);
  },

  async 'tells what is under the pointer if it is too narrow for an element'({ tab, graph, url }) {
    await tab.goto(url('/dense.svg'));
    const positions = await tab.evaluate(() => {
      const rows = [...document.querySelectorAll('#frames > g > rect')].map((rect) => rect.getBoundingClientRect());
      return { top: Math.min(...rows.map((row) => row.top)), height: rows[0].height };
    });
    const place = (number) => ({
      x: PADDING + ((WIDTH - 2 * PADDING) * (100 * number + 95)) / 1e6,
      y: positions.top + positions.height / 2,
    });
    for (const number of [0, 1234, 4990]) {
      await tab.move(place(number));
      // Ten frames are in the same pixel.
      const found = /^Function: l(\d+) \(10 samples, <0.01%\)$/.exec(await graph.text('details'));
      assert.ok(Math.abs(Number(found[1]) - number) <= 10, found[1]);
    }
    await tab.move({ x: 2, y: place(0).y });
    assert.equal(await graph.text('details'), '');
    await tab.click(place(1234));
    assert.equal((await graph.frame('l12')).width, WIDTH - 2 * PADDING);
  },

  async 'walks to frames that are too narrow for an element'({ tab, graph, url }) {
    await tab.goto(url('/dense.svg'));
    await tab.evaluate(() => document.querySelector('#frames > g').focus());
    const names = [];
    for (const key of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowRight']) {
      await tab.press(key);
      names.push((await graph.text('details')).split(' ')[1]);
    }
    assert.deepEqual(names, ['main', 'f0000', 'l0000', 'l0001']);
  },

  async 'tells self and total, of all and of what is zoomed'({ tab, graph }) {
    await graph.clickFrame('parse ');
    await tab.move(await graph.frame('read_line '));
    const text = 'Function: read_line (30 samples, 30.00%), self 20, 20.00%, 75.00% of the zoomed frame';
    assert.equal(await graph.text('details'), text);
  },

  async 'shows the way to what is zoomed, each frame a button'({ tab, graph }) {
    await graph.clickFrame('read_line ');
    const names = () => [...document.querySelectorAll('#crumbs button')].map((b) => b.textContent);
    assert.deepEqual(await tab.evaluate(names), ['all', 'app', 'main', 'parse', 'read_line']);
    await tab.evaluate(() => document.querySelectorAll('#crumbs button')[1].click());
    assert.equal((await graph.shown()).length, 11);
    await tab.press('Backspace');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'shows as much of the way as there is room for'({ tab, graph, url }) {
    await tab.goto(url('/deep.svg?flip=1'));
    const ends = () => {
      const places = ['#crumbs button:last-child', '#crumbs', '#more'].map((part) => document.querySelector(part).getBoundingClientRect());
      return places.map(({ left, right }) => [left, right]);
    };
    for (const width of [WIDTH, 480, 375]) {
      await tab.setSize(width, 500);
      await tab.evaluate(() => {
        const groups = [...document.querySelectorAll('#frames > g')];
        groups.find((group) => group.textContent.startsWith('level300 ')).dispatchEvent(new MouseEvent('click', { bubbles: true }));
        scrollTo(0, 0);
      });
      await tab.settle();
      const [[, last], [, crumbs], [more]] = await tab.evaluate(ends);
      assert.ok(last <= crumbs + 1 && crumbs <= more, `${width} pixels wide`);
      await tab.press('Escape');
    }
  },

  async 'goes from match to match'({ tab, graph }) {
    await graph.search('read|memchr');
    const current = () => document.querySelector('.current title').textContent;
    await tab.press('n');
    assert.equal(await graph.text('matched'), 'Matched: 60.0%, 1 of 4 frames');
    assert.match(await tab.evaluate(current), /^read /);
    await tab.press('N');
    assert.equal(await graph.text('matched'), 'Matched: 60.0%, 4 of 4 frames');
    assert.match(await tab.evaluate(current), /^memchr \(20 /);
  },

  async 'counts all matches while it steps through those that are too narrow to see'({ tab, graph, url }) {
    await tab.goto(url('/narrow.svg'));
    await graph.search('^f000[01]$|needle|pin');
    for (const text of ['1 of 4', '2 of 4', '3 of 4', '4 of 4', '1 of 4']) {
      await tab.press('n');
      assert.match(await graph.text('matched'), new RegExp(`^Matched: 0\\.03%, ${text} frames$`));
    }
  },

  async 'searches for plain text'({ graph }) {
    await graph.search('(draft)');
    assert.deepEqual(await graph.highlighted(), ['render (draft)']);
    await graph.search('c<T>::p');
    await graph.clickText('plain');
    assert.deepEqual(await graph.highlighted(), ['Vec<T>::push']);
    await graph.search('read.*');
    assert.equal(await graph.text('matched'), 'No match');
    assert.equal(await graph.query(), '?s=read.*&plain=1');
  },

  async 'turns into an icicle graph, and back'({ tab, graph }) {
    const below = (await graph.frame('all ')).y - (await graph.frame('app ')).y;
    await tab.press('i');
    assert.equal((await graph.frame('all ')).y - (await graph.frame('app ')).y, -below);
    assert.equal(await graph.query(), '?flip=1');
    await tab.evaluate(() => history.back());
    await tab.settle();
    assert.equal((await graph.frame('all ')).y - (await graph.frame('app ')).y, below);
  },

  async 'turns the stacks round'({ graph, url, tab }) {
    await graph.clickText('callers');
    assert.match((await graph.frame('memchr (30')).title, /30\.00%/);
    assert.equal((await graph.frame('memchr (30')).y, (await graph.frame('idle ')).y);
    assert.equal(await graph.query(), '?view=callers');
    await tab.goto(url('/graph.svg?view=callers'));
    assert.equal((await graph.frame('memchr (30')).y, (await graph.frame('idle ')).y);
  },

  async 'shows all around the function with the most samples if none is selected'({ graph }) {
    await graph.clickText('sandwich');
    assert.equal(await graph.query(), '?view=sandwich&of=memchr');
  },

  async 'shows all around one function'({ tab, graph }) {
    await tab.move(await graph.frame('main '));
    await tab.press('s');
    const y = async (start) => (await graph.frame(start)).y;
    assert.ok((await y('app (90')) < (await y('main (90')));
    assert.ok((await y('parse (40')) > (await y('main (90')));
    assert.equal(await graph.text('crumbs'), 'main: 90.00% of all, 90 samples; callers above, callees below');
    assert.equal(await graph.query(), '?view=sandwich&of=main');
    await graph.search('app');
    assert.match(await graph.text('matched'), /, 1 frame$/);
    await tab.press('Escape');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'lists the functions in a table that can be sorted'({ tab, graph }) {
    await graph.clickText('table');
    const rows = () =>
      [...document.querySelectorAll('#functions tbody tr')].map((row) => row.innerText);
    const first = async () => (await tab.evaluate(rows))[0].split(/\s+/).filter(Boolean);
    assert.deepEqual(await first(), ['0', '0.00%', '90', '90.00%', 'app']);
    await tab.evaluate(() => document.querySelector('#functions th button').click());
    assert.deepEqual(await first(), ['30', '30.00%', '30', '30.00%', 'memchr']);
    await graph.search('^read$');
    assert.equal((await tab.evaluate(rows)).length, 1);
    await tab.evaluate(() => document.querySelector('#functions td button').click());
    assert.equal(await graph.query(), '?s=^read$&view=sandwich&of=read');
  },

  async 'sorts siblings by width'({ graph }) {
    await graph.choose('order');
    const parse = await graph.frame('parse ');
    assert.ok(parse.left < (await graph.frame('render ')).left);
    assert.ok((await graph.frame('read_line ')).left < (await graph.frame('read ')).left);
    assert.equal(await graph.query(), '?order=width');
  },

  async 'hides functions and subtrees, and percentages follow'({ tab, graph }) {
    await tab.move(await graph.frame('parse '));
    await tab.press('h');
    assert.ok(!(await graph.shown()).includes('parse'));
    assert.match((await graph.frame('read_line ')).title, /30\.00%/);
    await tab.move(await graph.frame('render '));
    await tab.press('H');
    assert.match((await graph.frame('all ')).title, /70 samples/);
    assert.match((await graph.frame('idle ')).title, /14\.29%/);
    await graph.clickText('undo');
    await tab.press('u');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'copies a name or a stack'({ tab, graph }) {
    await tab.evaluate(() => {
      navigator.clipboard.writeText = async (text) => (window.copied = text);
    });
    await tab.move(await graph.frame('read_line '));
    await tab.press('c');
    assert.equal(await tab.evaluate(() => window.copied), 'read_line');
    await tab.move(await graph.frame('read_line '));
    await tab.press('C');
    assert.equal(await tab.evaluate(() => window.copied), 'app;main;parse;read_line');
  },

  async 'saves the view as a picture, and stacks as folded text'({ tab, graph, url }) {
    await graph.clickFrame('parse ');
    await graph.search('read_line');
    await tab.evaluate(() => {
      URL.createObjectURL = (blob) => ((window.saved = blob.text()), '#');
    });
    await graph.choose('export');
    const lines = 'app;main;parse;read_line 20\napp;main;parse;read_line;memchr 10\n';
    assert.equal(await tab.evaluate(() => window.saved), lines);
    await graph.choose('save');
    const svg = await tab.evaluate(() => window.saved);
    assert.ok(!/<script|foreignObject|id="profile"/.test(svg));
    await tab.goto('data:image/svg+xml,' + encodeURIComponent(svg));
    assert.equal((await graph.frame('parse ')).width, WIDTH - 2 * PADDING);
    assert.deepEqual(await graph.highlighted(), ['read_line']);
  },

  async 'saves the table as it is sorted'({ tab, graph, url }) {
    await record(tab);
    await graph.clickText('table');
    await graph.search('read|render');
    await graph.choose('csv');
    const rows = ['Function,Self,Self %,Total,Total %', 'read_line,20,20,30,30', 'render (draft),0,0,30,30', 'read,10,10,10,10'];
    assert.equal(await tab.evaluate(() => window.saved), rows.map((row) => row + '\r\n').join(''));
    await tab.goto(url('/changed.svg?view=table'));
    await record(tab);
    await graph.choose('csv');
    assert.deepEqual((await tab.evaluate(() => window.saved)).split('\r\n').slice(0, 2), [
      'Function,Before,Before %,After,After %,Change,Change %,Self change',
      'grew,10,25,30,75,20,200,20',
    ]);
    await tab.goto(url('/hostile.svg?view=table'));
    await record(tab);
    await graph.choose('csv');
    assert.match(await tab.evaluate(() => window.saved), /\r\n"""'",10,10,10,10\r\n/);
  },

  async 'saves a picture of what is edited, without the tools'({ tab, graph, url }) {
    await record(tab);
    await graph.clickText('both');
    await tab.move(await graph.frame('parse '));
    await tab.press('H');
    await graph.choose('save');
    const size = await tab.evaluate(() => document.querySelector('#frames > g > rect').getBoundingClientRect().top);
    const svg = await tab.evaluate(() => window.saved);
    await tab.goto('data:image/svg+xml,' + encodeURIComponent(svg));
    assert.ok(!(await graph.shown()).includes('parse'));
    assert.match((await graph.frame('all ')).title, /60 samples/);
    const { left, width, y } = await graph.frame('all ');
    assert.deepEqual([left, width], [PADDING, WIDTH - 2 * PADDING]);
    assert.ok(y < size, 'where the tools were is no gap');
  },

  async 'saves a picture that opens as it was'({ tab, graph, url }) {
    const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
    const seen = async () => (await graph.frames())
      .filter(({ isShown }) => isShown)
      .map(({ title, label, left, width, fill }) => [title, label, left, width, fill].join())
      .sort();
    for (const page of ['/modern.svg', '/changed.svg', '/log.svg', '/modern-chart.svg', '/parts.svg?merged=1', '/parts.svg?part=web']) {
      for (const isDark of [false, true]) {
        await tab.send('Emulation.setEmulatedMedia', { features: isDark ? features : [] });
        await tab.goto(url(page));
        await record(tab);
        await tab.move(await graph.frame('all '));
        for (const step of ['ArrowUp', 'h', 'i']) {
          await tab.press(step);
        }
        const before = await seen();
        await graph.choose('save');
        const svg = await tab.evaluate(() => window.saved);
        // A light one follows the system, as other pictures do.
        await tab.send('Emulation.setEmulatedMedia', { features: [] });
        await tab.goto('data:image/svg+xml,' + encodeURIComponent(svg));
        assert.ok(before.length > 1);
        assert.deepEqual(await seen(), before, `${page}, ${isDark ? 'dark' : 'light'}`);
      }
    }
  },

  async 'saves stacks in the order of time, with both counts, and of the parts that are shown'({ tab, graph, url }) {
    for (const [page, expected] of [
      ['/chart.svg', 'main;a 10\nmain;b 20\nmain;a 30\n'],
      ['/chart.svg?merged=1', 'main;a 40\nmain;b 20\n'],
      ['/changed.svg', 'main;gone 20 0\nmain;grew 10 30\nmain;same 10 10\n'],
      ['/parts.svg', 'db;main;leaf 1\nweb;main;leaf 3\n'],
      ['/parts.svg?part=web', 'main;leaf 3\n'],
      ['/parts.svg?merged=1', 'main;leaf 4\n'],
      ['/parts.svg?edit=hide%20leaf', 'db;main 1\nweb;main 3\n'],
      ['/graph.svg?only=memchr&norec=1', 'app;main;parse;read_line;memchr 10\napp;main;render (draft);memchr 20\n'],
    ]) {
      await tab.goto(url(page));
      await record(tab);
      await graph.choose('export');
      assert.equal(await tab.evaluate(() => window.saved), expected, page);
    }
  },

  async 'saves stacks with the annotations that colors depend on'({ tab, graph, url }) {
    const lines = [];
    for (const [root, letter] of [['java', 'j'], ['sys', 'k']]) {
      for (let number = 0; number < 2500; number++) {
        lines.push(`${root};f${String(number).padStart(4, '0')}_[${letter}] 1\n`);
      }
    }
    await tab.goto(url('/two-colors.svg'));
    await record(tab);
    await graph.choose('export');
    assert.equal(await tab.evaluate(() => window.saved), lines.join(''));
    await tab.press('r');
    await graph.choose('export');
    const callers = await tab.evaluate(() => window.saved);
    assert.ok(callers.includes('f0000_[j];java 1\n') && callers.includes('f0000_[k];sys 1\n'));
  },

  async 'saves the same picture in pixels'({ tab, graph, url }) {
    for (const page of ['/graph.svg', '/nonce.html', '/modern-dense.svg', '/log.svg']) {
      await tab.goto(url(page));
      await record(tab);
      if (page === '/graph.svg') {
        await tab.press('d');
        await graph.clickFrame('parse ');
      }
      await graph.choose('png');
      const png = await tab.evaluate(async () => {
        const bytes = new Uint8Array(await (await window.savedBlob).arrayBuffer());
        return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
      });
      await graph.choose('save');
      const svg = await tab.evaluate(() => window.saved);
      await tab.goto(url('/blank.html'));
      const share = await tab.evaluate(differing, png, svg);
      assert.ok(share < 0.02, `${page}: ${share}`);
    }
  },

  async 'is dark where the system is, or when told to, but not on paper'({ tab, graph }) {
    const dark = () => getComputedStyle(document.querySelector('stop')).stopColor;
    const features = [{ name: 'prefers-color-scheme', value: 'dark' }];
    assert.equal(await tab.evaluate(dark), 'rgb(238, 238, 238)');
    await tab.send('Emulation.setEmulatedMedia', { features });
    await tab.settle();
    assert.equal(await tab.evaluate(dark), 'rgb(28, 28, 30)');
    await tab.evaluate(() => {
      const print = () => (window.printed = getComputedStyle(document.querySelector('stop')).stopColor);
      addEventListener('beforeprint', print);
    });
    await tab.send('Page.printToPDF');
    assert.equal(await tab.evaluate(() => window.printed), 'rgb(238, 238, 238)');
    assert.equal(await tab.evaluate(dark), 'rgb(28, 28, 30)');
    await graph.choose('dark');
    assert.equal(await tab.evaluate(dark), 'rgb(238, 238, 238)');
    await tab.send('Emulation.setEmulatedMedia', { features: [] });
  },

  async 'lists its keys'({ tab, graph }) {
    assert.equal(await graph.text('keys'), null);
    await tab.press('?');
    assert.match(await graph.text('keys'), /sandwich/);
    await tab.press('Escape');
    assert.equal(await graph.text('keys'), null);
  },

  async 'keeps time in order'({ tab, graph, url }) {
    await tab.goto(url('/chart.svg'));
    const names = (await graph.frames()).slice(2).sort((a, b) => a.left - b.left);
    assert.deepEqual(names.map(({ label }) => label), ['a', 'b', 'a']);
    assert.equal(await graph.text('callers'), null);
  },

  async 'merges the stacks of a flame chart'({ tab, graph, url }) {
    await tab.goto(url('/chart.svg'));
    assert.equal(await graph.text('part'), 'In time order \u25be');
    await graph.clickText('part');
    await graph.clickText('part0');
    const titles = ['all (60 samples, 100%)', 'main (60 samples, 100.00%)', 'a (40 samples, 66.67%)', 'b (20 samples, 33.33%)'];
    assert.deepEqual((await graph.frames()).map((frame) => frame.title), titles);
    await graph.clickText('callers');
    assert.ok((await graph.frame('a ')).left < (await graph.frame('b ')).left);
    await tab.goto(url('/chart.svg?merged=1&view=callers'));
    assert.equal((await graph.frames()).filter((frame) => frame.title.startsWith('main ')).length, 2);
    await graph.clickText('part');
    await graph.clickText('part-1');
    assert.equal((await graph.frames()).length, 5, 'a chart, which has no callers first');
  },

  async 'has an axis in the units of the profile'({ tab, graph, url }) {
    const texts = () => [...document.querySelectorAll('#axis text')].map((text) => text.textContent);
    const axis = async (page) => {
      await tab.goto(url(page));
      return tab.evaluate(texts);
    };
    assert.deepEqual(await axis('/graph.svg'), [], 'not in the classic theme');
    assert.deepEqual(await axis('/modern.svg'), ['0 samples', '10', '20', '30', '40', '50', '60', '70', '80', '90', '100']);
    await graph.clickFrame('app::g ');
    assert.deepEqual((await tab.evaluate(texts)).slice(0, 2), ['0 samples', '10'], 'from the start of the frame');
    const place = () => {
      const [axis, root] = ['#axis path', '#frames > g > rect'].map((part) => document.querySelector(part).getBoundingClientRect());
      return axis.top >= root.bottom - 1 ? 'below' : axis.bottom <= root.top + 1 ? 'above' : 'over';
    };
    assert.equal(await tab.evaluate(place), 'below');
    await tab.press('i');
    assert.equal(await tab.evaluate(place), 'above');
    assert.deepEqual((await axis('/modern-chart.svg')).slice(0, 3), ['0 ms', '10 ms', '20 ms']);
    await graph.clickFrame('b ');
    assert.deepEqual((await tab.evaluate(texts)).slice(0, 2), ['10 ms', '12 ms'], 'the time since the beginning');
  },

  async 'has texts on the axis that do not touch'({ tab, url }) {
    for (const width of [375, 500, 640, 1000]) {
      await tab.setSize(width, 500);
      await tab.goto(url('/modern-narrow.svg'));
      const boxes = await tab.evaluate(() => [...document.querySelectorAll('#axis text')].map((text) => {
        const { left, right } = text.getBoundingClientRect();
        return [left, right];
      }));
      assert.ok(boxes.length > 1);
      boxes.slice(1).forEach(([left], at) => assert.ok(left > boxes[at][1] + 5, `${width}: ${boxes}`));
      assert.ok(boxes[0][0] >= 0 && boxes[boxes.length - 1][1] <= width);
    }
  },

  async 'zooms by the wheel with Ctrl, and moves by dragging'({ tab, graph, url }) {
    await tab.goto(url('/modern-chart.svg'));
    const whole = WIDTH - 2 * PADDING;
    const texts = () => [...document.querySelectorAll('#axis text')].map((text) => text.textContent);
    const wheel = async (deltaY, modifiers) => {
      const { x, y } = { x: PADDING + whole / 2, y: (await graph.frame('all ')).y };
      await tab.send('Input.dispatchMouseEvent', { type: 'mouseWheel', x, y, deltaX: 0, deltaY, modifiers });
      await tab.settle();
    };
    await wheel(-200, 0);
    assert.equal((await tab.evaluate(texts))[0], '0 ms', 'the wheel itself belongs to the page');
    // Half as wide, around the middle: from 15 to 45 of 60 ms.
    await wheel(-500 * Math.log(2), 2);
    const b = await graph.frame('b ');
    assert.deepEqual([b.left, b.width], [PADDING, whole / 2]);
    assert.equal((await graph.frame('all ')).width, whole);
    assert.equal((await tab.evaluate(texts))[0], '15 ms');
    const mouse = (type, x) => tab.send('Input.dispatchMouseEvent', { type, x, y: b.y, button: 'left', buttons: 1, clickCount: 1 });
    await mouse('mousePressed', 300);
    await mouse('mouseMoved', 300 - whole / 3);
    await tab.settle();
    await mouse('mouseReleased', 300 - whole / 3);
    await tab.settle();
    assert.equal((await graph.frame('b ')).width, Math.round(whole / 6), 'moved by 10 ms, and not clicked');
    const waited = () => new Promise((done) => setTimeout(done, 400));
    await tab.evaluate(waited);
    assert.match(await graph.query(), /^\?range=(24\.99|25)\S* 30(\.00\S*)?$/);
    const [query, frames] = [await tab.evaluate(() => location.search), await graph.frames()];
    await tab.goto('about:blank');
    await tab.goto(url('/modern-chart.svg' + query));
    const shown = (frames) => frames.filter((frame) => frame.isShown);
    assert.deepEqual(shown(await graph.frames()), shown(frames));
    for (const query of ['?range=1', '?range=50 70', '?range=-1 2', '?range=a b', '?range=0 0']) {
      await tab.goto(url('/modern-chart.svg' + query));
      assert.equal((await tab.evaluate(texts))[0], '0 ms', query);
    }
    await tab.press('+');
    await tab.settle();
    const [first] = await tab.evaluate(texts);
    await tab.press('i');
    assert.deepEqual([first, (await tab.evaluate(texts))[0]], ['10 ms', '10 ms'], 'also at the other side');
    await tab.press('Escape');
    assert.equal((await graph.frame('b ')).width, Math.round(whole / 3));
  },

  async 'zooms out of a frame by the wheel'({ tab, graph, url }) {
    await graph.clickFrame('parse ');
    await tab.press('-');
    await tab.settle();
    assert.equal((await graph.frame('parse ')).width, Math.round((WIDTH - 2 * PADDING) / 1.5));
    assert.equal((await graph.frame('main ')).width, WIDTH - 2 * PADDING);
    await tab.press('Backspace');
    assert.equal((await graph.frame('main ')).width, WIDTH - 2 * PADDING);
    assert.equal((await graph.frame('parse ')).width, Math.round(((WIDTH - 2 * PADDING) * 4) / 9));
  },

  async 'hides in a chart, and cuts out the time of a subtree'({ tab, graph, url }) {
    await tab.goto(url('/chart.svg'));
    const drawn = async () => (await graph.frames()).map(({ label, left, width }) => [label, left, width]);
    const whole = WIDTH - 2 * PADDING;
    await tab.move(await graph.frame('b '));
    await tab.press('h');
    const [first, last] = (await drawn()).slice(2);
    assert.deepEqual([first, last], [
      ['a', PADDING, Math.round(whole / 6)],
      ['a', PADDING + Math.round(whole / 2), Math.round(whole / 2)],
    ]);
    await tab.press('u');
    await tab.move(await graph.frame('b '));
    await tab.press('H');
    assert.match((await graph.frame('all ')).title, /40 samples/);
    assert.deepEqual((await drawn()).slice(2), [
      ['a', PADDING, Math.round(whole / 4)],
      ['a', PADDING + Math.round(whole / 4), Math.round((3 * whole) / 4)],
    ]);
    const [query, cut] = [await tab.evaluate(() => location.search), await drawn()];
    await tab.goto('about:blank');
    await tab.goto(url('/chart.svg' + query));
    assert.deepEqual(await drawn(), cut);
    await tab.press('u');
    assert.equal((await graph.frames()).length, 5);
  },

  async 'takes widths from either profile, or both'({ tab, graph, url }) {
    await tab.goto(url('/changed.svg'));
    assert.deepEqual(await graph.shown(), ['all', 'grew', 'main', 'same']);
    assert.equal((await graph.frame('grew ')).fill, 'rgb(255, 100, 100)');
    await tab.move(await graph.frame('grew '));
    const text = 'Function: grew (30 samples, 75.00%; +50.00%), before 10, after 30 (+200.00%)';
    assert.equal(await graph.text('details'), text);
    await tab.press('w');
    assert.deepEqual(await graph.shown(), ['all', 'gone', 'grew', 'main', 'same']);
    assert.equal((await graph.frame('gone ')).fill, 'rgb(100, 100, 255)');
    await graph.choose('safe');
    assert.equal((await graph.frame('gone ')).fill, 'rgb(94, 60, 153)');
    assert.equal(await graph.query(), '?side=before');
  },

  async 'shows counts in larger units'({ tab, graph, url }) {
    await tab.goto(url('/bytes.svg'));
    await tab.press('b');
    await tab.move(await graph.frame('write '));
    assert.equal(await graph.text('details'), 'Function: write (20 KiB, 20.00%), 20 KiB');
  },

  async 'says what the counts are if the profile does'({ tab, graph, url }) {
    await tab.goto(url('/clock.svg'));
    await tab.move(await graph.frame('leaf (1.19 s, 100.00%)'));
    assert.equal(await graph.text('details'), 'Function: leaf (1.19 s, 100.00%)');
    await tab.press('r');
    await tab.move(await graph.frame('main (1.19 s, 100.00%)'));
    await tab.press('b');
    assert.match(await graph.text('details'), /^Function: main \(1,190,000,000 nanoseconds, 100\.00%\)/);
    await tab.press('b');
    assert.match(await graph.text('details'), /^Function: main \(1\.19 s, 100\.00%\)/);
  },

  async 'shows all parts of the profile, merged, or one'({ tab, graph, url }) {
    await tab.goto(url('/parts.svg'));
    const choose = async (at) => {
      await graph.clickText('part');
      await tab.evaluate((at) => document.querySelectorAll('#popup button')[at].click(), at);
    };
    const titles = async () => (await graph.frames()).map((frame) => frame.title);
    assert.equal(await graph.text('part'), 'All processes \u25be');
    assert.equal((await titles()).length, 7);
    await choose(1);
    const merged = ['all (4 e, 100%)', 'main (4 e, 100.00%)', 'leaf (4 e, 100.00%)'];
    assert.deepEqual(await titles(), merged);
    assert.match(await graph.query(), /merged=1/);
    await choose(2);
    assert.equal(await graph.text('part'), 'web \u25be');
    assert.deepEqual(await titles(), ['all (3 e, 100%)', 'main (3 e, 100.00%)', 'leaf (3 e, 100.00%)']);
    await tab.goto(url('/parts.svg?part=db'));
    assert.deepEqual(await titles(), ['all (1 e, 100%)', 'main (1 e, 100.00%)', 'leaf (1 e, 100.00%)']);
    await choose(0);
    assert.equal((await titles()).length, 7);
    await tab.goto(url('/graph.svg?part=db&merged=1'));
    assert.equal((await titles()).length, 14, 'a profile without parts');
  },

  // The graph has 500 samples of `web` and 250 of `db`; tests/browser.rs says when.
  async 'shows a range of the time, which the heat map and the URL select'({ tab, graph, url }) {
    await tab.goto(url('/times.svg'));
    const titles = async () => (await graph.frames()).map((frame) => frame.title.replace(/, [^,]*\)$/, ')'));
    const all = ['all (750 e)', 'db (250 e)', 'main (250 e)', 'early (100 e)', 'late (150 e)', 'web (500 e)',
      'main (500 e)', 'early (200 e)', 'late (300 e)'];
    assert.deepEqual(await titles(), all);
    // From a second to another one, by the labels below the columns.
    const column = (second) => tab.evaluate((second) => {
      const { left, top, width, height } = document.querySelector('#heat canvas').getBoundingClientRect();
      return { x: left + 52 + ((second + 0.5) * (width - 52)) / 60, y: top + height - 6 };
    }, second);
    const drag = async (from, to) => {
      await tab.move(from);
      await tab.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...from, button: 'left', buttons: 1, clickCount: 1 });
      await tab.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...to, button: 'left', buttons: 1 });
      await tab.settle();
      const tip = await graph.text('heattip');
      await tab.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...to, button: 'left', clickCount: 1 });
      await tab.settle();
      return tip;
    };
    assert.equal(await drag(await column(19), await column(20)), '19.00 s to 21.00 s: 30 e');
    assert.equal(await graph.query(), '?time=19..21');
    const two = ['all (30 e)', 'db (10 e)', 'main (10 e)', 'early (5 e)', 'late (5 e)', 'web (20 e)', 'main (20 e)',
      'early (10 e)', 'late (10 e)'];
    assert.deepEqual(await titles(), two);
    assert.equal(await graph.text('heatrange'), 'Shown: 19.00 s to 21.00 s');
    // A search, a table, callers and a part are of the range.
    await graph.search('^early$');
    assert.match(await graph.text('matched'), /50\.0%/);
    await tab.press('Escape');
    await tab.press('r');
    assert.ok((await graph.frames()).some((frame) => frame.title.startsWith('late (15 e, 50.00%)')));
    await tab.press('r');
    await tab.press('t');
    assert.match(await graph.text('functions'), /15/);
    await tab.press('t');
    await tab.goto(url('/times.svg?time=19..21&part=db'));
    assert.deepEqual(await titles(), ['all (10 e)', 'main (10 e)', 'early (5 e)', 'late (5 e)']);
    await tab.goto(url('/times.svg?time=19..21&only=late'));
    assert.equal((await titles())[0], 'all (15 e)');
    // Two clicks are the ends as well; Back shows the range before.
    await tab.goto(url('/times.svg?time=19..21'));
    await tab.click(await column(5));
    assert.equal(await graph.query(), '?time=19..21', 'one click is only the start');
    await tab.click(await column(8));
    assert.equal(await graph.query(), '?time=5..9');
    assert.equal((await titles())[0], 'all (60 e)');
    await tab.evaluate(() => history.back());
    await tab.settle();
    await tab.settle();
    assert.deepEqual(await titles(), two);
    await graph.clickText('alltimes');
    assert.deepEqual([await titles(), await graph.query()], [all, '']);
    // Ranges without samples, or that make no sense, show all.
    await drag(await column(32), await column(35));
    assert.equal(await graph.text('heattip'), 'no samples: 32.00 s to 36.00 s');
    for (const time of ['32..36', '9..5', 'x..y', '-3', '1e999..2', '70..80']) {
      await tab.goto(url(`/times.svg?time=${time}`));
      assert.deepEqual(await titles(), all, time);
    }
  },

  async 'says so if a part has no samples in a range'({ tab, graph, url }) {
    const note = () => tab.evaluate(() => {
      const text = document.querySelector('#empty');
      return text.getBoundingClientRect().width > 0 ? text.textContent : '';
    });
    await tab.goto(url('/times.svg?time=19..21&part=db'));
    assert.equal(await note(), '');
    // Only `web` has samples at odd tenths of a second.
    await tab.goto(url('/modern-times.svg?time=5.1..5.15'));
    assert.equal(await note(), '');
    await graph.clickText('part');
    await tab.evaluate(() => [...document.querySelectorAll('#popup button')].find((item) => item.textContent.startsWith('db')).click());
    await tab.settle();
    assert.equal(await note(), 'No samples of db in the selected range of time');
  },

  async 'adds up to the whole over adjacent ranges'({ tab, graph, url }) {
    const sums = {};
    for (let from = 0; from < 60; from += 7.5) {
      await tab.goto(url(`/times.svg?time=${from}..${from + 7.5}`));
      if ((await graph.query()) === '') {
        continue;
      }
      for (const { title } of (await graph.frames()).filter(({ title }) => /^(all|early|late) /.test(title))) {
        const [, name, count] = /^(\w+) \((\d+) e/.exec(title);
        sums[name] = (sums[name] ?? 0) + Number(count);
      }
    }
    // The range from 30 s to 37.5 s is empty, so all is shown.
    assert.deepEqual(sums, { all: 750 + 750, early: 300 + 300, late: 450 + 450 });
  },

  async 'paints cells by their samples, in both themes'({ tab, url }) {
    await tab.goto(url('/times.svg'));
    const painted = () => tab.evaluate(() => {
      const canvas = document.querySelector('#heat canvas');
      const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const at = (second, share) => {
        const x = Math.round(52 + ((second + 0.5) * (width - 52)) / 60);
        const y = Math.round(150 * (1 - share));
        return [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 3)].join();
      };
      // One of web alone at 100 ms, one of each process at 200 ms, and none in between or later.
      return [at(5, 0.11), at(5, 0.21), at(5, 0.15), at(33, 0.21)];
    });
    const lightness = (color) => color.split(',').reduce((sum, part) => sum + Number(part), 0);
    for (const isDark of [false, true]) {
      const [one, two, none, never] = await painted();
      const difference = lightness(one) - lightness(two);
      assert.ok(isDark ? difference < -50 : difference > 50, `${one} and ${two}`);
      assert.equal(none, never);
      assert.equal(two, isDark ? '190,220,255' : '8,48,107');
      await tab.press('d');
    }
  },

  async 'has a heat map that keys use'({ tab, graph, url }) {
    await tab.goto(url('/times.svg'));
    const used = () => tab.evaluate(() => document.activeElement?.id || document.activeElement?.localName);
    for (let presses = 0; presses < 30 && (await used()) !== 'canvas'; presses++) {
      await tab.press('Tab');
    }
    assert.equal(await used(), 'canvas');
    await tab.press('ArrowRight');
    await tab.press('ArrowUp');
    assert.match(await graph.text('heattip'), /^1\.\d+ s to 1\.\d+ s: /);
    await tab.press('Home');
    await tab.press('Enter');
    await tab.press('ArrowRight');
    await tab.press('ArrowRight');
    await tab.press('Enter');
    assert.match(await graph.query(), /^\?time=0\.\.2\.\d+$/);
    await tab.press('Escape');
    assert.equal(await graph.query(), '');
    await tab.press('Tab');
    assert.equal(await used(), 'g', 'the frames come next');
    await tab.press('Tab', 8);
    assert.equal(await used(), 'canvas');
    await tab.press('e');
    assert.equal(await graph.query(), '?heat=0');
    assert.equal(await graph.text('heat'), null);
    await tab.press('e');
    assert.equal(await graph.query(), '');
  },

  async 'draws a profile with times in their order'({ tab, graph, url }) {
    await tab.goto(url('/times.svg'));
    await graph.clickText('ordertimes');
    assert.equal(await graph.query(), '?ordered=1');
    const titles = async () => (await graph.frames()).map((frame) => frame.title.replace(/, [^,]*\)$/, ')'));
    // One thread runs both processes, which alternate: two samples of one, and one of the other.
    assert.equal((await titles())[0], 'all (750 e)');
    assert.ok((await titles()).filter((title) => title.startsWith('web (')).length > 100);
    await tab.goto(url('/times.svg?ordered=1&part=web'));
    const web = ['all (500 e)', 'web (500 e)', 'main (500 e)', 'early (200 e)'];
    assert.deepEqual((await titles()).slice(0, 4), web);
    const [early, late] = await Promise.all(['early', 'late'].map(async (name) =>
      (await graph.frames()).filter((frame) => frame.title.startsWith(`${name} `)).map((frame) => frame.x)));
    assert.ok(Math.max(...early) < Math.min(...late), 'time runs to the right');
    await tab.goto(url('/times.svg?ordered=1&time=19..21'));
    assert.equal((await titles())[0], 'all (30 e)');
    await graph.clickText('mergetimes');
    assert.equal(await graph.query(), '?time=19..21');
    await tab.press('r');
    await graph.clickText('ordertimes');
    assert.equal(await graph.query(), '?time=19..21&ordered=1', 'callers are those of merged stacks');
  },

  async 'shows the heat map on a phone, under a strict policy, and not where there are no times'({ tab, graph, url }) {
    await tab.setSize(390, 800);
    await tab.goto(url('/times.html?time=19..21'));
    const [width, right] = await tab.evaluate(() => {
      const box = document.querySelector('#heat canvas').getBoundingClientRect();
      return [box.width, box.right];
    });
    assert.ok(width > 300 && right <= 390, `${width} ${right}`);
    assert.equal((await graph.frame('all (30 e')).title, 'all (30 e, 100%)');
    await tab.setSize(WIDTH, 500);
    await tab.goto(url('/graph.svg?time=1..2&ordered=1&heat=0'));
    assert.equal((await graph.frames()).length, 14);
    assert.ok(await tab.evaluate(() => !document.querySelector('#heat')));
  },

  async 'opens with both the root and the heat map in sight'({ tab, graph, url }) {
    for (const width of [390, WIDTH]) {
      await tab.setSize(width, 800);
      await tab.goto(url('/high.svg'));
      const [scrolled, tools, map, root] = await tab.evaluate(() => {
        const box = (selector) => document.querySelector(selector).getBoundingClientRect();
        const all = [...document.querySelectorAll('#frames g')].find((it) => it.textContent.startsWith('all'));
        const root = all.querySelector('rect').getBoundingClientRect();
        return [window.scrollY, box('#tools > div').bottom, box('#heat > div'), root].map((it) => it.toJSON?.() ?? it);
      });
      assert.ok(scrolled > 500, String(scrolled));
      assert.ok(Math.abs(map.top - tools) <= 1, `${map.top} below ${tools}`);
      assert.ok(root.top > map.bottom && root.bottom < 800, `${root.top} ${root.bottom}`);
    }
    await tab.setSize(WIDTH, 500);
  },

  async 'takes names for text, wherever they are shown'({ tab, graph, url }) {
    for (const page of ['/hostile.svg', '/hostile.html']) {
      await tab.goto(url(page));
      const names = ['all', 'main', '<script>window.pwned=1</script>', '\u{1f600}\u{1f600}^~\\u0041'];
      const shown = await graph.shown();
      names.forEach((name) => assert.ok(shown.includes(name), name));
      assert.ok(shown.includes('\u202ertl\ufffd\ufffd'));
      for (const frame of (await graph.frames()).slice(1)) {
        await tab.move(frame);
      }
      await graph.clickFrame('<script>');
      await graph.search('script');
      for (const key of ['t', 't', 'r', 'r', 's']) {
        await tab.press(key);
      }
      assert.equal(await tab.evaluate(() => window.pwned ?? 0), 0);
      assert.equal(await tab.evaluate(() => document.querySelectorAll('script').length), 1);
    }
  },

  async 'keeps the zoom when the same tree is shown in another way'({ tab, graph }) {
    const width = async (name) => (await graph.frame(name)).width;
    await graph.clickFrame('parse ');
    for (const key of ['i', 'o', 'o', 'i']) {
      await tab.press(key);
      assert.equal(await width('parse '), WIDTH - 2 * PADDING, key);
    }
    await tab.move(await graph.frame('read_line '));
    await tab.press('h');
    assert.equal(await width('parse '), WIDTH - 2 * PADDING, 'something in it is hidden');
    await tab.press('u');
    await tab.move(await graph.frame('parse '));
    await tab.press('H');
    assert.equal(await width('main '), WIDTH - 2 * PADDING, 'its caller, as it is hidden itself');
    assert.match(await graph.query(), /x=.*y=/);
    await tab.press('r');
    assert.doesNotMatch(await graph.query(), /x=/);
  },

  async 'shows another view from where it begins'({ tab, graph, url }) {
    await tab.goto(url('/deep.svg'));
    await tab.evaluate(() => scrollTo(0, 3000));
    await tab.press('t');
    assert.equal(await tab.evaluate(() => scrollY), 0);
    await tab.press('t');
    const root = await graph.frame('all ');
    assert.ok(root.y > 0 && root.y < 500);
    await tab.evaluate(() => document.querySelector('#frames [tabindex="0"]').focus());
    await tab.press('ArrowUp');
    await tab.press('s');
    const center = () => document.querySelector('#frames > .center > title').textContent;
    assert.match(await tab.evaluate(center), /^level0 /);
  },

  async 'can be read in the dark, and fills the window'({ tab, graph, url }) {
    await tab.goto(url('/deep.svg'));
    await tab.press('d');
    const fill = (id) => getComputedStyle(document.getElementById(id)).fill;
    for (const id of ['title', 'subtitle', 'details']) {
      assert.equal(await tab.evaluate(fill, id), 'rgb(238, 238, 238)', id);
    }
    const color = () => getComputedStyle(document.getElementById('matched')).color;
    assert.equal(await tab.evaluate(color), 'rgb(238, 238, 238)');
    await tab.goto(url('/graph.svg'));
    await tab.setSize(WIDTH, 2000);
    const filled = () => document.querySelector('svg > rect').getBoundingClientRect().height;
    assert.equal(await tab.evaluate(filled), 2000);
    assert.equal(await tab.evaluate(() => document.documentElement.scrollHeight), 2000);
  },

  async 'opens with the root in view, and says if there is more'({ tab, graph, url }) {
    const more = () => document.getElementById('more').textContent;
    for (const [page, size, text] of [
      ['/deep.svg', [WIDTH, 500], /^\u25b2 3\d\d more rows$/],
      ['/deep.svg?flip=1', [WIDTH, 500], /^\u25bc 3\d\d more rows$/],
      ['/graph.svg', [WIDTH, 500], /^$/],
      ['/page.html', [WIDTH, 120], /^\u25b2 [2345] more rows$/],
    ]) {
      await tab.setSize(...size);
      await tab.goto('about:blank');
      await tab.goto(url(page));
      const root = await graph.frame('all ');
      assert.ok(root.y > 0 && root.y < size[1], page);
      assert.match(await tab.evaluate(more), text, page);
    }
    const root = () => {
      const { contentDocument, contentWindow } = document.querySelector('iframe');
      const { top, bottom } = contentDocument.querySelector('#frames > g > rect').getBoundingClientRect();
      return top > 0 && bottom < contentWindow.innerHeight;
    };
    await tab.setSize(WIDTH, 500);
    await tab.goto(url('/frame.html'));
    assert.ok(await tab.evaluate(root), 'in a frame of a page');
  },

  async 'keeps its tools in sight'({ tab, url }) {
    await tab.goto(url('/deep.svg'));
    const top = () => document.getElementById('term').getBoundingClientRect().top;
    for (const position of [0, 100, 3000, 1e6]) {
      await tab.evaluate((y) => scrollTo(0, y), position);
      await tab.settle();
      assert.ok((await tab.evaluate(top)) >= 0 && (await tab.evaluate(top)) < 100, `${position}`);
    }
    await tab.evaluate(() => document.getElementById('more').click());
    await tab.settle();
    assert.ok((await tab.evaluate(() => scrollY)) > 0);
  },

  async 'colors small changes, with a legend'({ tab, graph, url }) {
    await tab.goto(url('/log.svg'));
    const grew = (await graph.frame('grew ')).fill;
    const legend = (change) => tab.evaluate(
      (change) => getComputedStyle(document.querySelector(`#legend [*|change="${change}"]`)).fill, change);
    assert.equal(grew, await legend(100));
    assert.equal((await graph.frame('same ')).fill, await legend(0));
    await graph.choose('safe');
    assert.equal(await legend(100), 'rgb(230, 97, 1)');
    assert.equal((await graph.frame('grew ')).fill, await legend(100));
    await tab.press('d');
    assert.equal((await graph.frame('same ')).fill, await legend(0));
    assert.equal(await legend(0), 'rgb(80, 80, 84)');
  },

  async 'lists changes in a table that can be sorted by each'({ tab, graph, url }) {
    await tab.goto(url('/changed.svg'));
    await graph.clickText('table');
    const rows = async () => {
      const rows = await tab.evaluate(() =>
        [...document.querySelectorAll('#functions tbody tr')].map((row) => row.innerText.split(/\s+/)));
      return rows.map((row) => row.filter(Boolean).join(' '));
    };
    const sort = (number) => tab.evaluate((n) => document.querySelectorAll('#functions th button')[n].click(), number);
    const grew = '10 25.00% 30 75.00% +20 +200.00% +20 grew';
    const gone = '20 50.00% 0 0.00% -20 gone -20 gone';
    assert.deepEqual([(await rows())[0], (await rows()).at(-1)], [grew, gone]);
    const name = () => document.querySelector('#functions td:last-child').getBoundingClientRect().width;
    for (const [width, least] of [[1000, 300], [900, 600], [400, 300]]) {
      await tab.setSize(width, 500);
      assert.ok((await tab.evaluate(name)) > least, `room for names if ${width} pixels wide`);
    }
    await tab.setSize(WIDTH, 500);
    for (const [column, first] of [[0, 'main'], [1, 'main'], [2, 'grew'], [2, 'gone'], [3, 'grew'], [4, 'grew'], [5, 'gone']]) {
      await sort(column);
      assert.equal((await rows())[0].split(' ').at(-1), first, `column ${column}`);
    }
  },

  async 'has all functions in the table, the headings in sight'({ tab, graph, url }) {
    await tab.goto(url('/narrow.svg'));
    await graph.clickText('table');
    const count = () => document.querySelectorAll('#functions tbody tr').length;
    assert.ok((await tab.evaluate(count)) < 200);
    const bottom = async () => {
      await tab.evaluate(() => (document.querySelector('#functions > div').scrollTop = 1e9));
      await tab.settle();
    };
    await bottom();
    const last = () => {
      const rows = [...document.querySelectorAll('#functions tbody tr')];
      const box = document.querySelector('#functions > div').getBoundingClientRect();
      const head = document.querySelector('#functions th').getBoundingClientRect();
      const row = rows.at(-1).getBoundingClientRect();
      return [rows.at(-1).innerText.split(/\s+/).at(-1), Math.abs(head.top - box.top) < 2, row.bottom <= box.bottom + 1];
    };
    assert.deepEqual(await tab.evaluate(last), ['needle', true, true]);
  },

  async 'lists what is zoomed in the table, and keeps the zoom'({ tab, graph }) {
    await graph.clickFrame('parse ');
    await graph.clickText('table');
    const first = () => document.querySelector('#functions tbody tr').innerText.split(/\s+/).filter(Boolean);
    assert.deepEqual(await tab.evaluate(first), ['0', '0.00%', '40', '100.00%', 'parse']);
    await tab.press('t');
    assert.equal((await graph.frame('parse ')).width, WIDTH - 2 * PADDING);
  },

  async 'shows the table beside the graph'({ tab, graph, url }) {
    await graph.clickText('both');
    const left = (await graph.frame('all ')).left;
    const right = () => document.querySelector('#functions table').getBoundingClientRect().right;
    assert.ok(left > WIDTH / 3 && (await tab.evaluate(right)) < left);
    assert.equal(await graph.query(), '?view=both');
    await graph.clickFrame('parse ');
    assert.equal((await graph.frame('parse ')).width, WIDTH - left - PADDING);
    const rows = () => [...document.querySelectorAll('#functions tbody td:last-child')].map((cell) => cell.textContent);
    assert.deepEqual(await tab.evaluate(rows), ['parse', 'read_line', 'memchr', 'read']);
    await tab.evaluate(() => document.querySelectorAll('#functions td button')[3].click());
    assert.deepEqual(await graph.highlighted(), ['read', 'read_line']);
    await tab.setSize(600, 500);
    assert.equal((await graph.frame('parse ')).width, 600 - 2 * PADDING);
    await tab.setSize(WIDTH, 500);
    assert.equal((await graph.frame('parse ')).left, left);
    await tab.goto(url('/deep.svg?view=both'));
    const sight = () => document.querySelector('#functions th').getBoundingClientRect().top;
    assert.ok((await tab.evaluate(sight)) > 0 && (await tab.evaluate(sight)) < 200);
    await graph.clickText('flame');
    assert.equal((await graph.frame('all ')).left, PADDING);
  },

  async 'keeps both ends of a name that is too long for the table, and of one that is under the pointer'({ tab, graph, url }) {
    await tab.goto(url('/long.svg?view=table'));
    const names = () => [...document.querySelectorAll('#functions tbody button')].map(({ textContent }) => textContent);
    const long = (await tab.evaluate(names)).find((name) => name.startsWith('aa'));
    assert.match(long, /^a{9,}\u2026a{9,}!$/);
    await tab.setSize(375, 500);
    await tab.goto(url('/long.svg'));
    await tab.move(await graph.frame('aaa'));
    assert.match(await graph.text('details'), /^a+\u2026a+! \(1 sample, 25\.00%\)$/);
    await tab.goto(url('/log.svg'));
    await tab.move(await graph.frame('grew '));
    assert.match(await graph.text('details'), /^Function: grew \(30 samples, 75\.00%; \+50\.00%\)/);
    const outside = () => [...document.querySelectorAll('#legend > rect')].filter((swatch) => swatch.getBoundingClientRect().right > innerWidth);
    assert.equal((await tab.evaluate(outside)).length, 0);
  },

  async 'says no more in a table than it has room for'({ tab, url }) {
    const headings = () => [...document.querySelectorAll('#functions th')].map(({ textContent }) => textContent.replace(/ .$/, ''));
    const isWide = () => {
      const { scrollWidth, clientWidth } = document.querySelector('#functions > div');
      return scrollWidth > clientWidth;
    };
    for (const [width, view, expected] of [
      [1280, 'table', ['Before', 'After', 'Change', 'Change', 'Self change', 'Function']],
      [1280, 'both', ['After', 'Change', 'Change', 'Function']],
      [375, 'table', ['After', 'Change', 'Change', 'Function']],
    ]) {
      await tab.setSize(width, 500);
      await tab.goto(url(`/changed.svg?view=${view}`));
      assert.deepEqual(await tab.evaluate(headings), expected, view);
      assert.equal(await tab.evaluate(isWide), false, `${view} at ${width}`);
    }
  },

  async 'marks one item of a menu, by the pointer or by keys'({ tab, graph }) {
    await graph.clickText('menu');
    const marked = () => {
      const usual = getComputedStyle(document.getElementById('popup').firstChild).backgroundColor;
      const items = [...document.querySelectorAll('#popup button')];
      return items.filter((item) => ![usual, 'rgba(0, 0, 0, 0)'].includes(getComputedStyle(item).backgroundColor)).map(({ id }) => id);
    };
    assert.deepEqual(await tab.evaluate(marked), ['order']);
    const box = () => {
      const { left, top, width, height } = document.getElementById('save').getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    };
    await tab.move(await tab.evaluate(box));
    assert.deepEqual(await tab.evaluate(marked), ['save']);
    await tab.press('ArrowUp');
    assert.deepEqual(await tab.evaluate(marked), ['dark']);
  },

  async 'has a menu for a frame'({ tab, graph }) {
    const frame = await graph.frame('parse ');
    await tab.move(frame);
    await tab.press('.');
    assert.match(await graph.text('popup'), /Zoom into it.*Hide the function/);
    await tab.press('Escape');
    assert.equal(await graph.text('popup'), null);
    for (const type of ['mousePressed', 'mouseReleased']) {
      const event = { type, x: frame.x, y: frame.y, button: 'right', clickCount: 1 };
      await tab.send('Input.dispatchMouseEvent', event);
    }
    await tab.settle();
    await graph.clickText('hide');
    assert.ok(!(await graph.shown()).includes('parse'));
  },

  async 'outlines all frames of the function under the pointer'({ tab, graph }) {
    await tab.move(await graph.frame('memchr (10'));
    const same = () => [...document.querySelectorAll('.same > title')].map((title) => title.textContent.split(' ')[0]);
    assert.deepEqual(await tab.evaluate(same), ['memchr', 'memchr']);
    await tab.move({ x: 2, y: 2 });
    assert.deepEqual(await tab.evaluate(same), []);
  },

  async 'keeps only matching stacks, and says so in the URL'({ tab, graph, url }) {
    await graph.search('read_line');
    await graph.choose('filter');
    assert.deepEqual(await graph.shown(), ['all', 'app', 'main', 'memchr', 'parse', 'read_line']);
    assert.match((await graph.frame('all ')).title, /^all \(30 samples/);
    const query = await tab.evaluate(() => location.search);
    assert.match(query, /only=read_line/);
    await tab.goto(url('/graph.svg' + query));
    assert.match((await graph.frame('all ')).title, /^all \(30 samples/);
    await graph.choose('filter');
    assert.equal((await graph.shown()).length, 14);
  },

  async 'collapses the calls within a module'({ tab, graph, url }) {
    await tab.goto(url('/modern.svg'));
    await tab.move(await graph.frame('app::h '));
    await tab.press('.');
    await graph.clickText('collapse');
    assert.equal((await graph.frames()).length, 7, 'app is not a chain');
    await graph.clickText('undo');
    await tab.move(await graph.frame('std::f (90'));
    await tab.press('m');
    const titles = async () => (await graph.frames()).map((frame) => frame.title).sort();
    const collapsed = [
      'all (100 samples, 100%)',
      'app::g (60 samples, 60.00%)',
      'app::h (30 samples, 30.00%)',
      'main (100 samples, 100.00%)',
      'other (10 samples, 10.00%)',
      'std::f (90 samples, 90.00%)',
    ];
    assert.deepEqual(await titles(), collapsed);
    assert.equal(await graph.query(), '?edit=module std');
    await tab.goto('about:blank');
    await tab.goto(url('/modern.svg?edit=module%20std'));
    assert.deepEqual(await titles(), collapsed);
    await tab.press('u');
    assert.equal((await graph.frames()).length, 7);
  },

  async 'has the edits in the URL, with positions in the unedited graph'({ tab, graph, url }) {
    const seen = async () => (await graph.frames()).filter((frame) => frame.isShown);
    const position = async () => {
      const query = await graph.query();
      return [/[?&]x=([^&]*)/.exec(query)?.[1], /[?&]y=([^&]*)/.exec(query)?.[1]];
    };
    await graph.clickFrame('write ');
    const plain = await position();
    await tab.press('Escape');
    const press = async (frame, key) => {
      await tab.move(await graph.frame(frame));
      await tab.press(key);
    };
    await press('read_line ', 'H');
    await press('app ', 'h');
    await press('idle ', 'h');
    await tab.press('o');
    await graph.clickFrame('write ');
    assert.deepEqual(await position(), plain);
    const lines = /[?&]edit=([^&]*)/.exec(await graph.query())[1].split('\n');
    assert.deepEqual(lines.map((line) => line.split(' ')[0]), ['prune', 'hide', 'hide']);
    assert.equal(lines[1], 'hide app');
    const [query, frames] = [await tab.evaluate(() => location.search), await seen()];
    await tab.goto('about:blank');
    await tab.goto(url('/graph.svg' + query));
    assert.deepEqual(await seen(), frames);
    await tab.goto(url('/graph.svg?edit=' + encodeURIComponent('hide nothing\nprune 1\nprune 1e9 3\nmodule std\nhide\n__proto__ x')));
    assert.equal((await graph.shown()).length, 14, 'edits that make no sense');
  },

  async 'goes back through edits with the browser'({ tab, graph }) {
    await tab.move(await graph.frame('parse '));
    await tab.press('h');
    await tab.press('u');
    await tab.move(await graph.frame('render '));
    await tab.press('H');
    const counts = [];
    for (let step = 0; step < 3; step++) {
      counts.push((await graph.shown()).length);
      await tab.evaluate(() => history.back());
      await tab.settle();
    }
    assert.deepEqual(counts, [11, 14, 13]);
    assert.equal((await graph.shown()).length, 14);
  },

  async 'collapses recursion'({ tab, graph, url }) {
    await tab.goto(url('/modern.svg'));
    assert.equal((await graph.frames()).filter((frame) => frame.title.startsWith('std::f ')).length, 2);
    await graph.choose('recursion');
    assert.match((await graph.frame('std::f ')).title, /^std::f \(90 samples/);
    assert.equal((await graph.frame('app::h ')).y, (await graph.frame('app::g ')).y);
  },

  async 'counts one in the singular, and tells little from nothing'({ tab, graph, url }) {
    const details = async (page, name) => {
      await tab.goto(url(page));
      await graph.search(name);
      await tab.press('n');
      return [await graph.text('details'), await tab.evaluate(() => document.querySelector('.current title').textContent)];
    };
    const needle = (one, share) => `needle (1 ${one}, ${share}%)`;
    assert.deepEqual(await details('/narrow.svg', 'needle'), [
      `Function: ${needle('sample', '<0.01')}, 100.00% of the zoomed frame`,
      needle('samples', '0.00'),
    ]);
    assert.deepEqual(await details('/modern-narrow.svg', 'needle'), [
      `Function: ${needle('sample', '<0.01')}, 100.00% of the zoomed frame`,
      needle('sample', '<0.01'),
    ]);
    const written = await (await fetch(url('/modern-one.svg'))).text();
    assert.match(written, /<title>few \(1 sample, &lt;0\.01%\)</);
  },

  async 'colors functions by module, and shows one of them'({ tab, graph, url }) {
    await tab.goto(url('/modern.svg'));
    const legend = () => [...document.querySelectorAll('#modules button')].map((chip) => chip.textContent);
    assert.deepEqual(await tab.evaluate(legend), ['app 90%', '(no module) 10%']);
    await tab.move(await graph.frame('app::g '));
    await tab.press('s');
    assert.deepEqual(await tab.evaluate(legend), ['app 100%'], 'without callers');
    await tab.press('Escape');
    const fill = async (name) => (await graph.frames()).find((frame) => frame.title.startsWith(name)).fill;
    const [std, app] = [await fill('std::f '), await fill('app::g ')];
    assert.notEqual(std, app);
    await tab.evaluate(() => document.querySelector('#modules button').click());
    assert.equal(await fill('app::g '), app);
    assert.equal(await fill('std::f '), 'rgb(236, 236, 238)');
    assert.equal(await graph.query(), '?module=app');
    await tab.goto(url('/modern.svg?module=app'));
    assert.equal(await fill('std::f '), 'rgb(236, 236, 238)');
    await tab.evaluate(() => document.querySelector('#modules button').click());
    assert.equal(await fill('std::f '), std);
    await tab.press('d');
    assert.notEqual(await fill('std::f '), std);
    await tab.press('r');
    await tab.press('d');
    assert.equal(await fill('app::g '), app, 'in each view');
  },

  async 'is dark as an image where the system is'({ tab, url }) {
    const pixel = async () =>
      tab.evaluate(() => {
        const image = document.querySelector('img');
        const canvas = document.createElement('canvas');
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext('2d').drawImage(image, 0, 0);
        return canvas.getContext('2d').getImageData(2, 2, 1, 1).data[0];
      });
    await tab.goto(url('/modern-image.html'));
    assert.equal(await pixel(), 255);
    await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    await tab.goto(url('/modern-image.html'));
    assert.ok((await pixel()) < 50);
    await tab.send('Emulation.setEmulatedMedia', { features: [] });
  },

  async 'leaves other images in its page as they are'({ tab, url }) {
    await tab.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    await tab.goto(url('/host.html'));
    const host = () => [...document.querySelectorAll('#host > *')].map((part) => {
      const { fill, stroke } = getComputedStyle(part);
      return [fill, stroke];
    });
    assert.deepEqual(await tab.evaluate(host), [['rgb(0, 0, 0)', 'none'], ['rgb(142, 202, 243)', 'none']]);
    await tab.send('Emulation.setEmulatedMedia', { features: [] });
  },

  async 'is a page that works under a strict policy'({ tab, graph, url }) {
    for (const page of ['/page.html', '/nonce.html']) {
      await tab.goto(url(page));
      assert.equal((await graph.frame('all ')).width, WIDTH - 2 * PADDING);
      await graph.clickFrame('parse ');
      assert.equal((await graph.frame('read ')).width, (WIDTH - 2 * PADDING) / 4);
      assert.match(await graph.query(), /^\?x=/);
      await tab.press('t');
      assert.equal(await graph.text('frames'), null);
      await tab.press('?');
    }
  },

  // An image cannot run scripts.
  async 'draws as an image'({ tab, url }) {
    await tab.goto(url('/image.html'));
    const size = await tab.evaluate(() => document.querySelector('img').naturalWidth);
    const colors = await tab.evaluate(() => {
      const canvas = document.createElement('canvas');
      const image = document.querySelector('img');
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const pixels = new Uint32Array(
        context.getImageData(0, 0, canvas.width, canvas.height).data.buffer,
      );
      return new Set(pixels).size;
    });
    assert.equal(size, 1200);
    assert.ok(colors > 100, `${colors} colors`);
  },
};

// ---- Running them ----

function serve(directory) {
  const svg = readFileSync(`${directory}/graph.svg`, 'utf8');
  const inlined = (svg) => svg.replace(/^<\?xml[^>]*>/, '').replace(/<!DOCTYPE[^>]*>/, '');
  const inline = inlined(svg);
  const modern = readFileSync(`${directory}/modern.svg`, 'utf8');
  const host = '<svg id="host"><text>host</text><rect fill="rgb(142, 202, 243)" width="9" height="9"/></svg>';
  const pages = {
    '/two.html': ['text/html', `<!doctype html><title>two</title>${inline}${inline}`],
    '/frame.html': ['text/html', '<!doctype html><title>frame</title><iframe src="deep.svg" height="300"></iframe>'],
    '/host.html': ['text/html', `<!doctype html><title>host</title>${host}${inlined(modern)}`],
    '/modern-image.html': ['text/html', '<!doctype html><title>image</title><img src="modern.svg">'],
    '/blank.html': ['text/html', '<!doctype html><title>blank</title>'],
    '/image.html': ['text/html', '<!doctype html><title>image</title><img src="graph.svg">'],
  };
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const file = directory + pathname;
    const type = pathname.endsWith('.svg') ? 'image/svg+xml' : 'text/html';
    const page = pages[pathname] ?? (existsSync(file) && [type, readFileSync(file)]);
    const headers = { 'content-type': `${page?.[0]}; charset=utf-8`, ...policies[pathname] };
    response.writeHead(page ? 200 : 204, page ? headers : {});
    response.end(page ? page[1] : '');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// Policies that a server may require.
const policies = {
  '/nonce.html': {
    'content-security-policy':
      "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; base-uri 'none'",
  },
};

async function check(name, tab, url) {
  tab.errors = [];
  try {
    await tab.setSize(WIDTH, 500);
    await tab.goto('about:blank');
    await tab.send('Storage.clearDataForOrigin', { origin: new URL(url('/')).origin, storageTypes: 'local_storage' });
    await tab.goto(url('/graph.svg'));
    await checks[name]({ tab, graph: new Graph(tab), url });
    assert.deepEqual(tab.errors, [], 'errors in the page');
    console.log(`ok     ${name}`);
    return true;
  } catch (error) {
    console.log(`FAILED ${name}\n${error.stack}`);
    return false;
  }
}

const [executable, directory, part = ''] = process.argv.slice(2);
const names = Object.keys(checks).filter((name) => name.includes(part));
const server = await serve(directory);
const browser = new Chromium(executable);
const url = (path) => `http://127.0.0.1:${server.address().port}${path}`;
let failed = 0;
try {
  const tab = await browser.openTab();
  for (const name of names) {
    failed += (await check(name, tab, url)) ? 0 : 1;
  }
} finally {
  await browser.close();
  server.close();
}
console.log(`${names.length} checks, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
