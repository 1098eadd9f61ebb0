// @ts-check
// The graph of the view, and what is left out of it.

// The graph of the view.
/** @param {Viewer} viewer */
function graphOf(viewer) {
  const { profile, view } = viewer;
  const recorded = treeInTime(profile, view, view.isChart ? wantedNodes(viewer) : null);
  let tree = filtered(viewer, ofParts(recorded, profile, view.part));
  for (const edit of viewer.edits) {
    tree = edited(profile, tree, edit);
  }
  if (view.view === 'callers') {
    tree = callersFirst(tree);
  }
  const graph = ordered(viewer, tree === profile.tree ? uneditedGraph(viewer) : new Graph(tree, view.side));
  return view.view === 'sandwich' ? sandwichOf(viewer, graph) : graph;
}

// The graph that links refer to.
/** @param {Viewer} viewer */
function uneditedGraph(viewer) {
  const { side } = viewer.view;
  if (viewer.unedited.side !== side) {
    viewer.unedited = { side, graph: new Graph(viewer.profile.tree, side) };
  }
  return viewer.unedited.graph;
}

// The tree without the stacks and the recursion that are not wanted.
/** @param {Viewer} viewer @param {Tree} tree */
function filtered(viewer, tree) {
  const { view, profile } = viewer;
  const isMatch = view.isChart ? null : matchesOf(viewer);
  const wanted = isMatch ? withFrames(tree, isMatch) : tree;
  return view.recursion ? edited(profile, wanted, { kind: 'recursion' }) : wanted;
}

// For each name, whether it passes the filter; null if there is none.
/** @param {Viewer} viewer */
function matchesOf({ filter, profile }) {
  if (!filter.term) {
    return null;
  }
  const search = new Search(profile.names);
  search.run(filter);
  return search.isActive ? search.isMatch : null;
}

// The tree after an edit. A `node` is one of the profile's tree.
/** @param {Profile} profile @param {Tree} tree @param {Edit} edit */
function edited(profile, tree, { kind, name, module, node }) {
  const { functions, modules } = profile;
  /** @param {number} at */
  const isOfModule = (at) => at > 0 && modules.index[at] === module;
  const isHidden = {
    /** @param {number} at @param {number} caller */
    recursion: (at, caller) => caller > 0 && functions[at] === functions[caller],
    /** @param {number} at */
    hide: (at) => at > 0 && functions[at] === functions[name],
    /** @param {number} at @param {number} caller */
    module: (at, caller) => isOfModule(at) && isOfModule(caller),
    prune: () => false,
  }[kind];
  const subtree = kind === 'prune' ? (tree.place ? tree.place[node] : node) : -1;
  return (tree.start ? withoutInTime : without)(tree, isHidden, subtree > 0 ? subtree : -1);
}

/** @param {Viewer} viewer @param {Graph} graph */
function ordered(viewer, graph) {
  const { profile, view } = viewer;
  const { order, part, side } = view;
  const isSorted = order === 'name' && (!profile.isChart || part !== MERGED);
  return isSorted || isInTime(profile, view) ? graph : sorted(graph, order, profile.names, side);
}

/** @param {Viewer} viewer */
function isOriginal(viewer) {
  const { order, part, side, recursion, time } = viewer.view;
  const isUnsorted = order === 'name' && side === viewer.profile.settings.width;
  const isEdited = part !== SIDE_BY_SIDE || viewer.edits.length > 0 || recursion || viewer.filter.term !== '' || time !== null;
  return hasFramesOfProfile(viewer) && isUnsorted && !isEdited;
}

// Tables list the frames of the plain view. In time order, a frame of the profile is drawn many times.
/** @param {Viewer} viewer */
function hasFramesOfProfile(viewer) {
  return ['plain', 'table', 'both'].includes(viewer.view.view) && !viewer.view.isChart;
}

// The frame that corresponds to `node` in the previous graph, or its nearest remaining caller.
/** @param {Viewer} viewer @param {Graph} before @param {number} node */
function sameFrame(viewer, before, node) {
  const { graph } = viewer.canvas;
  return hasFramesOfProfile(viewer)
    ? drawnAs(graph, originalOf(before.tree, node), viewer.profile)
    : nodeAt(graph, before.pathTo(node));
}

// The frame of the profile's tree that is drawn as `node`, the first one of several.
/** @param {Tree} tree @param {number} node */
function originalOf(tree, node) {
  return tree.place ? tree.place.indexOf(node) : node;
}

// The frame that draws a frame of the profile's tree, or its nearest remaining caller.
/** @param {Graph} graph @param {number} original @param {Profile} profile */
function drawnAs({ tree, total }, original, profile) {
  for (let at = original; at > 0; at = profile.tree.parent[at]) {
    const node = tree.place ? tree.place[at] : at;
    if (node > 0 && total[node] > 0) {
      return node;
    }
  }
  return 0;
}

// Hides a function, whose callees become its callers'; or a frame with its descendants.
/** @param {Viewer} viewer @param {number} node @param {boolean} isSubtree */
function hideFrame(viewer, node, isSubtree) {
  const { tree } = viewer.canvas.graph;
  const name = tree.name[node];
  if (name > 0 && isSubtree && hasFramesOfProfile(viewer)) {
    edit(viewer, { kind: 'prune', node: originalOf(tree, node) });
  } else if (name > 0) {
    edit(viewer, { kind: 'hide', name });
  }
}

// Draws chains of calls within the module of a frame as their first frame.
/** @param {Viewer} viewer @param {number} node */
function collapseModule(viewer, node) {
  const name = viewer.canvas.graph.tree.name[node];
  edit(viewer, { kind: 'module', module: viewer.profile.modules.index[name] });
}

/** @param {Viewer} viewer @param {Edit} change */
function edit(viewer, change) {
  viewer.edits.push(change);
  viewer.show({});
}

/** @param {Viewer} viewer */
function undo(viewer) {
  viewer.edits.pop();
  viewer.show({});
}

// Keeps only the stacks that match the search, or all again.
/** @param {Viewer} viewer */
function toggleFilter(viewer) {
  const { term, isPlain, ignoreCase } = viewer.query;
  const pattern = isPlain ? term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : term;
  viewer.filter = viewer.filter.term ? { ...viewer.filter, term: '' } : { term: pattern, isPlain: false, ignoreCase };
  viewer.show({});
}
