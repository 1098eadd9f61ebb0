// Draws frames: those that can be seen at the current zoom, as one element each; what is narrower
// than a fraction of a pixel as one path. An element is only touched when it has to change, text is
// measured on a canvas, and nothing ever waits for a layout.

class Canvas {
  constructor(picture, font, profile, colors, search) {
    Object.assign(this, { picture, font, profile, colors, search });
    this.svg = picture.frames;
    // Of the frames now drawn by node, and of elements the node.
    this.items = new Map();
    this.nodes = new WeakMap();
    this.zoomed = 0;
    this.current = -1;
    this.focused = 0;
    this.marks = readMarks(picture, profile, colors);
    this.svg.replaceChildren();
    this.narrow = create(SVG, 'path', { id: 'narrow' }, this.svg);
    this.narrowMatches = create(SVG, 'path', { id: 'narrow-matches' }, this.svg);
  }

  // Draws another graph. `isOriginal` if its nodes are those of the profile.
  setGraph(graph, isOriginal) {
    this.graph = graph;
    this.isOriginal = isOriginal;
    this.items.forEach((item) => item.group.remove());
    this.items.clear();
    this.colors.use(graph, isOriginal);
    this.zoomed = 0;
    this.current = -1;
    this.focused = 0;
    this.topRows = null;
  }

  // Shows `node` over the whole width, what is below it in proportion, and its ancestors faded.
  draw(node) {
    this.zoomed = node;
    this.path = new Set(this.graph.ancestors(node));
    const seen = this.seen();
    this.setRows();
    this.hideOthers(seen);
    const added = document.createDocumentFragment();
    for (const at of seen) {
      this.place(this.items.get(at), at, added);
    }
    this.svg.append(added);
    this.drawNarrow();
    this.setFocusable(this.isShown(this.focused) ? this.focused : node);
  }

  // The frames that can be seen. Notes the others in `tiny`, and the outermost rows of both.
  seen() {
    const { graph, zoomed } = this;
    this.scale = this.picture.framesWidth() / graph.total[zoomed];
    this.first = graph.start[zoomed];
    const level = zoomed === 0 ? 'top' : 'zoomed';
    let [seen, tiny] = this.split(LEAST_WIDTH[level]);
    this.seenRows = [0, 0];
    for (const node of [...this.path, ...seen]) {
      const row = graph.row[node];
      this.seenRows = [Math.min(this.seenRows[0], row), Math.max(this.seenRows[1], row)];
    }
    if (seen.length > CROWD[level]) {
      [seen, tiny] = this.split(LEAST_WIDTH.crowded);
    }
    this.tiny = tiny;
    return [...this.path, ...seen];
  }

  // The frames below what is zoomed: those of at least this many pixels, and the others.
  split(pixels) {
    const { graph, zoomed } = this;
    const least = (pixels / USUAL_WIDTH) * graph.total[zoomed];
    const parts = [[], []];
    for (let node = zoomed; node < graph.end[zoomed]; node++) {
      if (graph.total[node] > 0 && graph.tree.name[node] !== 0) {
        parts[graph.total[node] >= least ? 0 : 1].push(node);
      }
    }
    return parts;
  }

  // The rows of the whole graph stay, so that zooming moves nothing up or down; what comes to light
  // beyond them gets more.
  setRows() {
    const [first, last] = this.seenRows;
    if (this.zoomed === 0) {
      this.topRows = this.seenRows;
    }
    const [top, bottom] = this.topRows ?? this.seenRows;
    this.picture.setRows(Math.min(first, top), Math.max(last, bottom));
  }

  // Elements stay where they are for the way back, unless they get too many. They are hidden not by a
  // class but by an attribute, which is quicker to set.
  hideOthers(seen) {
    const isSeen = new Set(seen);
    const isFull = this.items.size > MOST_ELEMENTS;
    for (const [node, item] of this.items) {
      if (isSeen.has(node)) {
        continue;
      }
      if (isFull) {
        item.group.remove();
        this.items.delete(node);
      } else if (!item.isHidden) {
        item.isHidden = true;
        item.group.setAttribute('display', 'none');
      }
    }
  }

  reveal(item) {
    item.isHidden = false;
    item.group.removeAttribute('display');
  }

  isShown(node) {
    return this.items.get(node)?.isHidden === false;
  }

  add(node, added) {
    const mark = this.markOf(node);
    const group = mark?.cloneNode(false) ?? document.createElementNS(SVG, 'g');
    const title = document.createElementNS(SVG, 'title');
    const rect = document.createElementNS(SVG, 'rect');
    title.textContent = mark?.title ?? this.title(node);
    rect.setAttribute('height', this.picture.rowHeight - 1);
    group.append(title, rect);
    const item = { group, rect, text: null, label: '', x: -1, y: -1, width: -1, look: '', isHidden: false };
    this.items.set(node, item);
    this.nodes.set(group, node);
    added.append(group);
    return item;
  }

  // Draws a frame, with a new element if it has none.
  place(item, node, added) {
    const { picture, graph } = this;
    const isAbove = this.path.has(node);
    const x = isAbove ? 0 : (graph.start[node] - this.first) * this.scale;
    const width = isAbove ? picture.framesWidth() : graph.total[node] * this.scale;
    const y = picture.rowY(graph.row[node]);
    item ??= this.add(node, added);
    if (item.isHidden) {
      this.reveal(item);
    }
    if (x !== item.x) {
      item.rect.setAttribute('x', rounded(x));
    }
    if (width !== item.width) {
      item.rect.setAttribute('width', rounded(width));
    }
    if (y !== item.y) {
      item.rect.setAttribute('y', y);
    }
    this.paint(item, node, isAbove);
    if (x !== item.x || y !== item.y || width !== item.width) {
      Object.assign(item, { x, y, width });
      this.label(item, node);
    }
  }

  paint(item, node, isAbove) {
    const isMatch = this.search.isActive && this.search.matches(this.graph, node);
    const look = `${isAbove ? 'a' : ''}${isMatch ? 'm' : ''}${this.colors.isDark}`;
    if (look === item.look) {
      return;
    }
    item.look = look;
    const plain = isMatch ? colorOf(options.searchColor) : this.colors.of(node);
    const color = isAbove ? this.colors.faded(plain) : plain;
    item.rect.setAttribute('fill', css(color));
    item.onColor = onColor(color);
    const classes = [isMatch && 'match', isAbove && 'parent', node === this.current && 'current'];
    const wanted = [this.markOf(node)?.getAttribute('class'), ...classes].filter(Boolean).join(' ');
    if (wanted || item.group.hasAttribute('class')) {
      item.group.setAttribute('class', wanted);
    }
    item.text?.setAttribute('fill', item.onColor);
  }

  label(item, node) {
    const room = item.width - 2 * LABEL_PADDING;
    const shorten = options.cutRight ? keepStart : keepEnd;
    const label = room < this.font.narrowest ? '' : this.font.fit(this.name(node), room, shorten);
    if (!label) {
      if (item.label) {
        item.text.textContent = item.label = '';
      }
      return;
    }
    item.text ??= create(SVG, 'text', { fill: item.onColor }, item.group);
    if (label !== item.label) {
      item.text.textContent = item.label = label;
    }
    item.text.setAttribute('x', rounded(item.x + LABEL_PADDING));
    item.text.setAttribute('y', item.y + (this.picture.rowHeight - 1) / 2 + this.font.size * 0.3);
  }

  // Joins what is narrow into runs, row by row, so that the path has no more parts than pixels.
  drawNarrow() {
    const runs = [new Map(), new Map()];
    const parts = ['', ''];
    const end = (kind, row, [from, to]) => {
      const [y, height] = [this.picture.rowY(row), this.picture.rowHeight - 1];
      const width = rounded(Math.max(to - from, 0.3));
      parts[kind] += `M${rounded(from)} ${y}h${width}v${height}h-${width}z`;
    };
    const [first, last] = this.picture.rows;
    for (const node of this.tiny) {
      const row = this.graph.row[node];
      if (row < first || row > last) {
        continue;
      }
      const kind = this.search.isActive && this.search.matches(this.graph, node) ? 1 : 0;
      const from = (this.graph.start[node] - this.first) * this.scale;
      const to = from + this.graph.total[node] * this.scale;
      const run = runs[kind].get(row);
      if (run && from - run[1] < 1) {
        run[1] = to;
      } else {
        if (run) {
          end(kind, row, run);
        }
        runs[kind].set(row, [from, to]);
      }
    }
    runs.forEach((rows, kind) => rows.forEach((run, row) => end(kind, row, run)));
    this.narrow.setAttribute('d', parts[0]);
    this.narrow.setAttribute('fill', css(this.colors.ofNarrow));
    this.narrowMatches.setAttribute('d', parts[1]);
    this.narrowMatches.setAttribute('fill', options.searchColor);
  }

  // After a search, or a change of colours.
  repaint() {
    for (const [node, item] of this.items) {
      if (!item.isHidden) {
        this.paint(item, node, this.path.has(node));
      }
    }
    this.drawNarrow();
  }

  forgetLooks() {
    this.items.forEach((item) => (item.look = ''));
    this.repaint();
  }

  // The frame an event happened on, or -1.
  under(target) {
    while (target && target.parentNode !== this.svg) {
      target = target.parentNode;
    }
    return (target && this.nodes.get(target)) ?? -1;
  }

  element(node) {
    return this.items.get(node)?.group;
  }

  setFocusable(node) {
    this.element(this.focused)?.removeAttribute('tabindex');
    this.focused = node;
    this.element(node)?.setAttribute('tabindex', '0');
  }

  setCurrent(node) {
    this.element(this.current)?.classList.remove('current');
    this.current = node;
    this.element(node)?.classList.add('current');
  }

  name(node) {
    const name = this.graph.tree.name[node];
    return name < 0 ? 'all' : this.profile.names[name];
  }

  // `NAME (1,234 samples, 5.67%)`.
  title(node) {
    const { graph, profile } = this;
    const whole = graph.total[0];
    const own = this.isOriginal ? this.marks.titles.get(node) : undefined;
    if (own !== undefined) {
      return own;
    }
    const samples = `${profile.counts.text(graph.total[node])} ${profile.counts.name}`;
    if (graph.tree.name[node] < 0) {
      return `all (${samples}, 100%)`;
    }
    const change = profile.isDifferential
      ? `; ${changeText(this.change(node), whole)}`
      : '';
    return `${this.name(node)} (${samples}, ${percentText(graph.total[node], whole)}${change})`;
  }

  change(node) {
    const change = this.graph.after[node] - this.graph.before[node];
    return this.profile.settings.negate ? -change : change;
  }

  // An element to copy for functions that a file of attributes names.
  markOf(node) {
    return this.marks.groups.get(this.graph.tree.name[node]);
  }
}

const rounded = (value) => Math.round(value * 1e3) / 1e3;

// What the frames in the file know that the profile does not: colours, links and other attributes,
// titles that were replaced, and, of counts too large for the script's numbers, exact titles.
function readMarks(picture, profile, colors) {
  const graph = new Graph(profile.tree, profile.settings.width);
  const isExact = graph.total[0] <= Number.MAX_SAFE_INTEGER;
  const marks = { groups: new Map(), titles: new Map() };
  const found = [];
  let node = 0;
  for (const group of picture.frames.children) {
    const rect = group.querySelector('rect');
    const at = nodeOf(graph, profile.counts.unit, picture, rect, node);
    if (at < 0) {
      continue;
    }
    node = at;
    found.push([node, colorOf(rect.getAttribute('fill'))]);
    const title = group.querySelector('title').textContent;
    if (group.attributes.length > 0 || rect.hasAttribute('fg:name')) {
      const mark = group.cloneNode(false);
      mark.title = rect.hasAttribute('fg:name') ? title : undefined;
      marks.groups.set(profile.tree.name[node], mark);
    } else if (!isExact) {
      marks.titles.set(node, title);
    }
  }
  colors.adopt(found);
  return marks;
}

// The node, from `from` on, that an element draws, or -1.
function nodeOf(graph, unit, picture, rect, from) {
  const [start, width] = [number(rect, 'fg:x') / unit, number(rect, 'fg:w') / unit];
  const row = picture.fileRow(number(rect, 'y'));
  for (let node = from; node < graph.size; node++) {
    const isThere = graph.row[node] === row && isClose(graph.start[node], start);
    if (isThere && isClose(graph.total[node], width)) {
      return node;
    }
    if (graph.start[node] > start + Math.max(start * 1e-9, 1e-9)) {
      return -1;
    }
  }
  return -1;
}
