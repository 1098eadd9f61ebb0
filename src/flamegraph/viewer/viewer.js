// The viewer: the state, and everything that changes it.

class Viewer {
  constructor(root) {
    this.root = root;
    this.profile = new Profile(root.querySelector('#profile').textContent);
    const { settings } = this.profile;
    this.picture = new Picture(root, settings.row);
    this.font = new Font(root.querySelector('#details'));
    this.search = new Search(this.profile.names);
    this.colors = new Colors(this.profile);
    this.canvas = new Canvas(this.picture, this.font, this.profile, this.colors, this.search);
    this.bar = new Bar(this.picture, this.font);
    this.table = new Table(this.picture, { open: (name) => this.show({ view: 'sandwich', name }) });
    this.tools = new Tools(this.picture, this.actions(), {
      isDifferential: this.profile.isDifferential,
      isChart: this.profile.isChart,
      hasUnits: this.profile.counts.hasUnits,
    });
    this.help = new Help(root, () => this.help.toggle(false, 0));
    // The displayed view, except for the zoom.
    this.view = { view: 'plain', name: -1, order: 'name', side: settings.width };
    this.edits = [];
    this.query = { term: '', isPlain: false, ignoreCase: false };
    this.pointed = -1;
    // The zoom at which stepping through matches started; null for the current one.
    this.stepsFrom = null;
    this.inUnits = this.profile.counts.hasUnit;
    this.pressUnits();
    this.theme = null;
    this.isPrinting = false;
    this.darkness = matchMedia('(prefers-color-scheme: dark)');
    this.describe();
    this.picture.fill();
    this.applyTheme();
    this.tools.layout();
    this.restore();
    // After loading, the graph is complete.
    this.canvas.later.finishDistant();
    this.listen();
  }

  actions() {
    return {
      unzoom: () => this.zoom(0),
      zoom: (node) => this.zoom(node),
      follow: (term) => this.searchFor(term),
      finish: (term) => this.finishSearch(term),
      toggleCase: () => this.changeQuery({ ignoreCase: !this.query.ignoreCase }),
      togglePlain: () => this.changeQuery({ isPlain: !this.query.isPlain }),
      resetSearch: () => this.finishSearch(''),
      next: () => this.step(1),
      previous: () => this.step(-1),
      flip: () => this.flip(),
      callers: () => this.toggleView('callers'),
      table: () => this.toggleView('table'),
      sandwich: () => this.sandwich(),
      order: () => this.show({ order: this.view.order === 'name' ? 'width' : 'name' }),
      side: () => this.nextSide(),
      safe: () => this.toggleSafe(),
      units: () => this.toggleUnits(),
      undo: () => this.undo(),
      dark: () => this.toggleTheme(),
      save: () => this.save(),
      export: () => this.export(),
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
    const on = (target, name, action) => target.addEventListener(name, (event) => action(event));
    on(svg, 'mouseover', (event) => this.point(this.canvas.at(event)));
    on(this.canvas.hits, 'mousemove', (event) => this.pointNear(event));
    on(svg, 'mouseleave', () => this.point(-1));
    on(svg, 'click', (event) => this.onClick(event));
    on(svg, 'keydown', (event) => this.onFrameKey(event));
    // Not on the frames: Chromium makes an SVG element with a focus listener focusable.
    on(document, 'focusin', (event) => this.point(this.canvas.under(event.target)));
    on(document, 'focusout', () => this.point(-1));
    on(document, 'keydown', (event) => this.onKey(event));
    on(window, 'scroll', () => this.onScroll());
    on(window, 'resize', () => this.resize());
    on(window, 'beforeprint', () => this.setPrinting(true));
    on(window, 'afterprint', () => this.setPrinting(false));
    on(this.darkness, 'change', () => this.applyTheme());
    // The width of an inlined graph may change independently of the window.
    new ResizeObserver(() => this.resize()).observe(this.root);
    if (this.picture.isDocument) {
      on(window, 'popstate', () => this.restore());
    }
  }

  onScroll() {
    this.bar.place();
    this.tools.float();
  }

  resize() {
    if (this.picture.fill()) {
      this.tools.layout();
      this.redraw();
    } else {
      this.bar.place();
    }
  }

  redraw() {
    if (this.table.isOpen) {
      this.table.layout();
    } else {
      this.canvas.resize();
    }
    this.bar.layout();
  }

  // ---- Views ----

  // The tree of the view, and whether its nodes are the profile's.
  graph() {
    const { profile, view } = this;
    let { tree } = profile;
    for (const { functions, path, node } of this.edits) {
      const subtree = path ? nodeAt(tree, path) : node;
      tree = (profile.isChart ? withoutInTime : without)(tree, functions, subtree);
    }
    if (view.view === 'callers') {
      tree = callersFirst(tree);
    }
    const graph = this.ordered(new Graph(tree, view.side));
    return view.view === 'sandwich' ? this.sandwichOf(graph) : graph;
  }

  ordered(graph) {
    const { order, side } = this.view;
    return order === 'width' ? sorted(graph, order, this.profile.names, side) : graph;
  }

  sandwichOf(graph) {
    const { functions } = this.profile;
    const { name, side } = this.view;
    const isFunction = (other) => other > 0 && functions[other] === functions[name];
    const { callees, callers } = aroundFunction(graph, isFunction);
    const around = this.ordered(new Graph(callees, side));
    around.addCallers(this.ordered(new Graph(callers, side)));
    around.tree.name[0] = name;
    return around;
  }

  isOriginal() {
    const { view, order, side } = this.view;
    const isPlain = view === 'plain' || view === 'table';
    const isUnsorted = order === 'name' && side === this.profile.settings.width;
    return isPlain && isUnsorted && this.edits.length === 0;
  }

  // Changes the view, and stores it in the URL. The zoom stays, unless the tree changes.
  show(changes) {
    const { graph, zoomed } = this.canvas;
    Object.assign(this.view, changes);
    this.build();
    this.zoomTo('view' in changes ? 0 : this.sameFrame(graph, zoomed));
    this.remember(true);
    if ('view' in changes) {
      this.showRoot();
      this.canvas.later.finishDistant();
    }
  }

  // The frame that corresponds to `node` in the previous graph, or its nearest remaining caller.
  sameFrame(before, node) {
    const { graph } = this.canvas;
    if (this.profile.isChart) {
      return graph.size === before.size ? node : 0;
    }
    const isHidden = (name) => this.edits.some(({ functions }) => functions.has(name));
    const path = before.pathTo(node).filter((name) => !isHidden(name));
    for (; path.length > 0; path.pop()) {
      const same = nodeAt(graph.tree, path);
      if (graph.total[same] > 0) {
        return same;
      }
    }
    return 0;
  }

  // Views have their roots in different positions; a table starts at its top.
  showRoot() {
    if (this.table.isOpen && this.picture.isDocument) {
      window.scrollTo({ top: 0, behavior: 'instant' });
      return;
    }
    const root = this.canvas.drawn(0);
    const box = root?.getBoundingClientRect();
    if (this.picture.isDocument && box?.height > 0 && (box.top < 0 || box.bottom > window.innerHeight)) {
      root.scrollIntoView({ block: 'center', behavior: 'instant' });
    }
  }

  build() {
    const { canvas, picture, tools } = this;
    const { view } = this.view;
    this.pointed = -1;
    this.bar.show('', null);
    canvas.setGraph(this.graph(), this.isOriginal());
    picture.isSandwich = view === 'sandwich';
    press(tools.buttons.flip, picture.isFlipped !== options.inverted);
    tools.buttons.flip.textContent = picture.isFlipped ? 'Flame' : 'Icicle';
    press(tools.buttons.table, view === 'table');
    if (tools.buttons.callers) {
      press(tools.buttons.callers, view === 'callers');
      press(tools.buttons.sandwich, view === 'sandwich');
      tools.buttons.order.textContent = this.view.order === 'name' ? 'By width' : 'By name';
    }
    if (tools.buttons.side) {
      tools.buttons.side.textContent = { after: 'After', before: 'Before', larger: 'Both' }[this.view.side];
    }
    setShown(tools.buttons.undo, this.edits.length > 0);
    setShown(picture.frames, view !== 'table');
    this.table.hide();
  }

  showTable() {
    const { graph } = this.canvas;
    const { own, total } = functionTotals(graph, this.profile.functions);
    const rows = [];
    for (let number = 1; number < total.length; number++) {
      const isWanted = !this.search.isActive || this.search.isMatch[number];
      if (total[number] > 0 && isWanted) {
        rows.push({ name: this.profile.names[number], number, own: own[number], total: total[number] });
      }
    }
    this.table.show(rows, (ticks) => this.shareText(ticks, graph.total[0]));
  }

  shareText(ticks, whole) {
    return `${this.countText(ticks)}  ${percentText(ticks, whole)}`;
  }

  countText(ticks) {
    const { counts } = this.profile;
    return this.inUnits ? counts.human(ticks) : counts.text(ticks);
  }

  toggleView(view) {
    this.show({ view: this.view.view === view ? 'plain' : view });
  }

  sandwich() {
    const name = this.canvas.graph.tree.name[this.selected()];
    if (this.view.view === 'sandwich') {
      this.show({ view: 'plain' });
    } else if (name > 0) {
      this.show({ view: 'sandwich', name });
    } else {
      this.bar.show('Zoom into a frame, or point at one and press s', null);
    }
  }

  flip() {
    this.picture.isFlipped = !this.picture.isFlipped;
    this.show({});
  }

  nextSide() {
    const sides = ['after', 'before', 'larger'];
    this.show({ side: sides[(sides.indexOf(this.view.side) + 1) % 3] });
  }

  toggleSafe() {
    this.colors.isSafe = !this.colors.isSafe;
    press(this.tools.buttons.safe, this.colors.isSafe);
    this.canvas.forgetLooks();
  }

  toggleUnits() {
    const { counts } = this.profile;
    this.inUnits = !this.inUnits;
    counts.isScaled = counts.hasUnit && this.inUnits;
    this.pressUnits();
    if (this.table.isOpen) {
      this.showTable();
    }
    this.point(this.pointed);
  }

  pressUnits() {
    if (this.profile.counts.hasUnits) {
      press(this.tools.buttons.units, this.inUnits);
    }
  }

  toggleTheme() {
    this.theme = this.colors.isDark ? 'light' : 'dark';
    this.applyTheme();
  }

  // Prints in light colors, and completely.
  setPrinting(isPrinting) {
    this.isPrinting = isPrinting;
    this.applyTheme();
    if (isPrinting) {
      this.canvas.later.finish();
    }
  }

  applyTheme() {
    const isWanted = this.theme ? this.theme === 'dark' : this.darkness.matches;
    const isDark = isWanted && !this.isPrinting;
    this.colors.isDark = isDark;
    this.root.classList.toggle('dark', isDark);
    press(this.tools.buttons.dark, isDark);
    if (this.canvas.graph) {
      this.canvas.repaint();
    }
  }

  // ---- Frames ----

  // The frame that keys apply to: the focused one, or the one under the pointer, or the zoomed one.
  selected() {
    const focused = this.canvas.under(document.activeElement);
    return focused >= 0 ? focused : this.pointed >= 0 ? this.pointed : this.canvas.zoomed;
  }

  point(node) {
    this.pointed = node;
    const rect = node < 0 ? null : this.canvas.drawn(node)?.querySelector('rect');
    this.bar.show(node < 0 ? '' : this.details(node), rect);
  }

  // Points at a narrow frame without an element, or at nothing.
  pointNear(event) {
    const { canvas } = this;
    const node = canvas.at(event);
    if (node !== this.pointed) {
      canvas.hits.style.cursor = node < 0 ? '' : 'pointer';
      this.point(node);
    }
  }

  // The details of a frame: its title, its self count, and its share of the zoomed frame.
  details(node) {
    const { graph, zoomed } = this.canvas;
    const { isDifferential, counts } = this.profile;
    const parts = [`${options.nameType} ${this.canvas.title(node)}`];
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
      parts.push(`before ${this.countText(graph.before[node])}`, `after ${this.countText(graph.after[node])}`);
    }
    return parts.join(', ');
  }

  // A link is followed; with Ctrl or Cmd, its frame is zoomed.
  onClick(event) {
    const node = this.canvas.at(event);
    const isLink = node >= 0 && this.canvas.drawn(node)?.localName === 'a';
    if (node < 0 || (isLink && !event.ctrlKey && !event.metaKey)) {
      return;
    }
    event.preventDefault();
    this.zoom(node);
  }

  // Zooms, and stores it in the URL. The root resets the zoom.
  zoom(node) {
    if (node === this.canvas.zoomed || !(this.canvas.graph.total[node] > 0)) {
      return;
    }
    this.zoomTo(node);
    this.remember(true);
  }

  zoomTo(node) {
    const { canvas, tools } = this;
    this.stepsFrom = null;
    canvas.zoomed = node;
    if (this.view.view === 'table') {
      this.showTable();
    } else {
      const bottom = this.fromBottom();
      canvas.draw(node);
      this.keepBottom(bottom);
    }
    setShown(tools.buttons.unzoom, node !== 0);
    const path = [node, ...canvas.graph.ancestors(node)].reverse();
    tools.showPath(node === 0 ? [] : path.map((at) => ({ node: at, name: canvas.name(at) })));
    this.showMatched();
    this.bar.layout();
  }

  // A flame graph grows at the top: its root keeps its position in the window.
  fromBottom() {
    return this.picture.isDownward || !this.picture.isDocument ? null : this.picture.height - window.scrollY;
  }

  keepBottom(distance) {
    const isScrolled = window.scrollY > 0;
    if (distance !== null && isScrolled && this.picture.height - window.scrollY !== distance) {
      window.scrollTo({ top: this.picture.height - distance, behavior: 'instant' });
    }
  }

  copy(node, isWhole) {
    const path = isWhole ? [node, ...this.canvas.graph.ancestors(node)].reverse() : [node];
    const names = path.map((at) => this.canvas.name(at));
    const text = (isWhole && names.length > 1 ? names.slice(1) : names).join(';');
    copyText(text);
    this.bar.show(`Copied: ${text}`, null);
  }

  // Hides a function, whose callees become its callers'; or a frame with its descendants.
  hide(node, isSubtree) {
    const { graph } = this.canvas;
    if (graph.tree.name[node] <= 0) {
      return;
    }
    if (isSubtree && this.profile.isChart) {
      // A path may lead to several frames, but then the nodes are the same in any view.
      this.edits.push({ functions: new Set(), path: null, node });
    } else if (isSubtree && this.view.view === 'plain') {
      this.edits.push({ functions: new Set(), path: graph.pathTo(node), node: -1 });
    } else {
      const { functions } = this.profile;
      const alike = functions.map((first, name) => (first === functions[graph.tree.name[node]] ? name : -1));
      this.edits.push({ functions: new Set(alike.filter((name) => name > 0)), path: null, node: -1 });
    }
    this.show({});
  }

  undo() {
    this.edits.pop();
    this.show({});
  }

  save() {
    this.canvas.later.finish();
    download(pictureOf(this.root), 'image/svg+xml', 'flamegraph.svg');
  }

  export() {
    const { graph, zoomed } = this.canvas;
    download(foldedText(graph, this.profile, this.search, zoomed), 'text/plain', 'stacks.folded');
  }

  // ---- Search ----

  // Searches without changing the URL.
  searchFor(term) {
    this.query.term = term;
    this.search.run(this.query);
    this.canvas.setCurrent(-1);
    if (this.table.isOpen) {
      this.showTable();
    } else {
      this.canvas.repaint();
    }
    this.tools.showSearch(this.query);
    this.showMatched();
  }

  finishSearch(term) {
    this.searchFor(term ?? this.committed);
    this.committed = this.search.error === '' ? this.query.term : '';
    this.remember(false);
  }

  changeQuery(changes) {
    Object.assign(this.query, changes);
    this.finishSearch(this.tools.isTyping ? this.tools.input.value : this.query.term);
  }

  showMatched() {
    this.bar.showMatched(this.matchedText());
  }

  matchedText() {
    const { error, note, isActive } = this.search;
    if (!isActive) {
      return error;
    }
    const { graph, zoomed, current } = this.canvas;
    const { found, samples } = this.search.in(graph, zoomed);
    if (found.length === 0 && this.search.find(graph, 0).found.length === 0) {
      return 'No match' + note;
    }
    const share = (100 * samples) / graph.total[zoomed];
    const at = found.indexOf(current);
    const count = at < 0 ? found.length : `${at + 1} of ${found.length}`;
    return `Matched: ${share === 100 ? '100' : share.toFixed(1)}%, ${count} frames${note}`;
  }

  // Goes to the next or previous match. A match that is too narrow to see is zoomed into; the next one is
  // searched from the original zoom.
  step(by) {
    const { canvas } = this;
    const top = this.stepsFrom ?? canvas.zoomed;
    const { found } = this.search.in(canvas.graph, top);
    if (found.length === 0 || this.table.isOpen) {
      return;
    }
    const at = found.indexOf(canvas.current);
    const node = found[(at + (at < 0 && by < 0 ? 0 : by) + found.length) % found.length];
    if (!canvas.isShown(node)) {
      this.zoom(canvas.isWide(node, top) ? top : node);
      this.stepsFrom = top;
    }
    canvas.setCurrent(node);
    canvas.drawn(node)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.point(node);
    this.showMatched();
  }

  // ---- The URL ----

  remember(isNew) {
    if (!this.picture.isDocument) {
      return;
    }
    const { view, picture, query } = this;
    const { zoomed, graph } = this.canvas;
    const { unit } = this.profile.counts;
    const only = (condition, value) => (condition ? String(value) : null);
    writeQuery({
      x: only(zoomed !== 0, graph.start[zoomed] * unit),
      y: only(zoomed !== 0, picture.fileY(graph.row[zoomed])),
      s: only(this.committed, this.committed),
      ic: only(this.committed && query.ignoreCase, 1),
      plain: only(this.committed && query.isPlain, 1),
      view: only(view.view !== 'plain', view.view),
      of: only(view.view === 'sandwich', this.profile.names[view.name]),
      order: only(view.order !== 'name', view.order),
      side: only(view.side !== this.profile.settings.width, view.side),
      flip: only(picture.isFlipped !== options.inverted, 1),
    }, isNew);
  }

  // Restores the state in the URL. Invalid parts are ignored.
  restore() {
    const query = this.picture.isDocument ? readQuery() : new Map();
    const value = (key) => decode(query.get(key));
    if (this.restoreView(value)) {
      this.build();
      // Programs that read the image find all frames in order, whatever the URL.
      this.zoomTo(0);
      if (value('x')) {
        this.canvas.drawAll();
      }
    }
    const x = parseFloat(value('x')) / this.profile.counts.unit;
    const row = this.picture.fileRow(parseFloat(value('y')));
    const node = this.canvas.graph.find(x, row);
    this.query = { term: '', isPlain: value('plain') === '1', ignoreCase: value('ic') === '1' };
    this.zoomTo(node > 0 && this.canvas.graph.total[node] > 0 ? node : 0);
    this.searchFor(value('s'));
    this.committed = this.query.term;
  }

  // Returns whether the view changed.
  restoreView(value) {
    const { profile, picture } = this;
    const name = profile.names.indexOf(value('of'));
    const oneOf = (key, choices, usual) => (choices.includes(value(key)) ? value(key) : usual);
    const views = name > 0 ? ['callers', 'table', 'sandwich'] : ['callers', 'table'];
    const before = JSON.stringify([this.view, picture.isFlipped]);
    this.view = {
      view: oneOf('view', profile.isChart ? ['table'] : views, 'plain'),
      name,
      order: oneOf('order', profile.isChart ? [] : ['width'], 'name'),
      side: oneOf('side', ['after', 'before', 'larger'], profile.settings.width),
    };
    picture.isFlipped = options.inverted !== (value('flip') === '1');
    return !this.canvas.graph || before !== JSON.stringify([this.view, picture.isFlipped]);
  }

  // ---- Keys ----

  // Keys for the whole graph. In a host page, only while the graph is in use.
  onKey(event) {
    if (!this.picture.isDocument && !this.root.matches(':hover, :focus-within')) {
      return;
    }
    const key = event.key.toLowerCase();
    const command = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const isTyping = event.target.matches?.('input, textarea, select, [contenteditable]');
    if (command && key === 'i' && (!isTyping || event.target === this.tools.input)) {
      event.preventDefault();
      this.changeQuery({ ignoreCase: !this.query.ignoreCase });
    } else if (isTyping) {
      // A second Ctrl-F is passed to the browser.
      return;
    } else if (key === 'f3' || (command ? key === 'f' : key === '/')) {
      event.preventDefault();
      this.tools.openSearch();
    } else if (command && key === 'c' && String(getSelection()) === '') {
      this.copy(this.selected(), false);
    } else if (!command && !event.altKey && !event.ctrlKey) {
      this.onPlainKey(event.key);
    }
  }

  onPlainKey(key) {
    const actions = this.actions();
    const node = this.selected();
    const keys = {
      Escape: () => this.escape(),
      Backspace: () => this.zoom(Math.max(this.canvas.graph.tree.parent[this.canvas.zoomed], 0)),
      n: actions.next,
      N: actions.previous,
      i: actions.flip,
      t: actions.table,
      d: actions.dark,
      u: actions.undo,
      '?': actions.help,
      b: () => this.profile.counts.hasUnits && actions.units(),
      w: () => this.profile.isDifferential && actions.side(),
      r: () => !this.profile.isChart && actions.callers(),
      s: () => !this.profile.isChart && actions.sandwich(),
      o: () => !this.profile.isChart && actions.order(),
      c: () => this.copy(node, false),
      C: () => this.copy(node, true),
      h: () => this.hide(node, false),
      H: () => this.hide(node, true),
    };
    if (Object.hasOwn(keys, key)) {
      keys[key]();
    }
  }

  escape() {
    if (this.help.isOpen) {
      this.help.toggle(false, 0);
    } else if (this.canvas.zoomed !== 0) {
      this.zoom(0);
    } else if (this.view.view !== 'plain') {
      this.show({ view: 'plain' });
    }
  }

  // Keys on the focused frame.
  onFrameKey(event) {
    const node = this.canvas.under(event.target);
    if (node >= 0 && event.key === 'Enter') {
      this.onClick(event);
      return;
    }
    const next = node < 0 ? -1 : this.neighbor(node, event.key);
    if (next >= 0 && this.canvas.drawn(next)) {
      event.preventDefault();
      this.canvas.setFocusable(next);
      this.canvas.element(next).focus();
    }
  }

  neighbor(node, key) {
    const { graph } = this.canvas;
    const isUp = key === 'ArrowUp';
    switch (key) {
      case 'ArrowLeft':
        return graph.neighbor(node, -1);
      case 'ArrowRight':
        return graph.neighbor(node, 1);
      case 'ArrowUp':
      case 'ArrowDown': {
        // Towards larger rows, or towards the negative rows of callers.
        const step = isUp === this.picture.isDownward ? -1 : 1;
        const isInward = node !== 0 && graph.row[node] < 0 !== step < 0;
        return isInward ? graph.tree.parent[node] : graph.widestChild(node, step < 0);
      }
      default:
        return -1;
    }
  }
}

// The node that a path of names leads to, or -1.
function nodeAt(tree, path) {
  let [node, depth] = [0, 0];
  for (let at = 1; at < tree.size && depth < path.length; at++) {
    if (tree.parent[at] === node && tree.name[at] === path[depth]) {
      node = at;
      depth++;
    }
  }
  return depth === path.length ? node : -1;
}

// ---- Start ----

const root = document.currentScript?.closest('svg') ?? document.documentElement;
let viewer = null;

// Starts once, when the image is complete. An image with an error has no frames.
function start() {
  if (viewer === null && root.querySelector('#profile') && root.querySelector('#frames rect')) {
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
  // Laying out a growing image repeatedly would take most of the loading time.
  root.classList.toggle('loading', root === document.documentElement);
  document.addEventListener('DOMContentLoaded', start);
}
