// Draws frames: those that can be seen at the current zoom, as one element each; what is narrower
// than two pixels as one path. When that is on the screen, narrow frames become elements, too (see
// Fine). An element is only touched when it has to change, text is measured on a canvas,
// and nothing ever waits for a layout.

class Canvas {
  constructor(picture, font, profile, colors, search) {
    Object.assign(this, { picture, font, profile, colors, search });
    this.svg = picture.frames;
    // Of the frames that have one, by node, and of elements the node.
    this.items = new Map();
    this.nodes = new WeakMap();
    this.zoomed = 0;
    this.current = -1;
    this.focused = 0;
    this.found = foundFrames(picture, profile);
    this.marks = readMarks(this.found, profile, colors);
    this.narrow = new Narrow(this.svg);
    this.fine = new Fine(this.svg, (node, added) => this.place(node, added));
  }

  // Draws another graph. `isOriginal` if its nodes are those of the profile.
  setGraph(graph, isOriginal) {
    this.graph = graph;
    this.isOriginal = isOriginal;
    this.fine.stop();
    this.items.clear();
    this.svg.replaceChildren(...this.narrow.paths, this.fine.group);
    if (isOriginal) {
      this.found.forEach(({ node, group }) => this.keep(node, group));
    }
    this.found = [];
    this.colors.use(graph, isOriginal);
    this.zoomed = 0;
    this.current = -1;
    this.focused = 0;
    this.topRows = null;
  }

  // Shows `node` over the whole width, what is below it in proportion, and its ancestors faded.
  draw(node) {
    const used = this.under(document.activeElement);
    this.zoomed = node;
    this.path = new Set(this.graph.ancestors(node));
    this.split();
    this.setRows();
    this.fine.stop();
    this.hideOthers();
    const added = document.createDocumentFragment();
    this.seen.forEach((at) => this.place(at, added));
    this.svg.insertBefore(added, this.fine.group);
    this.drawNarrow();
    this.fine.start(this.fineNodes);
    this.setFocusable(this.isShown(this.focused) ? this.focused : node);
    this.keepFocus(used);
  }

  // Sorts the frames below what is zoomed into those to be `seen` at once, with what is above, and
  // the `narrowNodes`, of which `fineNodes` become elements later.
  split() {
    const { graph, zoomed } = this;
    const whole = graph.total[zoomed];
    const wide = (WIDE / USUAL_WIDTH) * whole;
    const least = this.leastShare() * whole;
    const [wides, all] = [this.nodesOf(wide, Infinity), this.nodesOf(least, Infinity)];
    this.seen = [...this.path, ...(all.length > FEW ? wides : all)];
    this.fineNodes = all.length > FEW ? this.widestOf(least, wide) : [];
    this.narrowNodes = this.nodesOf(0, all.length > FEW ? wide : least);
    this.isSeen = new Set(this.seen);
    this.seenRows = [0, 0];
    for (const node of [...this.path, ...all]) {
      const row = graph.row[node];
      this.seenRows = [Math.min(this.seenRows[0], row), Math.max(this.seenRows[1], row)];
    }
  }

  // The frames of at least `least` and less than `wide` ticks; if they are too many, the widest.
  widestOf(least, wide) {
    let nodes = this.nodesOf(least, wide);
    while (nodes.length > this.mostElements()) {
      least *= 1.5;
      nodes = this.nodesOf(least, wide);
    }
    return nodes;
  }

  // The share of the whole width from which on frames become elements: as asked for, and of a part
  // of the graph those of a third of a pixel.
  leastShare() {
    return this.zoomed === 0 ? this.profile.settings.minWidth / 100 : LEAST_WIDTH / USUAL_WIDTH;
  }

  mostElements() {
    const isAskedFor = this.zoomed === 0 && this.profile.settings.minWidth < USUAL_MIN_WIDTH;
    return isAskedFor ? MOST_ELEMENTS.asked : MOST_ELEMENTS.usual;
  }

  // Those frames of at least `from` and less than `to` ticks that have a width and a name.
  nodesOf(from, to) {
    const { graph, zoomed } = this;
    const { total, tree } = graph;
    const found = [];
    for (let node = zoomed; node < graph.end[zoomed]; node++) {
      const width = total[node];
      if (width >= from && width < to && width > 0 && tree.name[node] !== 0) {
        found.push(node);
      }
    }
    return found;
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
  hideOthers() {
    const isFull = this.items.size > MOST_KEPT;
    for (const [node, item] of this.items) {
      if (this.isSeen.has(node)) {
        continue;
      }
      if (isFull) {
        item.group.remove();
        this.items.delete(node);
      } else if (!item.isHidden) {
        item.hide();
      }
    }
  }

  // Makes elements that last of what was to be drawn later.
  drawAll() {
    const added = document.createDocumentFragment();
    this.fine.stop();
    for (const node of this.fineNodes) {
      this.place(node, added);
      this.items.get(node).isFine = false;
    }
    this.svg.insertBefore(added, this.fine.group);
  }

  // The width of the window has changed, and nothing else.
  resize() {
    this.setRows();
    this.narrow.resize(this.picture);
    this.seen.forEach((node) => this.items.get(node).label(this.name(node), this.picture, this.font));
  }

  isShown(node) {
    return this.isSeen.has(node);
  }

  // Draws a frame in `added`, if its element is not where it is to be.
  place(node, added) {
    const { graph, picture, zoomed } = this;
    const isAbove = this.path.has(node);
    const share = 100 / graph.total[zoomed];
    const isFine = !this.isSeen.has(node);
    const item = this.items.get(node) ?? this.add(node);
    item.show(added, isFine);
    const x = isAbove ? 0 : (graph.start[node] - graph.start[zoomed]) * share;
    item.move(x, isAbove ? 100 : graph.total[node] * share, picture.rowY(graph.row[node]));
    this.paint(item, node, isAbove);
    item.label(this.name(node), picture, this.font);
  }

  add(node) {
    const mark = this.markOf(node);
    const title = document.createElementNS(SVG, 'title');
    const rect = document.createElementNS(SVG, 'rect');
    title.textContent = mark?.title ?? this.title(node);
    rect.setAttribute('height', this.picture.rowHeight - 1);
    const group = mark?.cloneNode(false) ?? document.createElementNS(SVG, 'g');
    group.append(title, rect);
    return this.keep(node, group);
  }

  keep(node, group) {
    const item = new Item(group);
    this.items.set(node, item);
    this.nodes.set(group, node);
    return item;
  }

  paint(item, node, isAbove) {
    const isMatch = this.isMatch(node);
    const isCurrent = node === this.current;
    const look = isAbove + 2 * isMatch + 4 * isCurrent + 8 * (isAbove && this.colors.isDark);
    if (look === item.look) {
      return;
    }
    const plain = isMatch ? colorOf(options.searchColor) : this.colors.of(node);
    const classes = [isMatch && 'match', isAbove && 'parent', isCurrent && 'current'];
    const wanted = [this.markOf(node)?.getAttribute('class'), ...classes].filter(Boolean).join(' ');
    item.paint(look, isAbove ? this.colors.faded(plain) : plain, wanted);
  }

  isMatch(node) {
    return this.search.isActive && this.search.matches(this.graph, node);
  }

  drawNarrow() {
    const { graph, picture, zoomed, narrowNodes } = this;
    const isMatch = this.search.isActive ? (node) => this.isMatch(node) : null;
    this.narrow.draw(graph, zoomed, narrowNodes, isMatch, picture);
    this.narrow.paint(css(this.colors.ofNarrow));
  }

  // After a search, or a change of colours.
  repaint() {
    this.fine.stop();
    this.seen.forEach((node) => this.paint(this.items.get(node), node, this.path.has(node)));
    this.drawNarrow();
    this.fine.start(this.fineNodes);
  }

  forgetLooks() {
    this.items.forEach((item) => (item.look = -1));
    this.repaint();
  }

  // The frame an event happened on, or -1.
  under(target) {
    while (target && !this.nodes.has(target)) {
      target = target.parentNode;
    }
    const node = target ? this.nodes.get(target) : -1;
    return this.element(node) === target ? node : -1;
  }

  element(node) {
    return this.items.get(node)?.group;
  }

  // The element of a frame; draws it now if it was to be drawn later.
  drawn(node) {
    if (!this.isSeen.has(node) && this.fine.isWaiting(node)) {
      this.fine.finish();
    }
    const item = this.items.get(node);
    return item && !item.isHidden ? item.group : undefined;
  }

  setFocusable(node) {
    this.element(this.focused)?.removeAttribute('tabindex');
    this.focused = node;
    this.element(node)?.setAttribute('tabindex', '0');
  }

  // An element that was moved has lost the focus.
  keepFocus(node) {
    if (node >= 0 && this.isShown(node) && this.under(document.activeElement) !== node) {
      this.setFocusable(node);
      this.element(node).focus({ preventScroll: true });
    }
  }

  setCurrent(node) {
    const before = this.current;
    this.current = node;
    for (const at of [before, node].filter((at) => this.items.has(at))) {
      this.paint(this.items.get(at), at, this.path.has(at));
    }
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
