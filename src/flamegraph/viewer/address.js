// @ts-check
// The state of the viewer in the URL.

/** @param {Viewer} viewer @param {boolean} isNew */
function remember(viewer, isNew) {
  if (!viewer.picture.isDocument) {
    return;
  }
  const { view, picture, query, filter } = viewer;
  const { modules } = viewer.profile;
  const [x, y] = positionOf(viewer);
  /** @param {unknown} condition @param {unknown} value */
  const only = (condition, value) => (condition ? String(value) : null);
  const { range } = viewer.canvas.zoom;
  const { unit } = viewer.profile.counts;
  writeQuery({
    x,
    y,
    range: range && [range.first, range.span].map((ticks) => Number((ticks * unit).toPrecision(9))).join(' '),
    s: only(viewer.committed, viewer.committed),
    ic: only(viewer.committed && query.ignoreCase, 1),
    plain: only(viewer.committed && query.isPlain, 1),
    view: only(view.view !== 'plain', view.view),
    of: only(view.view === 'sandwich', viewer.profile.names[view.name]),
    order: only(view.order !== 'name', view.order),
    side: only(view.side !== viewer.profile.settings.width, view.side),
    flip: only(picture.isFlipped !== options.inverted, 1),
    module: modules?.selectedName ?? null,
    norec: only(view.recursion, 1),
    edit: only(viewer.edits.length > 0, viewer.edits.map((edit) => editText(viewer, edit)).join('\n')),
    merged: only(view.part === MERGED, 1),
    part: only(view.part > 0, viewer.profile.names[view.part]),
    time: only(view.time, view.time && rangeText(viewer.profile.times, view.time)),
    ordered: only(view.isChart, 1),
    heat: only(viewer.heat && !viewer.heat.isOpen, 0),
    only: only(filter.term, filter.term),
    onlyic: only(filter.term && filter.ignoreCase, 1),
  }, isNew);
}

// The position of the zoomed frame: of the unedited graph, or in a view with other stacks, of that.
/** @param {Viewer} viewer */
function positionOf(viewer) {
  const { zoomed, graph } = viewer.canvas;
  if (zoomed === 0) {
    return [null, null];
  }
  return hasFramesOfProfile(viewer)
    ? position(viewer, uneditedGraph(viewer), originalOf(graph.tree, zoomed))
    : position(viewer, graph, zoomed);
}

/** @param {Viewer} viewer @param {Graph} graph @param {number} node */
function position({ picture, profile }, graph, node) {
  return [graph.start[node] * profile.counts.unit, picture.fileY(graph.row[node])].map(String);
}

// The frame at a position in the file, or -1.
/** @param {Viewer} viewer @param {Graph} graph @param {string} x @param {string} y */
function frameAt({ picture, profile }, graph, x, y) {
  return graph.find(parseFloat(x) / profile.counts.unit, picture.fileRow(parseFloat(y)));
}

// A line for an edit: its kind and what it applies to.
/** @param {Viewer} viewer @param {Edit} edit */
function editText(viewer, { kind, name, module, node }) {
  const { names, modules } = viewer.profile;
  switch (kind) {
    case 'hide':
      return `hide ${names[name]}`;
    case 'module':
      return `module ${modules.names[module]}`;
    default:
      return `prune ${position(viewer, uneditedGraph(viewer), node).join(' ')}`;
  }
}

// The edit of a line, or null if it makes no sense.
/** @param {Viewer} viewer @param {string} line */
function editOf(viewer, line) {
  const { names, modules } = viewer.profile;
  const [, kind, of] = /^(\w+) (.*)$/s.exec(line) ?? [];
  const name = names.indexOf(of);
  const module = modules?.names.indexOf(of) ?? -1;
  const node = kind === 'prune' ? frameAt(viewer, uneditedGraph(viewer), of.split(' ')[0], of.split(' ')[1]) : -1;
  /** @type {Record<string, Edit | false>} */
  const edits = {
    hide: name > 0 && { kind, name },
    module: module >= 0 && { kind, module },
    prune: node > 0 && { kind, node },
  };
  return (Object.hasOwn(edits, kind ?? '') && edits[kind]) || null;
}

// Restores the state of an entry in the browser's history. A search that is not part of it stays.
/** @param {Viewer} viewer */
function goBack(viewer) {
  const { query, committed } = viewer;
  restore(viewer);
  if (committed && !viewer.committed) {
    viewer.query = { ...query, term: committed };
    finishSearch(viewer, committed);
  }
}

// Restores the state in the URL. Invalid parts are ignored.
/** @param {Viewer} viewer */
function restore(viewer) {
  const query = viewer.picture.isDocument ? readQuery() : new Map();
  /** @param {string} key */
  const value = (key) => decode(query.get(key));
  const isNew = restoreView(viewer, value);
  if (isNew) {
    viewer.build();
  }
  // Programs that read the image find all frames in order, whatever the URL.
  if (isNew && value('x')) {
    viewer.zoomTo(0);
    viewer.canvas.drawAll();
  }
  const node = zoomedIn(viewer, value('x'), value('y'));
  viewer.query = { term: '', isPlain: value('plain') === '1', ignoreCase: value('ic') === '1' };
  viewer.zoomTo(node > 0 && viewer.canvas.graph.total[node] > 0 ? node : 0);
  const [first, span] = value('range').split(' ').map((part) => parseFloat(part) / viewer.profile.counts.unit);
  if (first >= 0 && span > 0) {
    showRange(viewer, within(viewer.canvas.graph, first, span));
  }
  searchFor(viewer, value('s'));
  viewer.committed = viewer.query.term;
}

/** @param {Viewer} viewer @param {string} x @param {string} y */
function zoomedIn(viewer, x, y) {
  const { graph } = viewer.canvas;
  return hasFramesOfProfile(viewer)
    ? drawnAs(graph, frameAt(viewer, uneditedGraph(viewer), x, y), viewer.profile)
    : frameAt(viewer, graph, x, y);
}

// Returns whether the view changed.
/** @param {Viewer} viewer @param {(key: string) => string} value */
function restoreView(viewer, value) {
  const { profile, picture } = viewer;
  const name = profile.names.indexOf(value('of'));
  /** @param {string} key @param {string[]} choices @param {string} usual */
  const oneOf = (key, choices, usual) => (choices.includes(value(key)) ? value(key) : usual);
  const canMerge = profile.isChart || profile.parts.length > 0;
  const part = value('merged') === '1' && canMerge ? MERGED : partNamed(profile, value('part'));
  const isChart = profile.times !== null && value('ordered') === '1';
  const isOrdered = isInTime(profile, { ...viewer.view, part, isChart });
  const views = ['table', 'both', ...(isOrdered ? [] : name > 0 ? ['callers', 'sandwich'] : ['callers'])];
  const { modules } = profile;
  const state = () =>
    JSON.stringify([viewer.view, picture.isFlipped, viewer.filter, viewer.edits, modules?.selected, viewer.heat?.isOpen]);
  const before = state();
  if (modules) {
    modules.selected = modules.names.indexOf(value('module'));
  }
  viewer.filter = {
    term: isOrdered && !isChart ? '' : value('only') ?? '',
    isPlain: false,
    ignoreCase: value('onlyic') === '1',
  };
  viewer.view = {
    view: oneOf('view', views, 'plain'),
    name,
    order: oneOf('order', isOrdered ? [] : ['width'], 'name'),
    side: oneOf('side', ['after', 'before', 'larger'], profile.settings.width),
    recursion: value('norec') === '1',
    part,
    time: null,
    isChart,
  };
  restoreTime(viewer, value);
  viewer.edits = value('edit').split('\n').map((line) => editOf(viewer, line)).filter(Boolean);
  picture.isFlipped = options.inverted !== (value('flip') === '1');
  return !viewer.canvas.graph || before !== state();
}

// The range of time, unless it has no samples.
/** @param {Viewer} viewer @param {(key: string) => string} value */
function restoreTime(viewer, value) {
  const { profile, heat, view } = viewer;
  if (heat) {
    const range = rangeOf(profile.times, value('time'));
    view.time = range && countIn(viewer, range) > 0 ? range : null;
    heat.isOpen = value('heat') !== '0';
  }
}
