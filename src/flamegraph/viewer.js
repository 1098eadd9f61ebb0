// The interactive part of a flame graph: it fills the width of its window, shows what is under the
// pointer, zooms, searches, and keeps all that in the URL. The picture is complete without it.
//
// This text becomes part of every SVG, below eight variables that hold options (nametype, ...).
// So that it can be written in CDATA, inlined in HTML and shortened line by line, a comment has a
// line of its own, a string never spans two, and no CDATA end or closing tag occurs.
//
// What makes it fast on a hundred thousand frames: the geometry is read once, into arrays in which
// the descendants of a frame at one depth are neighbours; an element is only touched when it has to
// change; text is measured on a canvas, so that nothing ever waits for a layout.
//
// Several graphs may be inlined in one page: each script serves the graph it stands in, looks up
// ids below its own root only, and leaves the page's URL and keys alone.
var init = (function () {
  'use strict';

  const SVG = 'http://www.w3.org/2000/svg';
  const XHTML = 'http://www.w3.org/1999/xhtml';

  // Taken now: the script of the next graph in the page overwrites the variables.
  const options = {
    nameType: nametype,
    padding: xpad,
    inverted,
    searchColor: searchcolor,
    fluid: fluiddrawing,
    cutRight: truncate_text_right,
  };

  // Between a label and the edges of its frame, in pixels.
  const LABEL_PADDING = 3;
  // How long typing must pause before the search follows it, in milliseconds.
  const TYPING_PAUSE = 200;
  const SEARCH_BOX = { width: 220, height: 20 };

  // ---- The frames, and how they lie over each other ----

  // All frames, sorted by depth and then from left to right. A frame is its index in that order,
  // the root is 0. The children of neighbours are neighbours.
  class Frames {
    constructor(svg) {
      const rects = Array.from(svg.getElementsByTagName('rect'));
      const rows = rowsOf(rects);
      this.svg = svg;
      this.count = rects.length;
      this.rects = rows.flatMap((row) => row.rects);
      this.groups = this.rects.map((rect) => rect.parentNode);
      this.indexOf = new Map(this.groups.map((group, frame) => [group, frame]));
      this.start = Float64Array.from(this.rects, (rect) => number(rect, 'fg:x'));
      this.samples = Float64Array.from(this.rects, (rect) => number(rect, 'fg:w'));
      this.names = new Array(this.count);
      this.countName = countNameOf(this.title(0));
      this.link(rows);
    }

    // Finds each frame's parent and range of children.
    link(rows) {
      this.parent = new Int32Array(this.count).fill(-1);
      this.firstChild = new Int32Array(this.count);
      this.endOfChildren = new Int32Array(this.count);
      this.rowAt = new Map();
      let from = 0;
      rows.forEach((row, depth) => {
        const to = from + row.rects.length;
        const next = rows[depth + 1];
        this.linkRow(from, to, to + (next ? next.rects.length : 0));
        this.rowAt.set(row.y, [from, to]);
        from = to;
      });
    }

    // Links the row from..to with the next one, to..end. A child belongs to the last frame that
    // does not start after it.
    linkRow(from, to, end) {
      let child = to;
      for (let frame = from; frame < to; frame++) {
        const next = frame + 1 < to ? this.start[frame + 1] : Infinity;
        this.firstChild[frame] = child;
        while (child < end && this.start[child] < next) {
          this.parent[child++] = frame;
        }
        this.endOfChildren[frame] = child;
      }
    }

    // The frame and its descendants: a range [from, to) for each depth.
    family(frame) {
      const ranges = [];
      let [from, to] = [frame, frame + 1];
      while (from < to) {
        ranges.push([from, to]);
        [from, to] = [this.firstChild[from], this.endOfChildren[to - 1]];
      }
      return ranges;
    }

    ancestors(frame) {
      const found = [];
      for (let above = this.parent[frame]; above >= 0; above = this.parent[above]) {
        found.push(above);
      }
      return found;
    }

    // The widest frame that starts at `start` in the row at `y`, or -1.
    find(start, y) {
      const [from, to] = this.rowAt.get(y) ?? [0, 0];
      let found = -1;
      for (let frame = from; frame < to; frame++) {
        if (this.start[frame] === start && !(this.samples[frame] <= this.samples[found])) {
          found = frame;
        }
      }
      return found;
    }

    // The frame an event happened on, or -1.
    under(target) {
      while (target && target.parentNode !== this.svg) {
        target = target.parentNode;
      }
      return this.indexOf.get(target) ?? -1;
    }

    // The frame an arrow key leads to, or -1.
    neighbour(frame, key) {
      switch (key) {
        case 'ArrowLeft':
          return this.sibling(frame, -1);
        case 'ArrowRight':
          return this.sibling(frame, 1);
        case options.inverted ? 'ArrowUp' : 'ArrowDown':
          return this.parent[frame];
        case options.inverted ? 'ArrowDown' : 'ArrowUp':
          return this.widestChild(frame);
        default:
          return -1;
      }
    }

    sibling(frame, step) {
      const row = (at) => this.rects[at]?.getAttribute('y');
      return row(frame + step) === row(frame) ? frame + step : -1;
    }

    widestChild(frame) {
      let widest = -1;
      for (let child = this.firstChild[frame]; child < this.endOfChildren[frame]; child++) {
        if (!(this.samples[child] <= this.samples[widest])) {
          widest = child;
        }
      }
      return widest;
    }

    title(frame) {
      const title = this.groups[frame].getElementsByTagName('title')[0];
      return title ? title.textContent : '';
    }

    // In a differential graph, what the frame was before and what it is after.
    change(frame) {
      const [before, after] = ['before', 'after'].map((side) =>
        this.rects[frame].getAttribute(`fg:${side}`));
      return before === null ? '' : `, before ${before}, after ${after}`;
    }

    // The function's name: stated where the title was replaced, else the title without the counts.
    name(frame) {
      return (this.names[frame] ??=
        this.rects[frame].getAttribute('fg:name') ??
        withoutCounts(this.title(frame), this.countName));
    }
  }

  // The rects of each row, from the root's on, each row from left to right.
  function rowsOf(rects) {
    const rows = new Map();
    for (const rect of rects) {
      const y = number(rect, 'y');
      if (!rows.has(y)) {
        rows.set(y, { y, rects: [] });
      }
      rows.get(y).rects.push(rect);
    }
    const sorted = [...rows.values()].sort((a, b) => (options.inverted ? a.y - b.y : b.y - a.y));
    sorted.forEach(sortRow);
    return sorted;
  }

  // Most often the document has them in order already.
  function sortRow(row) {
    const start = row.rects.map((rect) => number(rect, 'fg:x'));
    if (start.some((value, at) => value < start[at - 1])) {
      row.rects.sort((a, b) => number(a, 'fg:x') - number(b, 'fg:x'));
    }
  }

  function number(element, attribute) {
    return parseFloat(element.getAttribute(attribute)) || 0;
  }

  // What is counted ('samples'), from the root's title: `all (1,234 samples, 100%)`.
  function countNameOf(rootTitle) {
    const match = /^all \([\d,.]+ ([^]*), 100%\)$/.exec(rootTitle);
    return match ? match[1] : 'samples';
  }

  // `f(int) (12 samples, 3.45%)` -> `f(int)`. Parentheses and commas in the name or in what is
  // counted do no harm: the counts start at the last number followed by it.
  function withoutCounts(title, countName) {
    const end = title.lastIndexOf(` ${countName}, `);
    const match = /^([^]*) \([\d,.]+$/.exec(title.slice(0, Math.max(end, 0)));
    return match ? match[1] : title;
  }

  // ---- Text that fits ----

  // Measures and cuts text in the font of an element.
  class Font {
    constructor(element) {
      const style = getComputedStyle(element);
      const font = [style.fontStyle, style.fontWeight, style.fontSize, style.fontFamily].join(' ');
      this.size = parseFloat(style.fontSize);
      this.canvas = document.createElementNS(XHTML, 'canvas').getContext('2d');
      this.canvas.font = font;
      this.cell = this.measure('m');
      this.isMonospace = ['i', 'W', '.', '0'].every((c) => this.measure(c) === this.cell);
      this.narrowest = this.measure('i');
    }

    measure(text) {
      return this.canvas.measureText(text).width;
    }

    width(text) {
      return this.isMonospace && isAscii(text) ? text.length * this.cell : this.measure(text);
    }

    // The text, or as much of it as fits into `room` pixels: `shorten` makes a text of fewer
    // characters. Empty if not even one character is left.
    fit(text, room, shorten) {
      if (room < this.narrowest || this.width(text) <= room) {
        return room < this.narrowest ? '' : text;
      }
      const characters = isAscii(text) ? text : graphemes(text);
      let [most, tooMany] = [0, characters.length];
      while (most + 1 < tooMany) {
        const middle = (most + tooMany) >> 1;
        if (this.width(shorten(characters, middle)) <= room) {
          most = middle;
        } else {
          tooMany = middle;
        }
      }
      return most > 0 ? shorten(characters, most) : '';
    }
  }

  const isAscii = (text) => /^[\x20-\x7e]*$/.test(text);

  // What a reader takes for one character each, as an array.
  function graphemes(text) {
    if (!window.Intl || !Intl.Segmenter) {
      return Array.from(text);
    }
    return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
  }

  const join = (characters) => (typeof characters === 'string' ? characters : characters.join(''));

  function keepStart(characters, count) {
    return join(characters.slice(0, count)) + '..';
  }

  function keepEnd(characters, count) {
    return '..' + join(characters.slice(characters.length - count));
  }

  function keepBothEnds(characters, count) {
    const tail = count >> 1;
    const end = characters.slice(characters.length - tail);
    return join(characters.slice(0, count - tail)) + '\u2026' + join(end);
  }

  // ---- Labels ----

  class Labels {
    constructor(frames, font) {
      this.frames = frames;
      this.font = font;
      this.shown = new Array(frames.count).fill('');
      this.texts = new Array(frames.count);
      for (const text of frames.svg.querySelectorAll('text:not(:empty)')) {
        const frame = frames.under(text);
        if (frame >= 0) {
          this.texts[frame] = text;
          this.shown[frame] = text.textContent;
          setColor(text, frames.rects[frame]);
        }
      }
    }

    // Labels a frame that starts at `left` and is `width` wide, in pixels.
    set(frame, left, width) {
      const label = this.labelOf(frame, width - 2 * LABEL_PADDING);
      if (!label && !this.shown[frame]) {
        return;
      }
      const text = (this.texts[frame] ??= this.textOf(frame));
      if (label !== this.shown[frame]) {
        text.textContent = this.shown[frame] = label;
        setColor(text, this.frames.rects[frame]);
      }
      text.setAttribute('x', (left + LABEL_PADDING).toFixed(2));
    }

    labelOf(frame, room) {
      if (room < this.font.narrowest) {
        return '';
      }
      return this.font.fit(this.frames.name(frame), room, options.cutRight ? keepStart : keepEnd);
    }

    // A frame without a label may be without an element for it.
    textOf(frame) {
      const rect = this.frames.rects[frame];
      const next = rect.nextElementSibling;
      if (next && next.localName === 'text') {
        return next;
      }
      const text = document.createElementNS(SVG, 'text');
      text.setAttribute('y', number(rect, 'y') + number(rect, 'height') / 2 + LABEL_PADDING);
      this.frames.groups[frame].insertBefore(text, next);
      return text;
    }
  }

  // ---- Colours ----

  // White on what is too dark for black.
  function setColor(text, rect) {
    if (isDark(colorOf(rect.getAttribute('fill')))) {
      text.setAttribute('fill', '#fff');
    } else {
      text.removeAttribute('fill');
    }
  }

  // [red, green, blue] of `rgb(..)` or `#rrggbb`; light grey for what is neither.
  function colorOf(text) {
    const hex = /^#(..)(..)(..)$/.exec(text);
    const decimal = /^rgb\((\d+), ?(\d+), ?(\d+)\)$/.exec(text);
    if (hex) {
      return hex.slice(1).map((digits) => parseInt(digits, 16));
    }
    return decimal ? decimal.slice(1).map(Number) : [200, 200, 200];
  }

  // Whether black on it has a contrast of less than 4.5:1 (WCAG 2, where white has more).
  function isDark(color) {
    const [red, green, blue] = color.map((value) => {
      const part = value / 255;
      return part <= 0.04 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.175;
  }

  function faded(color) {
    return 'rgb(' + color.map((value) => (value + 235) >> 1).join() + ')';
  }

  // ---- Searching ----

  // Which frames match a pattern, and what part of a frame's samples is under those.
  class Search {
    constructor(frames, pruned) {
      this.frames = frames;
      this.pruned = pruned;
      this.matches = new Uint8Array(frames.count);
    }

    // `pattern` is a RegExp, or null for no search.
    run(pattern) {
      if (pattern !== null) {
        this.pruned.match(pattern);
      }
      for (let frame = 1; frame < this.frames.count; frame++) {
        const matches = pattern !== null && pattern.test(this.frames.name(frame)) ? 1 : 0;
        if (matches !== this.matches[frame]) {
          this.matches[frame] = matches;
          this.frames.groups[frame].classList.toggle('match', matches === 1);
        }
      }
    }

    // The samples of `frame` that are in a match, which may be the frame itself. A match within a
    // match counts once. Frames too narrow to be drawn count as well.
    samplesIn(frame) {
      const isInside = new Uint8Array(this.frames.count);
      let sum = 0;
      for (const [from, to] of this.frames.family(frame)) {
        for (let at = from; at < to; at++) {
          const isAbove = at !== frame && isInside[this.frames.parent[at]];
          isInside[at] = isAbove || this.matches[at];
          if (!isAbove) {
            sum += this.matches[at] ? this.frames.samples[at] : this.samplesInPruned(at);
          }
        }
      }
      return sum;
    }

    samplesInPruned(frame) {
      let [sum, inside] = [0, Infinity];
      for (const [level, samples, ...names] of this.pruned.under(frame)) {
        if (level <= inside) {
          const first = names.findIndex((name) => this.pruned.matches[name]);
          inside = first < 0 ? Infinity : level + first;
          sum += first < 0 ? 0 : samples;
        }
      }
      return sum;
    }
  }

  // What was too narrow to be drawn, from the <metadata id="pruned"> if there is one: a name a
  // line, an empty line, then for each drawn frame that has such children its place among the
  // drawn ones and runs of what is below it. A run is a level, a number of samples, and names
  // that call each other in this order, all with these samples.
  class Pruned {
    constructor(frames, metadata) {
      this.frames = frames;
      this.names = [];
      this.matches = [];
      this.runs = new Map();
      this.text = metadata ? metadata.textContent : '';
    }

    under(frame) {
      return this.runs.get(frame) ?? [];
    }

    match(pattern) {
      if (this.text) {
        this.read();
      }
      this.matches = this.names.map((name) => pattern.test(name));
    }

    // Put off until the first search: it is only needed there.
    read() {
      const [names, lines] = this.text.split('\n\n');
      const groups = this.frames.svg.children;
      this.text = '';
      this.names = names.split('\n');
      for (const line of lines.split('\n')) {
        const [place, ...runs] = line.split(';');
        const frame = this.frames.indexOf.get(groups[place]);
        this.runs.set(frame, runs.map((run) => run.split(' ').map(Number)));
      }
    }
  }

  // A RegExp, or the error that says why it is none.
  function patternOf(term, ignoreCase) {
    try {
      return new RegExp(term, ignoreCase ? 'i' : '');
    } catch (error) {
      return error;
    }
  }

  // ---- The state in the URL ----

  // The query as a map. Values stay encoded, so that those of others are given back unchanged.
  function readQuery() {
    const query = new Map();
    for (const part of location.search.slice(1).split('&')) {
      const equals = part.indexOf('=');
      if (equals >= 0) {
        query.set(part.slice(0, equals), part.slice(equals + 1));
      } else if (part) {
        query.set(part, null);
      }
    }
    return query;
  }

  // Replaces `changes` in the query; null removes. With `isNew` the history keeps the former URL.
  function writeQuery(changes, isNew) {
    const query = readQuery();
    for (const [key, value] of Object.entries(changes)) {
      query.delete(key);
      if (value !== null) {
        query.set(key, encode(value));
      }
    }
    const parts = [...query].map(([key, value]) => (value === null ? key : key + '=' + value));
    const search = parts.length > 0 ? '?' + parts.join('&') : '';
    if (search !== location.search) {
      writeUrl(location.pathname + search + location.hash, isNew);
    }
  }

  // Not every document may change its URL (data:, some sandboxes): then there is no state to keep.
  function writeUrl(url, isNew) {
    try {
      history[isNew ? 'pushState' : 'replaceState'](null, '', url);
    } catch {
      return;
    }
  }

  // Half a surrogate pair cannot be encoded.
  function encode(text) {
    try {
      return encodeURIComponent(text);
    } catch {
      return encodeURIComponent(text.replace(/[\ud800-\udfff]/g, ''));
    }
  }

  function decode(text) {
    try {
      return decodeURIComponent(text ?? '');
    } catch {
      return text;
    }
  }

  // ---- Elements ----

  function create(namespace, name, attributes, parent) {
    const element = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) {
      element.setAttribute(key, value);
    }
    return parent.appendChild(element);
  }

  // Makes a text a button, for the mouse, the keyboard and screen readers.
  function makeButton(element, action) {
    element.setAttribute('role', 'button');
    element.setAttribute('tabindex', '0');
    element.addEventListener('click', action);
    // Else the search box would lose the focus, and close.
    element.addEventListener('mousedown', (event) => event.preventDefault());
    element.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        action();
      }
    });
  }

  // ---- The picture as a whole ----

  class Picture {
    constructor(root) {
      this.root = root;
      this.frames = root.querySelector('#frames');
      this.isDocument = root === document.documentElement;
      this.height = number(root, 'height');
      this.width = number(root, 'width');
      if (options.fluid) {
        root.removeAttribute('viewBox');
        root.setAttribute('width', '100%');
      }
    }

    // Takes over the width there is. Returns whether it changed.
    fill() {
      const width = options.fluid ? this.root.getBoundingClientRect().width : this.width;
      const isNew = width !== this.width;
      this.width = width;
      if (isNew) {
        this.frames.setAttribute('width', this.framesWidth());
      }
      return isNew;
    }

    framesWidth() {
      return Math.max(this.width - 2 * options.padding, 1);
    }

    // The part of the height that the window shows: [top, bottom].
    inSight() {
      const box = this.root.getBoundingClientRect();
      const scale = this.width / (box.width || 1);
      const top = Math.max(-box.top * scale, 0);
      return [top, Math.min((window.innerHeight - box.top) * scale, this.height)];
    }
  }

  // ---- The line of text that tells what is under the pointer ----

  // The details of a frame and the matched percentage. They stand in the margin of the picture;
  // when that is out of sight they float at the edge of what is in sight.
  class Bar {
    constructor(picture, font) {
      this.picture = picture;
      this.font = font;
      this.details = picture.root.querySelector('#details');
      this.matched = picture.root.querySelector('#matched');
      this.matched.setAttribute('aria-live', 'polite');
      this.baseline = number(this.details, 'y');
      this.line = Math.ceil(font.size * 1.5);
      // Below the texts at the top.
      const header = Array.from(picture.root.querySelectorAll('#search, #subtitle'));
      const lowest = Math.max(...header.map((text) => number(text, 'y')));
      this.top = Math.min(lowest + this.line, this.baseline);
      this.text = '';
      this.rect = null;
      this.group = create(SVG, 'g', { id: 'bar' }, picture.root);
      this.back = create(SVG, 'rect', { width: '100%', height: this.line }, this.group);
      this.back.setAttribute('y', this.baseline - font.size * 1.1);
      this.group.append(this.details, this.matched);
    }

    // Shows a text about the frame drawn by `rect`, or nothing.
    show(text, rect) {
      this.text = text;
      this.rect = rect;
      this.layout();
    }

    showMatched(text) {
      if (text !== this.matched.textContent.trim()) {
        this.matched.textContent = text;
        this.layout();
      }
    }

    layout() {
      const { width } = this.picture;
      const matched = this.matched.textContent.trim();
      const taken = matched ? this.font.width(matched) + 2 * this.font.size : 0;
      // First, as it reads the layout and the others change it.
      this.place();
      this.matched.setAttribute('x', width - options.padding);
      this.details.textContent =
        this.font.fit(this.text, width - 2 * options.padding - taken, keepBothEnds);
    }

    place() {
      const [top, bottom] = this.picture.inSight();
      const [highest, lowest] = [Math.max(top + this.line, this.top), bottom - this.line / 3];
      let y = Math.min(Math.max(this.baseline, highest), lowest);
      const isHome = y === this.baseline;
      if (!isHome && this.hides(y)) {
        y = this.baseline < highest ? lowest : highest;
      }
      const isEmpty = !this.text && !this.matched.textContent.trim();
      this.back.classList.toggle('hide', isHome || isEmpty);
      this.group.setAttribute('transform', `translate(0 ${(y - this.baseline).toFixed(1)})`);
    }

    // Whether at `y` it would lie over the frame it is about.
    hides(y) {
      if (!this.rect) {
        return false;
      }
      const [top, height] = [number(this.rect, 'y'), number(this.rect, 'height')];
      return top < y + this.line / 2 && top + height > y - this.line;
    }
  }

  // ---- The box to type a pattern into ----

  // `follow(term)` is called while typing, `finish(term)` at the end with what was typed, or null
  // for what was there before. If `finish` returns false, the box stays open.
  class SearchBox {
    constructor(picture, follow, finish) {
      this.picture = picture;
      this.follow = follow;
      this.finish = finish;
      this.isOpen = false;
    }

    open(term) {
      this.input ??= this.createInput();
      this.place.setAttribute('x', Math.max(this.right - SEARCH_BOX.width, 0));
      this.place.setAttribute('y', this.picture.inSight()[0] + SEARCH_BOX.height / 2);
      this.place.classList.remove('hide');
      if (!this.isOpen) {
        this.isOpen = true;
        this.input.value = term;
      }
      this.input.focus({ preventScroll: true });
      this.input.select();
    }

    createInput() {
      const { root } = this.picture;
      const label = 'Search: regular expression';
      this.place = create(SVG, 'foreignObject', { id: 'searchbox', ...SEARCH_BOX }, root);
      const input = create(XHTML, 'input', { type: 'text', 'aria-label': label }, this.place);
      input.placeholder = 'regex';
      input.spellcheck = false;
      input.autocomplete = 'off';
      input.addEventListener('input', () => this.followSoon());
      input.addEventListener('keydown', (event) => this.onKey(event));
      // Leaving the box ends the search; leaving the window does not.
      input.addEventListener('blur', () => {
        if (document.activeElement !== input) {
          this.end(input.value, true);
        }
      });
      return input;
    }

    followSoon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.follow(this.input.value), TYPING_PAUSE);
    }

    onKey(event) {
      if (event.key === 'Enter') {
        this.end(this.input.value, false);
      } else if (event.key === 'Escape') {
        this.end(null, true);
      }
    }

    end(term, always) {
      if (!this.isOpen) {
        return;
      }
      clearTimeout(this.timer);
      if (this.finish(term) || always) {
        this.close();
      }
    }

    close() {
      if (this.isOpen) {
        this.isOpen = false;
        clearTimeout(this.timer);
        this.place.classList.add('hide');
      }
    }
  }

  // ---- Zoom ----

  // Which frames are shown, and where.
  class View {
    constructor(frames, labels, picture) {
      this.frames = frames;
      this.labels = labels;
      this.picture = picture;
      this.isShown = new Uint8Array(frames.count).fill(1);
      this.zoomed = 0;
      this.path = [];
      // In percent of the whole width.
      const scale = 100 / frames.samples[0];
      this.left = frames.start.map((start) => (start - frames.start[0]) * scale);
      this.width = frames.samples.map((samples) => samples * scale);
    }

    // Shows `frame` over the whole width, what is above it in proportion, and its ancestors faded.
    zoom(frame) {
      this.zoomed = frame;
      this.fadeOnly(this.frames.ancestors(frame));
      this.showOnlyRelatives();
      const start = this.frames.start[frame];
      const scale = 100 / this.frames.samples[frame];
      this.path.forEach((above) => this.place(above, 0, 100));
      this.forFamily((at) => {
        this.place(at, (this.frames.start[at] - start) * scale, this.frames.samples[at] * scale);
      });
      this.label();
    }

    forFamily(action) {
      for (const [from, to] of this.frames.family(this.zoomed)) {
        for (let at = from; at < to; at++) {
          action(at);
        }
      }
    }

    fadeOnly(path) {
      this.path.forEach((frame) => this.frames.groups[frame].classList.remove('parent'));
      this.path = path;
      for (const frame of path) {
        const color = faded(colorOf(this.frames.rects[frame].getAttribute('fill')));
        this.frames.groups[frame].style.setProperty('--faded', color);
        this.frames.groups[frame].classList.add('parent');
      }
    }

    showOnlyRelatives() {
      const isRelative = new Uint8Array(this.frames.count);
      this.path.forEach((frame) => (isRelative[frame] = 1));
      this.frames.family(this.zoomed).forEach(([from, to]) => isRelative.fill(1, from, to));
      isRelative.forEach((shown, frame) => {
        if (shown !== this.isShown[frame]) {
          show(this.frames.groups[frame], shown);
        }
      });
      this.isShown = isRelative;
    }

    place(frame, left, width) {
      if (left !== this.left[frame]) {
        this.left[frame] = left;
        this.frames.rects[frame].setAttribute('x', percent(left));
      }
      if (width !== this.width[frame]) {
        this.width[frame] = width;
        this.frames.rects[frame].setAttribute('width', percent(width));
      }
    }

    // Fits the labels of what is shown.
    label() {
      const scale = this.picture.framesWidth() / 100;
      const set = (at) => this.labels.set(at, this.left[at] * scale, this.width[at] * scale);
      this.path.forEach(set);
      this.forFamily(set);
    }
  }

  // Not by a class: an attribute is quicker to set, and a name's own class stays alone.
  function show(group, isShown) {
    if (isShown) {
      group.removeAttribute('display');
    } else {
      group.setAttribute('display', 'none');
    }
  }

  const percent = (value) => Math.round(value * 1e4) / 1e4 + '%';

  // ---- All of it together ----

  class Viewer {
    constructor(root) {
      this.root = root;
      this.picture = new Picture(root);
      this.frames = new Frames(this.picture.frames);
      this.font = new Font(root.querySelector('#details'));
      this.view = new View(this.frames, new Labels(this.frames, this.font), this.picture);
      this.search = new Search(this.frames, new Pruned(this.frames, root.querySelector('#pruned')));
      this.bar = new Bar(this.picture, this.font);
      this.box = new SearchBox(
        this.picture,
        (term) => this.searchFor(term),
        (term) => this.finishSearch(term),
      );
      this.term = '';
      this.ignoreCase = false;
      this.setUpControls();
      this.describe();
      this.picture.fill();
      this.layout();
      this.restore();
      this.listen();
    }

    setUpControls() {
      this.unzoomButton = this.root.querySelector('#unzoom');
      this.searchButton = this.root.querySelector('#search');
      this.caseButton = this.searchButton.cloneNode();
      this.caseButton.id = 'ignorecase';
      this.caseButton.textContent = 'ic';
      create(SVG, 'title', {}, this.caseButton).textContent = 'ignore case (Ctrl-I)';
      this.searchButton.after(this.caseButton);
      makeButton(this.unzoomButton, () => this.zoom(0));
      makeButton(this.searchButton, () => (this.term ? this.resetSearch() : this.openSearch()));
      makeButton(this.caseButton, () => this.toggleCase());
      this.caseButton.setAttribute('aria-pressed', 'false');
    }

    // For the style, for screen readers, and the browser's tab.
    describe() {
      const { style } = this.picture.frames;
      style.setProperty('--match', options.searchColor);
      style.setProperty('--on-match', isDark(colorOf(options.searchColor)) ? '#fff' : '#000');
      this.root.style.overflowAnchor = 'none';
      const title = this.root.querySelector('#title').textContent;
      this.root.setAttribute('role', 'graphics-document document');
      this.root.setAttribute('aria-label', title);
      this.frames.groups[0].setAttribute('tabindex', '0');
      if (this.picture.isDocument && !document.title) {
        document.title = title;
      }
    }

    listen() {
      const { svg } = this.frames;
      const on = (target, name, action) => target.addEventListener(name, (event) => action(event));
      on(svg, 'mouseover', (event) => this.showDetails(this.frames.under(event.target)));
      on(svg, 'mouseleave', () => this.showDetails(-1));
      on(svg, 'click', (event) => this.onClick(event));
      on(svg, 'keydown', (event) => this.onFrameKey(event));
      // Not on the frames: Chromium takes an SVG element that listens to the focus for focusable.
      on(document, 'focusin', (event) => this.showDetails(this.frames.under(event.target)));
      on(document, 'focusout', () => this.showDetails(-1));
      on(document, 'keydown', (event) => this.onKey(event));
      on(window, 'scroll', () => this.bar.place());
      on(window, 'resize', () => this.resize());
      // An inlined graph may change its width when the window does not.
      new ResizeObserver(() => this.resize()).observe(this.root);
      if (this.picture.isDocument) {
        on(window, 'popstate', () => this.restore());
      }
    }

    resize() {
      if (this.picture.fill()) {
        this.layout();
      } else {
        this.bar.place();
      }
    }

    // Fits everything to the width.
    layout() {
      const right = this.picture.width - options.padding;
      // Room for "Reset Search", whichever text it shows now.
      const rightOfCase = right - this.font.width('Reset Search') - this.font.size;
      this.searchButton.setAttribute('x', right);
      this.caseButton.setAttribute('x', rightOfCase);
      this.box.right = rightOfCase - 3 * this.font.size;
      this.view.label();
      this.bar.layout();
    }

    showDetails(frame) {
      if (frame < 0) {
        this.bar.show('', null);
      } else {
        const text = `${options.nameType} ${this.frames.title(frame)}`;
        this.bar.show(text + this.frames.change(frame), this.frames.rects[frame]);
      }
    }

    // A link is followed; with Ctrl or Cmd it is zoomed as any other frame.
    onClick(event) {
      const frame = this.frames.under(event.target);
      const isLink = frame >= 0 && this.frames.groups[frame].localName === 'a';
      if (frame < 0 || (isLink && !event.ctrlKey && !event.metaKey)) {
        return;
      }
      event.preventDefault();
      this.zoom(frame);
    }

    // Zooms, and remembers it in the URL. The root is the way back.
    zoom(frame) {
      if (frame === this.view.zoomed || !(this.frames.samples[frame] > 0)) {
        return;
      }
      this.show(frame);
      const rect = this.frames.rects[frame];
      const attribute = (name) => (frame === 0 ? null : rect.getAttribute(name));
      this.remember({ x: attribute('fg:x'), y: attribute('y') }, true);
    }

    show(frame) {
      this.view.zoom(frame);
      this.unzoomButton.classList.toggle('hide', frame === 0);
      this.showMatched();
    }

    remember(changes, isNew) {
      if (this.picture.isDocument) {
        writeQuery(changes, isNew);
      }
    }

    // Shows what the URL says. What it says wrongly is passed over.
    restore() {
      const query = this.picture.isDocument ? readQuery() : new Map();
      const [x, y] = [query.get('x'), query.get('y')].map((value) => parseFloat(decode(value)));
      const frame = this.frames.find(x, y);
      const isFound = frame > 0 && this.frames.samples[frame] > 0;
      if (isFound || this.view.zoomed !== 0) {
        this.show(isFound ? frame : 0);
      }
      this.setCase(query.get('ic') === '1');
      this.searchFor(decode(query.get('s')));
      this.committed = this.term;
    }

    openSearch() {
      if (window.SVGForeignObjectElement) {
        this.box.open(this.term);
      } else {
        this.finishSearch(prompt('Search: regular expression', this.term));
      }
    }

    // Searches without a trace in the URL.
    searchFor(term) {
      this.term = term;
      const pattern = term ? patternOf(term, this.ignoreCase) : null;
      this.error = pattern instanceof Error ? pattern : null;
      this.search.run(this.error ? null : pattern);
      this.searchButton.textContent = term ? 'Reset Search' : 'Search';
      this.searchButton.classList.toggle('show', term !== '');
      this.showMatched();
    }

    // Returns whether the search is one.
    finishSearch(term) {
      this.searchFor(term ?? this.committed);
      const isSearch = this.error === null && this.term !== '';
      this.committed = isSearch ? this.term : '';
      this.remember({ s: isSearch ? this.term : null, ic: this.ignoreCase ? '1' : null }, false);
      return this.error === null;
    }

    resetSearch() {
      this.box.close();
      this.finishSearch('');
    }

    toggleCase() {
      this.setCase(!this.ignoreCase);
      this.finishSearch(this.box.isOpen ? this.box.input.value : this.term);
    }

    setCase(ignoreCase) {
      this.ignoreCase = ignoreCase;
      this.caseButton.classList.toggle('show', ignoreCase);
      this.caseButton.setAttribute('aria-pressed', String(ignoreCase));
    }

    showMatched() {
      this.bar.showMatched(this.matchedText());
    }

    matchedText() {
      if (this.error) {
        return 'Invalid pattern: ' + this.error.message.replace(/^.*: /, '');
      }
      if (!this.term) {
        return '';
      }
      const { zoomed } = this.view;
      const samples = this.search.samplesIn(zoomed);
      if (samples === 0 && this.search.samplesIn(0) === 0) {
        return 'No match';
      }
      const share = (100 * samples) / this.frames.samples[zoomed];
      return `Matched: ${share === 100 ? '100' : share.toFixed(1)}%`;
    }

    // Keys for the whole graph. In a host page only while the graph is what the user is at.
    onKey(event) {
      if (!this.picture.isDocument && !this.root.matches(':hover, :focus-within')) {
        return;
      }
      const key = event.key.toLowerCase();
      const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      const isTyping = event.target.matches?.('input, textarea, select, [contenteditable]');
      if (command && key === 'i' && (!isTyping || event.target === this.box.input)) {
        event.preventDefault();
        this.toggleCase();
      } else if (isTyping) {
        // A second Ctrl-F is the browser's.
        return;
      } else if (key === 'f3' || (command ? key === 'f' : key === '/')) {
        event.preventDefault();
        this.openSearch();
      } else if (key === 'escape') {
        this.zoom(0);
      }
    }

    // Keys on the frame that has the focus.
    onFrameKey(event) {
      const frame = this.frames.under(event.target);
      const next = frame < 0 ? -1 : this.frames.neighbour(frame, event.key);
      if (event.key === 'Enter') {
        this.onClick(event);
      } else if (next >= 0 && this.view.isShown[next]) {
        event.preventDefault();
        this.frames.groups[frame].setAttribute('tabindex', '-1');
        this.frames.groups[next].setAttribute('tabindex', '0');
        this.frames.groups[next].focus();
      }
    }
  }

  // ---- Start ----

  const root = document.currentScript?.closest('svg') ?? document.documentElement;
  let viewer = null;

  // Once, when the picture is complete. A picture that only states an error has no frames.
  function start() {
    if (viewer === null && root.querySelector('#frames rect')) {
      try {
        viewer = new Viewer(root);
      } finally {
        root.classList.remove('loading');
      }
    }
  }

  if (document.readyState !== 'loading') {
    setTimeout(start);
  } else {
    // Laying out a growing picture again and again would take most of the time of loading it.
    root.classList.toggle('loading', root === document.documentElement);
    document.addEventListener('DOMContentLoaded', start);
  }
  return start;
}());
