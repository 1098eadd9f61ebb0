// The graph of the view, and what is left out of it.

// The graph of the view.
function graphOf(viewer) {
  const { profile, view } = viewer;
  let tree = filtered(viewer, ofParts(profile.tree, view.part));
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
function uneditedGraph(viewer) {
  const { side } = viewer.view;
  if (viewer.unedited?.side !== side) {
    viewer.unedited = { side, graph: new Graph(viewer.profile.tree, side) };
  }
  return viewer.unedited.graph;
}

// The tree without the stacks and the recursion that are not wanted.
function filtered(viewer, tree) {
  const { view, filter, profile } = viewer;
  let wanted = tree;
  if (filter.term) {
    const search = new Search(profile.names);
    search.run(filter);
    wanted = search.isActive ? withFrames(wanted, search.isMatch) : wanted;
  }
  return view.recursion ? edited(profile, wanted, { kind: 'recursion' }) : wanted;
}

// The tree after an edit. A `node` is one of the profile's tree.
function edited(profile, tree, { kind, name, module, node }) {
  const { functions, modules, isChart } = profile;
  const isOfModule = (at) => at > 0 && modules.index[at] === module;
  const isHidden = {
    recursion: (at, caller) => caller > 0 && functions[at] === functions[caller],
    hide: (at) => at > 0 && functions[at] === functions[name],
    module: (at, caller) => isOfModule(at) && isOfModule(caller),
    prune: () => false,
  }[kind];
  const subtree = kind === 'prune' ? (tree.place ? tree.place[node] : node) : -1;
  return (isChart ? withoutInTime : without)(tree, isHidden, subtree > 0 ? subtree : -1);
}

function ordered(viewer, graph) {
  const { order, side } = viewer.view;
  return order === 'width' ? sorted(graph, order, viewer.profile.names, side) : graph;
}

function sandwichOf(viewer, graph) {
  const { functions } = viewer.profile;
  const { name, side } = viewer.view;
  const isFunction = (other) => other > 0 && functions[other] === functions[name];
  const { callees, callers } = aroundFunction(graph, isFunction);
  const around = ordered(viewer, new Graph(callees, side));
  around.addCallers(ordered(viewer, new Graph(callers, side)));
  around.tree.name[0] = name;
  around.whole = graph.total[0];
  return around;
}

function isOriginal(viewer) {
  const { order, part, side, recursion } = viewer.view;
  const isUnsorted = order === 'name' && side === viewer.profile.settings.width;
  const isEdited = part !== SIDE_BY_SIDE || viewer.edits.length > 0 || recursion || viewer.filter.term !== '';
  return hasFramesOfProfile(viewer) && isUnsorted && !isEdited;
}

// Tables list the frames of the plain view.
function hasFramesOfProfile(viewer) {
  return ['plain', 'table', 'both'].includes(viewer.view.view);
}

// The frame that corresponds to `node` in the previous graph, or its nearest remaining caller.
function sameFrame(viewer, before, node) {
  const { graph } = viewer.canvas;
  return hasFramesOfProfile(viewer)
    ? drawnAs(graph, originalOf(before.tree, node), viewer.profile)
    : nodeAt(graph, before.pathTo(node));
}

// The frame of the profile's tree that is drawn as `node`, the first one of several.
function originalOf(tree, node) {
  return tree.place ? tree.place.indexOf(node) : node;
}

// The frame that draws a frame of the profile's tree, or its nearest remaining caller.
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
function collapseModule(viewer, node) {
  const name = viewer.canvas.graph.tree.name[node];
  edit(viewer, { kind: 'module', module: viewer.profile.modules.index[name] });
}

function edit(viewer, change) {
  viewer.edits.push(change);
  viewer.show({});
}

function undo(viewer) {
  viewer.edits.pop();
  viewer.show({});
}

// Keeps only the stacks that match the search, or all again.
function toggleFilter(viewer) {
  const { term, isPlain, ignoreCase } = viewer.query;
  const pattern = isPlain ? term.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : term;
  viewer.filter = viewer.filter.term ? { ...viewer.filter, term: '' } : { term: pattern, isPlain: false, ignoreCase };
  viewer.show({});
}
