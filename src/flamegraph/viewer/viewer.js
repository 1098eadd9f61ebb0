// @ts-check
// The viewer: what it shows, and how that changes.

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
    // The graph that links refer to, and its side.
    this.unedited = { side: settings.width, graph: new Graph(this.profile.tree, settings.width) };
    this.canvas = new Canvas(this.picture, this.font, this.profile, this.colors, this.search, this.unedited.graph);
    this.axis = this.profile.isModern ? new Axis(this.picture, this.profile.counts) : null;
    this.bar = new Bar(this.picture, this.font);
    // Tools that float are above it.
    this.heat = this.profile.times && new HeatMap(this.picture, this.profile, heatActions(this));
    this.tools = new Tools(this.picture, actionsOf(this), this.profile);
    this.table = new Table(this.picture, { open: (name) => openFunction(this, name) });
    this.menu = new Menu(this.picture);
    const { modules } = this.profile;
    this.legend = modules && new ModuleLegend(this.tools.modules, modules, (module) => selectModule(this, module));
    this.help = new Help(root, () => this.help.toggle(false, 0));
    // The displayed view, except for the zoom.
    /** @type {View} */
    this.view = {
      view: 'plain', name: -1, order: 'name', side: settings.width, recursion: false, part: SIDE_BY_SIDE, time: null, isChart: false,
    };
    /** @type {Edit[]} */
    this.edits = [];
    // The search whose matching stacks are kept; an empty one keeps all.
    this.filter = { term: '', isPlain: false, ignoreCase: false };
    this.query = { term: '', isPlain: false, ignoreCase: false };
    this.pointed = -1;
    // The search in the URL.
    this.committed = '';
    // Where the window was before saving or printing.
    this.scrolledTo = 0;
    // The zoom at which stepping through matches started; null for the current one.
    this.stepsFrom = null;
    this.inUnits = this.profile.counts.hasUnit;
    // `dark` or `light` if it is not the system's.
    this.theme = this.picture.isDocument ? keptTheme() : null;
    this.isPrinting = false;
    this.darkness = matchMedia('(prefers-color-scheme: dark)');
    describe(this);
    this.picture.fill();
    applyTheme(this);
    this.tools.layout();
    scrollToEnd(this);
    restore(this);
    // After loading, the graph is complete.
    this.canvas.later.finishDistant();
    this.pan = new Pan(this);
    listen(this);
  }

  onScroll() {
    this.bar.place();
    const distance = this.tools.float();
    this.heat?.float(distance, this.tools.height());
    this.table.float(this.hasGraph ? distance : 0);
    showMore(this);
  }

  resize() {
    if (this.isPrinting) {
      return;
    }
    if (this.picture.fill()) {
      this.tools.layout();
      this.heat?.layout();
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
      showTable(this);
    }
    this.bar.layout();
  }

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
    const { graph, zoom } = this.canvas;
    const hadFrames = hasFramesOfProfile(this);
    Object.assign(this.view, changes);
    this.build();
    const isSameTree = !('view' in changes) || (hadFrames && hasFramesOfProfile(this));
    // The root may be at another side, but what is edited or sorted has other ranges.
    const isFlipped = Object.keys(changes).length === 0 && this.canvas.graph.size === graph.size;
    this.zoomTo(isSameTree ? sameFrame(this, graph, zoom.node) : 0, isFlipped ? zoom.range : null);
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
    this.bar.show(NO_DETAILS, null);
    canvas.setGraph(graphOf(this), isOriginal(this));
    canvas.note.textContent = emptyText(this);
    this.heat?.show(wantedNodes(this), this.view);
    picture.isSandwich = view === 'sandwich';
    const stacks = picture.isFlipped ? 'icicle' : 'flame';
    tools.showView(view === 'plain' ? stacks : view);
    tools.showPart(partText(this), isInTime(this.profile, this.view));
    setShown(tools.buttons.undo, this.edits.length > 0);
    setShown(picture.frames, this.hasGraph);
    picture.split(view === 'both');
    this.table.hide();
  }

  // Zooms, and stores it in the URL. The root resets the zoom.
  /** @param {number} node */
  zoom(node) {
    const { zoom, graph } = this.canvas;
    const isShown = node === zoom.node && zoom.range === null;
    if (isShown || !(graph.total[node] > 0)) {
      return;
    }
    this.zoomTo(node);
    remember(this, true);
  }

  /** @param {number} node @param {Extent} [range] */
  zoomTo(node, range = null) {
    const { canvas, tools } = this;
    this.stepsFrom = null;
    canvas.setZoom(node, range);
    if (this.hasTable) {
      showTable(this);
    }
    if (this.hasGraph) {
      const { height } = this.picture;
      const bottom = fromBottom(this);
      canvas.draw();
      // It reads the layout, which takes long after drawing.
      if (this.picture.height !== height) {
        keepBottom(this, bottom);
      }
    }
    this.drawAxis();
    setShown(tools.buttons.unzoom, !canvas.zoom.isWhole);
    const path = [node, ...canvas.graph.ancestors(node)].reverse();
    tools.showPath(node === 0 ? [] : path.map((at) => ({ node: at, name: canvas.titles.name(at) })));
    showCaption(this);
    showMatched(this);
    this.bar.layout();
    this.onScroll();
    showModules(this);
  }

  drawAxis() {
    const { axis, canvas, profile, view } = this;
    if (axis) {
      setShown(axis.group, this.hasGraph);
    }
    if (axis && this.hasGraph) {
      axis.draw(canvas.graph, canvas.extent, isInTime(profile, view) ? 0 : canvas.zoomed);
    }
  }
}
