// @ts-check
// The viewer: the state, and everything that changes it.

class Viewer {
  /** @param {any} root */
  constructor(root) {
    this.root = root;
    this.profile = new Profile(root.querySelector('#profile').textContent);
    const { settings } = this.profile;
    this.picture = new Picture(root, settings.row, this.profile.isModern);
    root.classList.add('live');
    this.font = new Font(root.querySelector('#details'));
    this.search = new Search(this.profile.names);
    this.colors = new Colors(this.profile);
    this.canvas = new Canvas(this.picture, this.font, this.profile, this.colors, this.search);
    this.axis = this.profile.isModern ? new Axis(this.picture, this.profile.counts) : null;
    this.bar = new Bar(this.picture, this.font);
    this.tools = new Tools(this.picture, this.actions(), this.profile);
    this.table = new Table(this.picture, { open: (name) => this.openFunction(name) });
    this.menu = new Menu(this.picture);
    const { modules } = this.profile;
    this.legend = modules && new ModuleLegend(this.tools.modules, modules, (module) => this.selectModule(module));
    this.help = new Help(root, () => this.help.toggle(false, 0));
    // The displayed view, except for the zoom.
    this.view = { view: 'plain', name: -1, order: 'name', side: settings.width, recursion: false, part: SIDE_BY_SIDE };
    /** @type {Edit[]} */
    this.edits = [];
    // The search whose matching stacks are kept; an empty one keeps all.
    this.filter = { term: '', isPlain: false, ignoreCase: false };
    this.query = { term: '', isPlain: false, ignoreCase: false };
    this.pointed = -1;
    // The search in the URL.
    this.committed = '';
    // The graph that links refer to, and its side.
    this.unedited = null;
    // Where the window was before saving or printing.
    this.scrolledTo = 0;
    // The zoom at which stepping through matches started; null for the current one.
    this.stepsFrom = null;
    this.inUnits = this.profile.counts.hasUnit;
    // `dark` or `light` if it is not the system's.
    this.theme = this.picture.isDocument ? keptTheme() : null;
    this.isPrinting = false;
    this.darkness = matchMedia('(prefers-color-scheme: dark)');
    this.describe();
    this.picture.fill();
    this.applyTheme();
    this.tools.layout();
    scrollToEnd(this);
    restore(this);
    // After loading, the graph is complete.
    this.canvas.later.finishDistant();
    this.listen();
  }

  actions() {
    return {
      unzoom: () => this.zoom(0),
      /** @param {number} node */
      zoom: (node) => this.zoom(node),
      /** @param {string} term */
      follow: (term) => searchFor(this, term),
      /** @param {string} term */
      finish: (term) => finishSearch(this, term),
      toggleCase: () => changeQuery(this, { ignoreCase: !this.query.ignoreCase }),
      togglePlain: () => changeQuery(this, { isPlain: !this.query.isPlain }),
      resetSearch: () => finishSearch(this, ''),
      next: () => step(this, 1),
      previous: () => step(this, -1),
      flip: () => this.flip(),
      flame: () => this.showStacks(false),
      icicle: () => this.showStacks(true),
      callers: () => this.toggleView('callers'),
      table: () => this.toggleView('table'),
      both: () => this.toggleView('both'),
      sandwich: () => this.toggleSandwich(),
      filter: () => toggleFilter(this),
      recursion: () => this.show({ recursion: !this.view.recursion }),
      menu: () => this.openMenu('menu', mainMenu(this)),
      views: () => this.openMenu('view', viewMenu(this)),
      part: () => this.openMenu('part', partMenu(this)),
      order: () => this.show({ order: this.view.order === 'name' ? 'width' : 'name' }),
      side: () => this.nextSide(),
      safe: () => this.toggleSafe(),
      units: () => this.toggleUnits(),
      undo: () => undo(this),
      more: () => scrollOn(this),
      dark: () => this.toggleTheme(),
      save: () => savePicture(this),
      png: () => savePixels(this),
      csv: () => saveTable(this),
      export: () => saveStacks(this),
      help: () => this.help.toggle(!this.help.isOpen, this.picture.inSight()[0]),
    };
  }

  // For screen readers, the browser's tab, and phones.
  describe() {
    const title = this.root.querySelector('#title').textContent;
    this.root.style.overflowAnchor = 'none';
    this.root.setAttribute('role', 'graphics-document document');
    this.root.setAttribute('aria-label', title);
    this.picture.frames.setAttribute('role', 'group');
    this.picture.frames.setAttribute('aria-label', 'frames: arrow keys walk, Enter zooms');
    if (this.picture.isDocument && !document.title) {
      document.title = title;
    }
    if (this.root === document.documentElement) {
      const content = 'width=device-width, initial-scale=1';
      create(XHTML, 'meta', { name: 'viewport', content }, this.root);
    }
  }

  listen() {
    const { svg } = this.canvas;
    /** @param {EventTarget} target @param {string} name @param {(event: any) => void} action */
    const on = (target, name, action) => target.addEventListener(name, (event) => action(event));
    on(svg, 'mouseover', (event) => this.point(this.canvas.at(event)));
    on(this.canvas.hits, 'mousemove', (event) => this.pointNear(event));
    on(svg, 'mouseleave', () => this.point(-1));
    on(svg, 'click', (event) => this.onClick(event));
    on(svg, 'contextmenu', (event) => this.onContextMenu(event));
    on(svg, 'keydown', (event) => onFrameKey(this, event));
    this.pan = new Pan(this);
    // Not on the frames: Chromium makes an SVG element with a focus listener focusable.
    on(document, 'focusin', (event) => this.point(this.canvas.under(event.target)));
    on(document, 'focusout', () => this.point(-1));
    on(document, 'keydown', (event) => onKey(this, event));
    on(window, 'scroll', () => this.onScroll());
    on(window, 'resize', () => this.resize());
    on(window, 'beforeprint', () => setPrinting(this, true));
    on(window, 'afterprint', () => setPrinting(this, false));
    on(this.darkness, 'change', () => this.applyTheme());
    // The width of an inlined graph may change independently of the window.
    new ResizeObserver(() => this.resize()).observe(this.root);
    if (this.picture.isDocument) {
      on(window, 'popstate', () => goBack(this));
    }
  }

  onScroll() {
    this.bar.place();
    const distance = this.tools.float();
    this.table.float(this.hasGraph ? distance : 0);
    showMore(this);
  }

  resize() {
    if (this.isPrinting) {
      return;
    }
    if (this.picture.fill()) {
      this.tools.layout();
      this.redraw();
    } else if (this.table.isOpen) {
      this.table.layout();
    }
    this.onScroll();
  }

  redraw() {
    if (this.hasGraph) {
      this.canvas.resize();
      this.drawAxis();
    }
    if (!this.hasTable) {
      this.table.hide();
    } else if (this.table.isOpen) {
      this.table.layout();
    } else {
      this.showTable();
    }
    this.bar.layout();
  }

  // ---- Views ----

  get hasGraph() {
    return this.view.view !== 'table';
  }

  // A narrow window has no room for both.
  get hasTable() {
    return !this.hasGraph || this.picture.side > 0;
  }

  // Changes the view, and stores it in the URL. The zoom stays, unless the tree changes.
  /** @param {Partial<View>} changes */
  show(changes) {
    const { graph, zoomed, range } = this.canvas;
    const hadFrames = hasFramesOfProfile(this);
    Object.assign(this.view, changes);
    this.build();
    const isSameTree = !('view' in changes) || (hadFrames && hasFramesOfProfile(this));
    // The root may be at another side, but what is edited or sorted has other ranges.
    const isFlipped = Object.keys(changes).length === 0 && this.canvas.graph.size === graph.size;
    this.zoomTo(isSameTree ? sameFrame(this, graph, zoomed) : 0, isFlipped ? range : null);
    remember(this, true);
    if ('view' in changes) {
      showRoot(this);
      this.canvas.later.finishDistant();
    }
  }

  build() {
    const { canvas, picture, tools } = this;
    const { view } = this.view;
    this.pointed = -1;
    this.bar.show('', null);
    canvas.setGraph(graphOf(this), isOriginal(this));
    picture.isSandwich = view === 'sandwich';
    const stacks = picture.isFlipped ? 'icicle' : 'flame';
    tools.showView(view === 'plain' ? stacks : view);
    tools.showPart(partText(this), isInTime(this.profile, this.view.part));
    setShown(tools.buttons.undo, this.edits.length > 0);
    setShown(picture.frames, this.hasGraph);
    picture.split(view === 'both');
    this.table.hide();
  }

  showTable() {
    const { profile, colors, search } = this;
    const { graph, zoomed } = this.canvas;
    const columns = columnsOf({ profile, colors, countText: (ticks) => this.countText(ticks) });
    /** @param {number} name */
    const isWanted = (name) => !search.isActive || search.isMatch[name] === 1;
    const rows = functionRows(graph, zoomed, profile, isWanted);
    rows.forEach((row) => (row.color = profile.modules?.color(row.number, colors.isDark)));
    this.table.isBesideGraph = this.hasGraph;
    this.table.show(columns, rows, { by: profile.isDifferential ? 'change' : 'total', isAscending: false });
  }

  updateTable() {
    if (this.table.isOpen) {
      this.showTable();
    }
  }

  // Beside the graph, a function of the table is searched for; else, its callers and callees are shown.
  /** @param {number} name */
  openFunction(name) {
    if (this.hasGraph) {
      searchName(this, this.profile.names[name]);
    } else {
      this.show({ view: 'sandwich', name });
    }
  }

  /** @param {number} ticks @param {number} whole */
  shareText(ticks, whole) {
    return `${this.countText(ticks)}  ${percentText(ticks, whole)}`;
  }

  /** @param {number} ticks */
  countText(ticks) {
    const { counts } = this.profile;
    return this.inUnits ? counts.human(ticks) : counts.text(ticks);
  }

  /** @param {string} view */
  toggleView(view) {
    this.show({ view: this.view.view === view ? 'plain' : view });
  }

  toggleSandwich() {
    if (this.view.view === 'sandwich') {
      this.show({ view: 'plain' });
    } else {
      this.sandwich(this.selected());
    }
  }

  // Shows all callers and callees of a frame's function, or of the one with the largest self count.
  /** @param {number} node */
  sandwich(node) {
    const { graph } = this.canvas;
    const name = graph.tree.name[node];
    this.show({ view: 'sandwich', name: name > 0 ? name : hottest(graph, this.profile.functions) });
  }

  // The plain view, with the root at the bottom or at the top.
  /** @param {boolean} isFlipped */
  showStacks(isFlipped) {
    this.picture.isFlipped = isFlipped;
    this.show({ view: 'plain' });
    showRoot(this);
  }

  // A menu below its button.
  /** @param {string} name @param {(MenuItem | null)[]} items */
  openMenu(name, items) {
    const { menu, picture, tools } = this;
    if (menu.isOpen) {
      menu.close();
      return;
    }
    const box = tools.buttons[name].getBoundingClientRect();
    this.openMenuAt(items, box.right - MENU_WIDTH / picture.scale(), box.bottom + 2);
  }

  // A position in the window.
  /** @param {(MenuItem | null)[]} items @param {number} x @param {number} y */
  openMenuAt(items, x, y) {
    const { picture } = this;
    const box = this.root.getBoundingClientRect();
    this.menu.open(items, (x - box.left) * picture.scale(), (y - box.top) * picture.scale());
  }

  /** @param {number} node @param {number} x @param {number} y */
  openFrameMenu(node, x, y) {
    this.point(node);
    this.openMenuAt(frameMenu(this, node), x, y);
  }

  flip() {
    this.picture.isFlipped = !this.picture.isFlipped;
    this.show({});
    showRoot(this);
  }

  nextSide() {
    const sides = ['after', 'before', 'larger'];
    this.show({ side: sides[(sides.indexOf(this.view.side) + 1) % 3] });
  }

  toggleSafe() {
    this.colors.isSafe = !this.colors.isSafe;
    this.paintLegend();
    this.canvas.forgetLooks();
    this.updateTable();
  }

  toggleUnits() {
    const { counts } = this.profile;
    this.inUnits = !this.inUnits;
    counts.isScaled = counts.hasUnit && this.inUnits;
    this.updateTable();
    this.point(this.pointed);
  }

  paintLegend() {
    if (this.colors.isLog) {
      paintLegend(this.root, this.colors);
    }
  }

  // Shows the frames of one module in their colors, or all again.
  /** @param {number} module */
  selectModule(module) {
    const { modules } = this.profile;
    modules.selected = modules.selected === module ? -1 : module;
    remember(this, true);
    this.showLegend();
    this.canvas.forgetLooks();
    this.updateTable();
  }

  showLegend() {
    this.legend?.show(this.canvas.graph, this.canvas.zoomed, this.colors.isDark);
  }

  toggleTheme() {
    const isDark = !this.colors.isDark;
    this.theme = isDark === this.darkness.matches ? null : isDark ? 'dark' : 'light';
    if (this.picture.isDocument) {
      keepTheme(this.theme);
    }
    this.applyTheme();
  }

  applyTheme() {
    const isWanted = this.theme ? this.theme === 'dark' : this.darkness.matches;
    const isDark = isWanted && !this.isPrinting;
    this.colors.isDark = isDark;
    this.root.classList.toggle('dark', isDark);
    this.paintLegend();
    if (this.canvas.graph) {
      this.canvas.repaint();
      this.showLegend();
    }
    this.updateTable();
  }

  // ---- Frames ----

  // The frame that keys apply to: the focused one, or the one under the pointer, or the zoomed one.
  selected() {
    const focused = this.canvas.under(document.activeElement);
    return focused >= 0 ? focused : this.pointed >= 0 ? this.pointed : this.canvas.zoomed;
  }

  /** @param {number} node */
  point(node) {
    this.pointed = node;
    this.canvas.outlineSame(node);
    const rect = node < 0 ? null : this.canvas.drawn(node)?.querySelector('rect');
    this.bar.show(node < 0 ? '' : this.details(node), rect);
  }

  // Points at a narrow frame without an element, or at nothing.
  /** @param {Mouse} event */
  pointNear(event) {
    const { canvas } = this;
    const node = canvas.at(event);
    if (node !== this.pointed) {
      canvas.hits.style.cursor = node < 0 ? '' : 'pointer';
      this.point(node);
    }
  }

  // The details of a frame: its title, its self count, and its share of the zoomed frame.
  /** @param {number} node */
  details(node) {
    const { graph, zoomed } = this.canvas;
    const { isDifferential, counts } = this.profile;
    const parts = [`${options.nameType} ${this.canvas.description(node)}`];
    if (this.inUnits && !counts.isScaled) {
      parts.push(counts.human(graph.total[node]));
    }
    if (graph.own[node] !== graph.total[node] && graph.own[node] > 0) {
      parts.push(`self ${this.shareText(graph.own[node], graph.total[0])}`.replace('  ', ', '));
    }
    if (zoomed !== 0 && !this.canvas.path.has(node)) {
      parts.push(`${percentText(graph.total[node], graph.total[zoomed])} of the zoomed frame`);
    }
    if (isDifferential) {
      const [before, after] = [graph.before[node], graph.after[node]];
      const change = relativeText(before, after);
      parts.push(`before ${this.countText(before)}`, `after ${this.countText(after)}${change && ` (${change})`}`);
    }
    return parts.join(', ');
  }

  // A link is followed; with Ctrl or Cmd, its frame is zoomed.
  /** @param {Mouse} event */
  onClick(event) {
    if (this.pan.hasMoved) {
      // The end of a drag.
      event.preventDefault();
      return;
    }
    const node = this.canvas.at(event);
    const isLink = node >= 0 && this.canvas.drawn(node)?.localName === 'a';
    if (node < 0 || (isLink && !event.ctrlKey && !event.metaKey)) {
      return;
    }
    event.preventDefault();
    this.zoom(node);
  }

  // The right button, and a long press. With Shift, the browser's menu opens.
  /** @param {Mouse} event */
  onContextMenu(event) {
    const node = this.canvas.at(event);
    if (node >= 0 && !event.shiftKey) {
      event.preventDefault();
      this.openFrameMenu(node, event.clientX, event.clientY);
    }
  }

  // The menu of a frame, below it.
  /** @param {number} node */
  openMenuOf(node) {
    const box = this.canvas.drawn(node)?.querySelector('rect').getBoundingClientRect();
    if (box && this.hasGraph) {
      this.openFrameMenu(node, Math.max(box.left, 0), box.bottom);
    }
  }

  // Zooms, and stores it in the URL. The root resets the zoom.
  /** @param {number} node */
  zoom(node) {
    const isShown = node === this.canvas.zoomed && this.canvas.range === null;
    if (isShown || !(this.canvas.graph.total[node] > 0)) {
      return;
    }
    this.zoomTo(node);
    remember(this, true);
  }

  /** @param {number} node @param {Extent} [range] */
  zoomTo(node, range = null) {
    const { canvas, tools } = this;
    this.stepsFrom = null;
    canvas.zoomed = node;
    canvas.range = range;
    if (this.hasTable) {
      this.showTable();
    }
    if (this.hasGraph) {
      const bottom = fromBottom(this);
      canvas.draw(node, range);
      keepBottom(this, bottom);
    }
    this.drawAxis();
    setShown(tools.buttons.unzoom, !canvas.isWhole);
    const path = [node, ...canvas.graph.ancestors(node)].reverse();
    tools.showPath(node === 0 ? [] : path.map((at) => ({ node: at, name: canvas.name(at) })));
    this.showCaption();
    showMatched(this);
    this.bar.layout();
    this.onScroll();
    this.showLegend();
  }

  drawAxis() {
    const { axis, canvas, profile, view } = this;
    if (axis) {
      setShown(axis.group, this.hasGraph);
    }
    if (axis && this.hasGraph) {
      axis.draw(canvas.graph, canvas.extent, isInTime(profile, view.part) ? 0 : canvas.zoomed);
    }
  }

  // What a sandwich shows.
  showCaption() {
    const { graph, zoomed } = this.canvas;
    if (this.view.view === 'sandwich' && zoomed === 0) {
      const share = this.shareText(graph.total[0], graph.whole).replace('  ', ', ');
      this.tools.showCaption(`callers above, callees below ${this.canvas.name(0)}: ${share} of all`);
    }
  }
}

// ---- Start ----

const root = document.currentScript?.closest('svg') ?? document.documentElement;
/** @type {Viewer | null} */
let viewer = null;

// Starts once, when the image is complete. An image with an error has no frames.
function start() {
  if (viewer === null && root.querySelector('#profile') && root.querySelector('#frames rect')) {
    try {
      viewer = new Viewer(root);
    } finally {
      root.classList.remove('loading');
    }
    openAtRoot(viewer);
  }
}

if (document.readyState !== 'loading') {
  setTimeout(start);
} else {
  // Laying out a growing image repeatedly would take most of the loading time.
  root.classList.toggle('loading', root === document.documentElement);
  document.addEventListener('DOMContentLoaded', start);
}
