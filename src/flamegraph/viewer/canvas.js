// @ts-check
// Draws frames: those visible at the current zoom as one element each, and those narrower than two pixels
// together (see Narrow). After that is on the screen, frames out of sight follow, and narrow frames get
// transparent elements too (see Later). Elements are touched only if they change, text is measured on a canvas,
// and nothing forces a layout.

class Canvas {
  // `graph` is that of the profile's tree, which the file shows.
  /** @param {Picture} picture @param {Font} font @param {Profile} profile @param {Colors} colors @param {Search} search @param {Graph} graph */
  constructor(picture, font, profile, colors, search, graph) {
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
    // The match that was stepped to, and the frame that has the focus or gets it.
    this.current = -1;
    this.focused = 0;
    this.outline = new Outline(profile.functions);
    this.found = foundFrames(picture, profile, graph);
    this.marks = readMarks(this.found, profile, colors);
    this.titles = new Titles(profile, this.marks);
    this.narrow = new Narrow(this.svg);
    this.hits = new Hits(picture);
    // What a graph without samples says.
    this.note = create(SVG, 'text', { id: 'empty', x: LABEL_PADDING, class: 'hide' }, null);
    // Elements of frames, to be cloned, which is faster than creating new ones: one that is painted, and one that is not.
    const rect = { height: picture.rowHeight - 1 };
    this.painted = emptyFrame(rect);
    this.unpainted = emptyFrame({ ...rect, 'fill-opacity': 0 });
    this.later = new Later(this.svg, (node, added) => this.place(node, added));
  }

  // Draws another graph. `isOriginal` if its nodes are those of the profile.
  /** @param {Graph} graph @param {boolean} isOriginal */
  setGraph(graph, isOriginal) {
    this.graph = graph;
    this.later.stop();
    this.items.clear();
    // Nothing is drawn yet, and in a table, nothing will be.
    this.visible = new Visible(this.profile);
    // The file's elements stay in document order, for programs that read them, whatever is drawn first.
    const found = isOriginal ? this.found : [];
    this.svg.replaceChildren(
      this.hits.rect,
      this.narrow.svg,
      ...found.map(({ group }) => group),
      this.later.group,
      this.note,
    );
    found.forEach(({ node, group, rect }) => this.keep(node, group, Item.found(group, rect)));
    this.found = [];
    this.colors.use(graph, isOriginal);
    this.titles.use(graph, isOriginal);
    this.setZoom(0, null);
    this.current = -1;
    this.focused = 0;
    this.topRows = null;
  }

  get zoomed() {
    return this.zoom.node;
  }

  // The ticks over the whole width.
  get extent() {
    return this.zoom.extent;
  }

  // What the next drawing shows: `node`, or a range of it.
  /** @param {number} node @param {Extent | null} range */
  setZoom(node, range) {
    this.zoom = new Zoom(this.graph, node, range);
  }

  // Shows what is zoomed over the whole width, its descendants in proportion, and its ancestors faded.
  draw() {
    const used = this.under(document.activeElement);
    const { picture, visible, zoom } = this;
    const { height } = picture;
    const sight = picture.inSight();
    visible.choose(zoom);
    this.setRows();
    this.showNote();
    this.later.stop();
    this.hideOthers();
    const [now, later] = visible.parted(sight, Math.abs(picture.height - height), this.graph, picture);
    this.later.add(now);
    this.drawNarrow();
    this.later.start(later, visible.fine);
    this.setFocusable(this.isShown(this.focused) ? this.focused : zoom.node);
    this.keepFocus(used);
  }

  // Keeps the rows of the whole graph, so that zooming does not move it vertically; adds rows if more become
  // visible.
  setRows() {
    const [first, last] = this.visible.rows;
    this.topRows ??= rowsOf(this.graph, this.profile.settings);
    const [top, bottom] = this.topRows;
    this.picture.setRows(Math.min(first, top), Math.max(last, bottom));
    this.hits.fill();
  }

  // In place of the root.
  showNote() {
    const { graph, note, picture } = this;
    setShown(note, !(graph.total[0] > 0));
    note.setAttribute('y', picture.rowY(0) + picture.rowHeight - LABEL_PADDING);
  }

  // Keeps hidden elements for the way back, unless there are too many. They are hidden with an attribute,
  // which is faster to set than a class.
  hideOthers() {
    const isFull = this.items.size > MAX_KEPT;
    for (const [node, item] of this.items) {
      if (this.isShown(node)) {
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
    const { seen, fine } = this.visible;
    this.later.add([...seen, ...fine]);
    fine.forEach((node) => (this.items.get(node).isFine = false));
  }

  // Only the width of the window changed. Narrow frames are drawn as elements again later, because their
  // layout takes long.
  resize() {
    this.later.again();
    this.setRows();
    this.drawNarrow();
    this.visible.seen.forEach((node) => this.items.get(node)?.label(this.titles.name(node), this.picture, this.font));
  }

  /** @param {number} node */
  isShown(node) {
    return this.visible.isSeen.has(node);
  }

  // Draws a frame in `added`, if its element is not in the right place.
  /** @param {number} node @param {ParentNode} added */
  place(node, added) {
    const { graph, picture, titles, visible, zoom: { extent, path, range } } = this;
    const isAbove = path.has(node);
    const share = 100 / extent.span;
    const isPainted = isAbove || graph.total[node] >= visible.thin;
    const item = this.items.get(node) ?? this.add(node, isPainted);
    item.show(added, !this.isShown(node));
    item.setPainted(isPainted);
    const start = (graph.start[node] - extent.first) * share;
    const end = start + graph.total[node] * share;
    const [left, right] = isAbove ? [0, 100] : range ? [Math.max(start, 0), Math.min(end, 100)] : [start, end];
    item.move(left, right - left, picture.rowY(graph.row[node]));
    this.paint(node);
    item.label(titles.name(node), picture, this.font);
  }

  /** @param {number} node @param {boolean} isPainted */
  add(node, isPainted) {
    const mark = this.markOf(node);
    let group = (isPainted ? this.painted : this.unpainted).cloneNode(true);
    const [title, rect] = group.childNodes;
    title.firstChild.data = mark?.title ?? this.titles.title(node);
    if (mark) {
      group = mark.cloneNode(false);
      group.append(title, rect);
    }
    return this.keep(node, group, new Item(group, rect, isPainted));
  }

  /** @param {number} node @param {Element} group @param {Item} item */
  keep(node, group, item) {
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
    const color = this.zoom.path.has(node) ? this.colors.faded(plain) : plain;
    item.paint(look, color, this.classesOf(node).filter(Boolean).join(' '));
  }

  /** @param {number} node */
  classesOf(node) {
    return [
      this.markOf(node)?.getAttribute('class'),
      this.isMatch(node) && 'match',
      this.zoom.path.has(node) && 'parent',
      node === this.current && 'current',
      // The central function of a sandwich view.
      node === 0 && this.picture.isSandwich && 'center',
    ];
  }

  // A number that represents everything the colors of a frame depend on.
  /** @param {number} node @returns {number} */
  lookOf(node) {
    const isAbove = this.zoom.path.has(node);
    const isDark = (isAbove || this.colors.isInSteps) && this.colors.isDark;
    return (isAbove ? 1 : 0) + (this.isMatch(node) ? 2 : 0) + (node === this.current ? 4 : 0) + (isDark ? 8 : 0);
  }

  /** @param {number} node */
  isMatch(node) {
    return this.search.isActive && this.search.matches(this.graph, node);
  }

  drawNarrow() {
    const { graph, picture, extent, visible, colors } = this;
    /** @type {NarrowStyle} */
    const style = {
      /** @param {number} node */
      colorOf: (node) => colors.exactly(node),
      isMatch: this.search.isActive ? (node) => this.isMatch(node) : () => false,
      step: colors.step,
    };
    this.narrow.draw(graph, extent, visible.narrow, style, picture);
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
    this.visible.seen.forEach((node) => this.paint(node));
    this.drawNarrow();
  }

  forgetLooks() {
    this.items.forEach((item) => (item.look = -1));
    this.repaint();
  }

  // Outlines the frames of the same function as `node`, or none for -1.
  /** @param {number} node */
  outlineSame(node) {
    this.outline.show(node, this.graph.tree.name, this.items);
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

  // The frame that an event happened on, which may be narrow, or -1.
  /** @param {Mouse} event */
  at(event) {
    const isHit = event.target === this.hits.rect && event.clientX !== undefined;
    return isHit
      ? this.hits.near(this.zoom, this.visible.narrow, event.clientX, event.clientY)
      : this.under(event.target);
  }

  // The element of a visible frame; creates it now if it was postponed, or if the frame is a narrow one.
  /** @param {number} node */
  drawn(node) {
    if (this.later.isWaiting(node)) {
      this.later.add([node]);
    } else if (!this.isDrawn(node) && this.zoom.contains(node)) {
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

// A frame's element without a text.
/** @param {Record<string, number>} attributes */
function emptyFrame(attributes) {
  const group = create(SVG, 'g', {}, null);
  create(SVG, 'title', {}, group).append('');
  create(SVG, 'rect', attributes, group);
  return group;
}
