// @ts-check
// Draws frames: those visible at the current zoom as one element each, and those narrower than two pixels
// together (see Narrow). After that is on the screen, frames out of sight follow, and narrow frames get
// transparent elements too (see Later). Elements are touched only if they change, text is measured on a canvas,
// and nothing forces a layout.

class Canvas {
  /** @param {Picture} picture @param {Font} font @param {Profile} profile @param {Colors} colors @param {Search} search */
  constructor(picture, font, profile, colors, search) {
    this.picture = picture;
    this.font = font;
    this.profile = profile;
    this.colors = colors;
    this.search = search;
    /** @type {SVGSVGElement} */
    this.svg = picture.frames;
    // The items of frames that have one, by node, and the nodes of elements.
    this.items = new Map();
    this.nodes = new WeakMap();
    this.zoomed = 0;
    // The part of the zoomed frame that is shown, if not all: where it starts and its width, in ticks.
    this.range = null;
    this.current = -1;
    this.focused = 0;
    // The elements of the function under the pointer, and its number.
    /** @type {Element[]} */
    this.same = [];
    this.sameFunction = -1;
    this.found = foundFrames(picture, profile);
    this.marks = readMarks(this.found, profile, colors);
    this.narrow = new Narrow(this.svg);
    // Receives the events of narrow frames without an element.
    this.hits = create(SVG, 'rect', { id: 'hits', width: '100%', 'fill-opacity': 0 }, null);
    // The parts of a frame's element, to be cloned, which is faster than creating new ones.
    this.parts = document.createDocumentFragment();
    create(SVG, 'title', {}, this.parts);
    create(SVG, 'rect', { height: picture.rowHeight - 1 }, this.parts);
    this.later = new Later(this.svg, (node, added) => this.place(node, added));
  }

  // Draws another graph. `isOriginal` if its nodes are those of the profile.
  /** @param {Graph} graph @param {boolean} isOriginal */
  setGraph(graph, isOriginal) {
    this.graph = graph;
    this.isOriginal = isOriginal;
    this.later.stop();
    this.items.clear();
    // Nothing is drawn yet, and in a table, nothing will be.
    /** @type {number[]} */
    this.seen = [];
    /** @type {number[]} */
    this.fineNodes = [];
    /** @type {number[]} */
    this.narrowNodes = [];
    // The file's elements stay in document order, for programs that read them, whatever is drawn first.
    const found = isOriginal ? this.found : [];
    this.svg.replaceChildren(
      this.hits,
      this.narrow.svg,
      ...found.map(({ group }) => group),
      this.later.group,
    );
    found.forEach(({ node, group }) => this.keep(node, group));
    this.found = [];
    this.colors.use(graph, isOriginal);
    this.zoomed = 0;
    this.range = null;
    this.current = -1;
    this.focused = 0;
    this.topRows = null;
  }

  // The ticks over the whole width.
  get extent() {
    const { graph, zoomed, range } = this;
    return range ?? { first: graph.start[zoomed], span: graph.total[zoomed] };
  }

  // Shows `node`, or a range of it, over the whole width, its descendants in proportion, and its ancestors faded.
  /** @param {number} node @param {Extent} [range] */
  draw(node, range = null) {
    const used = this.under(document.activeElement);
    const { height } = this.picture;
    const sight = this.picture.inSight();
    this.zoomed = node;
    this.range = range;
    this.path = new Set(this.graph.ancestors(node));
    this.split();
    this.setRows();
    this.later.stop();
    this.hideOthers();
    const [now, later] = this.parted(sight, Math.abs(this.picture.height - height));
    this.later.add(now);
    this.drawNarrow();
    this.later.start(later, this.fineNodes);
    this.setFocusable(this.isShown(this.focused) ? this.focused : node);
    this.keepFocus(used);
  }

  // Sorts the frames below the zoomed one into `seen` ones, which include its ancestors and get elements now,
  // and `fineNodes`, which get elements later. Those with less than `thin` ticks are `narrowNodes`, too.
  split() {
    const { graph } = this;
    const whole = this.extent.span;
    const wide = this.wideShare() * whole;
    const least = this.leastShare() * whole;
    const wides = this.nodesOf(Math.max(wide, least), Infinity);
    const fine = this.nodesOf(least, wide);
    const isLarge = wides.length + fine.length > FEW;
    this.seen = [...this.path, ...(isLarge ? wides : this.nodesOf(least, Infinity))];
    this.fineNodes = isLarge ? this.widest(fine, least, wide) : [];
    this.thin = wide;
    this.narrowNodes = this.nodesOf(0, wide);
    this.isSeen = new Set(this.seen);
    this.seenRows = [0, 0];
    for (const node of [...this.path, ...wides, ...fine]) {
      const row = graph.row[node];
      this.seenRows = [Math.min(this.seenRows[0], row), Math.max(this.seenRows[1], row)];
    }
  }

  // Splits `seen` in two parts: frames in or near the window, and the rest. `sight` is the visible part if
  // the height of the image differs by `change`.
  /** @param {number[]} of @param {number} change */
  parted([top, bottom], change) {
    const { graph, picture } = this;
    const margin = bottom - top + change + picture.rowHeight;
    /** @type {number[][]} */
    const parts = [[], []];
    for (const node of this.seen) {
      const y = picture.offset + picture.rowY(graph.row[node]);
      parts[y > top - margin && y < bottom + margin ? 0 : 1].push(node);
    }
    return parts;
  }

  // The `nodes` with at least `least` and less than `wide` ticks, or the widest of them if there are many.
  /** @param {number[]} nodes @param {number} least @param {number} wide */
  widest(nodes, least, wide) {
    while (nodes.length > this.mostElements()) {
      least = Math.max(1.5 * least, 1);
      nodes = this.nodesOf(least, wide);
    }
    return nodes;
  }

  // The minimum share of the whole width for elements: as configured, or when zoomed in, a third of a pixel.
  leastShare() {
    return this.isWhole ? this.profile.settings.minWidth / 100 : MIN_WIDTH / USUAL_WIDTH;
  }

  get isWhole() {
    return this.zoomed === 0 && this.range === null;
  }

  mostElements() {
    const isAskedFor = this.isWhole && this.profile.settings.minWidth < USUAL_MIN_WIDTH;
    return isAskedFor ? MAX_ELEMENTS.asked : MAX_ELEMENTS.usual;
  }

  // The frames with at least `from` and less than `to` ticks that have a width and a name.
  /** @param {number} from @param {number} to */
  nodesOf(from, to) {
    const { graph, zoomed, range } = this;
    const { total, tree } = graph;
    const found = [];
    for (let node = zoomed; node < graph.end[zoomed]; node++) {
      const width = total[node];
      if (width >= from && width < to && width > 0 && tree.name[node] !== 0 && (!range || this.isInRange(node))) {
        found.push(node);
      }
    }
    return found;
  }

  /** @param {number} node */
  isInRange(node) {
    const { graph: { start, total }, extent: { first, span } } = this;
    return start[node] < first + span && start[node] + total[node] > first;
  }

  // Keeps the rows of the whole graph, so that zooming does not move it vertically; adds rows if more become
  // visible.
  setRows() {
    const [first, last] = this.seenRows;
    this.topRows ??= this.rowsOfAll();
    const [top, bottom] = this.topRows;
    const rows = [Math.min(first, top), Math.max(last, bottom)];
    const { picture } = this;
    picture.setRows(rows[0], rows[1]);
    this.hits.setAttribute('y', Math.min(...rows.map((row) => picture.rowY(row))));
    this.hits.setAttribute('height', (rows[1] - rows[0] + 1) * picture.rowHeight);
  }

  // Keeps hidden elements for the way back, unless there are too many. They are hidden with an attribute,
  // which is faster to set than a class.
  hideOthers() {
    const isFull = this.items.size > MAX_KEPT;
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

  // Draws all postponed elements that are kept.
  drawAll() {
    this.later.stop();
    this.later.add([...this.seen, ...this.fineNodes]);
    this.fineNodes.forEach((node) => (this.items.get(node).isFine = false));
  }

  // Only the width of the window changed. Narrow frames are drawn as elements again later, because their
  // layout takes long.
  resize() {
    this.later.again();
    this.setRows();
    this.drawNarrow();
    this.seen.forEach((node) => this.items.get(node)?.label(this.name(node), this.picture, this.font));
  }

  // The first and last row of the graph when it is not zoomed.
  rowsOfAll() {
    const { total, row, tree, size } = this.graph;
    const least = (this.profile.settings.minWidth / 100) * total[0];
    const rows = [0, 0];
    for (let node = 0; node < size; node++) {
      if (total[node] >= least && total[node] > 0 && tree.name[node] !== 0) {
        rows[0] = Math.min(rows[0], row[node]);
        rows[1] = Math.max(rows[1], row[node]);
      }
    }
    return rows;
  }

  /** @param {number} node */
  isShown(node) {
    return this.isSeen.has(node);
  }

  // Whether it is visible when zoomed to `top`.
  /** @param {number} node @param {number} top */
  isWide(node, top) {
    const { total } = this.graph;
    return total[node] >= this.wideShare() * total[top];
  }

  wideShare() {
    return (this.picture.isModern ? WIDE.modern : WIDE.classic) / USUAL_WIDTH;
  }

  // Draws a frame in `added`, if its element is not in the right place.
  /** @param {number} node @param {ParentNode} added */
  place(node, added) {
    const { graph, picture, extent } = this;
    const isAbove = this.path.has(node);
    const share = 100 / extent.span;
    const isFine = !this.isSeen.has(node);
    const item = this.items.get(node) ?? this.add(node);
    item.show(added, isFine);
    item.setPainted(isAbove || graph.total[node] >= this.thin);
    const start = (graph.start[node] - extent.first) * share;
    const end = start + graph.total[node] * share;
    const [left, right] = isAbove ? [0, 100] : this.range ? [Math.max(start, 0), Math.min(end, 100)] : [start, end];
    item.move(left, right - left, picture.rowY(graph.row[node]));
    this.paint(node);
    item.label(this.name(node), picture, this.font);
  }

  /** @param {number} node */
  add(node) {
    const mark = this.markOf(node);
    const group = mark?.cloneNode(false) ?? document.createElementNS(SVG, 'g');
    group.append(this.parts.cloneNode(true));
    group.firstChild.textContent = mark?.title ?? this.title(node);
    return this.keep(node, group);
  }

  /** @param {number} node @param {Element} group */
  keep(node, group) {
    const item = new Item(group);
    this.items.set(node, item);
    this.nodes.set(group, node);
    return item;
  }

  // Paints the element of a frame, if there is one, in its current style.
  /** @param {number} node */
  paint(node) {
    const item = this.items.get(node);
    const look = item && this.lookOf(node);
    if (look === item?.look) {
      return;
    }
    const plain = this.isMatch(node) ? colorOf(options.searchColor) : this.colors.of(node);
    const color = this.path.has(node) ? this.colors.faded(plain) : plain;
    item.paint(look, color, this.classesOf(node).filter(Boolean).join(' '));
  }

  /** @param {number} node */
  classesOf(node) {
    return [
      this.markOf(node)?.getAttribute('class'),
      this.isMatch(node) && 'match',
      this.path.has(node) && 'parent',
      node === this.current && 'current',
      // The central function of a sandwich view.
      node === 0 && this.picture.isSandwich && 'center',
    ];
  }

  // A number that represents everything the colors of a frame depend on.
  /** @param {number} node @returns {number} */
  lookOf(node) {
    const isAbove = this.path.has(node);
    const isDark = (isAbove || this.colors.isInSteps) && this.colors.isDark;
    return (isAbove ? 1 : 0) + (this.isMatch(node) ? 2 : 0) + (node === this.current ? 4 : 0) + (isDark ? 8 : 0);
  }

  /** @param {number} node */
  isMatch(node) {
    return this.search.isActive && this.search.matches(this.graph, node);
  }

  drawNarrow() {
    const { graph, picture, extent, narrowNodes, colors } = this;
    /** @type {NarrowStyle} */
    const style = {
      /** @param {number} node */
      colorOf: (node) => colors.exactly(node),
      isMatch: this.search.isActive ? (node) => this.isMatch(node) : () => false,
      step: colors.step,
    };
    this.narrow.draw(graph, extent, narrowNodes, style, picture);
  }

  // Called after a search, or a change of colors.
  repaint() {
    const fine = this.later.fineMade();
    const stale = fine.filter((node) => this.items.get(node).look !== this.lookOf(node));
    if (stale.length > FEW) {
      this.later.again();
    } else {
      stale.forEach((node) => this.paint(node));
    }
    this.seen.forEach((node) => this.paint(node));
    this.drawNarrow();
  }

  forgetLooks() {
    this.items.forEach((item) => (item.look = -1));
    this.repaint();
  }

  // Outlines the frames of the same function as `node`, or none for -1.
  /** @param {number} node */
  outlineSame(node) {
    const { functions } = this.profile;
    const { name } = this.graph.tree;
    const wanted = node > 0 && name[node] > 0 ? functions[name[node]] : -1;
    if (wanted === this.sameFunction) {
      return;
    }
    this.sameFunction = wanted;
    this.same.forEach((group) => group.classList.remove('same'));
    this.same = [];
    for (const [other, { group, isHidden }] of this.items) {
      if (wanted >= 0 && !isHidden && functions[name[other]] === wanted) {
        group.classList.add('same');
        this.same.push(group);
      }
    }
  }

  // The frame that an event happened on, or -1.
  /** @param {any} target */
  under(target) {
    while (target && !this.nodes.has(target)) {
      target = target.parentNode;
    }
    const node = target ? this.nodes.get(target) : -1;
    return this.element(node) === target ? node : -1;
  }

  /** @param {number} node */
  element(node) {
    return this.items.get(node)?.group;
  }

  // The narrow frame that is nearest to a position in the window, if within half a pixel, or -1.
  /** @param {number} x @param {number} y */
  near(x, y) {
    const { graph, picture, extent } = this;
    const box = this.hits.getBoundingClientRect();
    const [low, high] = picture.rows;
    const index = Math.floor(((y - box.top) / box.height) * (high - low + 1));
    const row = picture.isDownward ? low + index : high - index;
    const ticks = extent.span / box.width;
    // Mouse events have integer positions: the left edge of a pixel.
    const middle = Number.isInteger(x) ? x + 0.5 : x;
    const at = extent.first + (middle - box.left) * ticks;
    let [found, nearest] = [-1, ticks / 2];
    for (const node of this.narrowNodes) {
      const start = graph.start[node];
      const distance = Math.max(start - at, at - start - graph.total[node], 0);
      if (graph.row[node] === row && distance < nearest) {
        [found, nearest] = [node, distance];
      }
    }
    return found;
  }

  // The frame that an event happened on, which may be narrow, or -1.
  /** @param {Mouse} event */
  at(event) {
    const isHit = event.target === this.hits && event.clientX !== undefined;
    return isHit ? this.near(event.clientX, event.clientY) : this.under(event.target);
  }

  // The element of a visible frame; creates it now if it was postponed, or if the frame is a narrow one.
  /** @param {number} node */
  drawn(node) {
    if (this.later.isWaiting(node)) {
      this.later.add([node]);
    } else if (!this.isDrawn(node) && this.isInside(node)) {
      const added = document.createDocumentFragment();
      this.place(node, added);
      this.later.group.append(added);
    }
    return this.isDrawn(node) ? this.element(node) : undefined;
  }

  /** @param {number} node */
  isDrawn(node) {
    const item = this.items.get(node);
    return item !== undefined && !item.isHidden && item.group.isConnected;
  }

  // Whether it is in the zoomed part, and has a width and a name.
  /** @param {number} node */
  isInside(node) {
    const { graph, zoomed } = this;
    const isBelow = node >= zoomed && node < graph.end[zoomed];
    return isBelow && graph.total[node] > 0 && graph.tree.name[node] !== 0 && this.isInRange(node);
  }

  /** @param {number} node */
  setFocusable(node) {
    this.element(this.focused)?.removeAttribute('tabindex');
    this.focused = node;
    this.drawn(node)?.setAttribute('tabindex', '0');
  }

  // Moving an element removes its focus.
  /** @param {number} node */
  keepFocus(node) {
    if (node >= 0 && this.isShown(node) && this.under(document.activeElement) !== node) {
      this.setFocusable(node);
      this.element(node).focus({ preventScroll: true });
    }
  }

  /** @param {number} node */
  setCurrent(node) {
    const before = this.current;
    this.current = node;
    this.paint(before);
    this.paint(node);
  }

  /** @param {number} node */
  name(node) {
    const name = this.graph.tree.name[node];
    return name < 0 ? 'all' : this.profile.names[name];
  }

  // The title of an element. In the classic theme, it has the published form, as in the file.
  /** @param {number} node */
  title(node) {
    const { counts, isModern } = this.profile;
    return isModern
      ? this.description(node)
      : this.describe(node, counts.named(this.graph.total[node]), roundedPercent);
  }

  // `NAME (1 sample, 5.67%)`.
  /** @param {number} node */
  description(node) {
    return this.describe(node, this.profile.counts.numbered(this.graph.total[node]), percentText);
  }

  /** @param {number} node @param {string} samples @param {(part: number, whole: number) => string} percentOf */
  describe(node, samples, percentOf) {
    const { graph, profile } = this;
    const whole = graph.total[0];
    const own = this.isOriginal ? this.marks.titles.get(node) : undefined;
    if (own !== undefined) {
      return own;
    }
    if (graph.tree.name[node] < 0) {
      return `all (${samples}, 100%)`;
    }
    const change = profile.isDifferential
      ? `; ${changeText(this.change(node), whole, percentOf)}`
      : '';
    return `${this.name(node)} (${samples}, ${percentOf(graph.total[node], whole)}${change})`;
  }

  /** @param {number} node */
  change(node) {
    const change = this.graph.after[node] - this.graph.before[node];
    return this.profile.settings.negate ? -change : change;
  }

  /** @param {number} node */
  linkOf(node) {
    const link = this.drawn(node);
    return link?.localName === 'a' ? link.getAttribute('href') ?? link.getAttribute('xlink:href') : null;
  }

  // An element to clone for functions in a file of attributes.
  /** @param {number} node */
  markOf(node) {
    return this.marks.groups.get(this.graph.tree.name[node]);
  }
}
