// The graph of the view, and what is left out of it.

// The tree of the view, and whether its nodes are the profile's.
function graphOf(viewer) {
  const { profile, view } = viewer;
  let tree = filtered(viewer, profile.tree);
  for (const { functions, path, node } of viewer.edits) {
    const subtree = path ? nodeAt(tree, path) : node;
    tree = (profile.isChart ? withoutInTime : without)(tree, functions, subtree);
  }
  if (view.view === 'callers') {
    tree = callersFirst(tree);
  }
  const graph = ordered(viewer, new Graph(tree, view.side));
  return view.view === 'sandwich' ? sandwichOf(viewer, graph) : graph;
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
  return view.recursion ? withoutRecursion(wanted, profile.functions) : wanted;
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
  const { order, side, recursion } = viewer.view;
  const isUnsorted = order === 'name' && side === viewer.profile.settings.width;
  const isEdited = viewer.edits.length > 0 || recursion || viewer.filter.term !== '';
  return hasFramesOfProfile(viewer) && isUnsorted && !isEdited;
}

// Tables list the frames of the plain view.
function hasFramesOfProfile(viewer) {
  return ['plain', 'table', 'both'].includes(viewer.view.view);
}

// The frame that corresponds to `node` in the previous graph, or its nearest remaining caller.
function sameFrame(viewer, before, node) {
  const { graph } = viewer.canvas;
  if (viewer.profile.isChart) {
    return graph.size === before.size ? node : 0;
  }
  const isHidden = (name) => viewer.edits.some(({ functions }) => functions.has(name));
  const path = before.pathTo(node).filter((name) => !isHidden(name));
  for (; path.length > 0; path.pop()) {
    const same = nodeAt(graph.tree, path);
    if (graph.total[same] > 0) {
      return same;
    }
  }
  return 0;
}

// Hides a function, whose callees become its callers'; or a frame with its descendants.
function hideFrame(viewer, node, isSubtree) {
  const { graph } = viewer.canvas;
  if (graph.tree.name[node] <= 0) {
    return;
  }
  if (isSubtree && viewer.profile.isChart) {
    // A path may lead to several frames, but then the nodes are the same in any view.
    viewer.edits.push({ functions: new Set(), path: null, node });
  } else if (isSubtree && hasFramesOfProfile(viewer)) {
    viewer.edits.push({ functions: new Set(), path: graph.pathTo(node), node: -1 });
  } else {
    const { functions } = viewer.profile;
    const alike = functions.map((first, name) => (first === functions[graph.tree.name[node]] ? name : -1));
    viewer.edits.push({ functions: new Set(alike.filter((name) => name > 0)), path: null, node: -1 });
  }
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
