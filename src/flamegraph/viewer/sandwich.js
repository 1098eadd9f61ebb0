// @ts-check
// The view of all callers and all callees of a function.

/** @param {Viewer} viewer */
function toggleSandwich(viewer) {
  if (viewer.view.view === 'sandwich') {
    viewer.show({ view: 'plain' });
  } else {
    showSandwich(viewer, selected(viewer));
  }
}

// Shows it for a frame's function, or for the one with the largest self count.
/** @param {Viewer} viewer @param {number} node */
function showSandwich(viewer, node) {
  const { graph } = viewer.canvas;
  const name = graph.tree.name[node];
  viewer.show({ view: 'sandwich', name: name > 0 ? name : hottest(graph, viewer.profile.functions) });
}

// Says what is shown, unless that is zoomed.
/** @param {Viewer} viewer */
function showCaption(viewer) {
  const { graph, zoomed, titles } = viewer.canvas;
  if (viewer.view.view === 'sandwich' && zoomed === 0) {
    const share = percentText(graph.total[0], graph.whole);
    const count = viewer.profile.counts.numbered(graph.total[0]);
    viewer.tools.showCaption(titles.name(0), `: ${share} of all`, `, ${count}; callers above, callees below`);
  }
}

/** @param {Viewer} viewer @param {Graph} graph */
function sandwichOf(viewer, graph) {
  const { functions } = viewer.profile;
  const { name, side } = viewer.view;
  /** @param {number} other */
  const isFunction = (other) => other > 0 && functions[other] === functions[name];
  const { callees, callers } = aroundFunction(graph, isFunction);
  const around = ordered(viewer, new Graph(callees, side));
  around.addCallers(ordered(viewer, new Graph(callers, side)));
  around.tree.name[0] = name;
  around.whole = graph.total[0];
  return around;
}

// Adds `node` and its callers below `from`.
/** @param {Builder} builder @param {number} from @param {Tree} tree @param {number} node */
function climb(builder, from, tree, node) {
  for (let at = node; at > 0; at = tree.parent[at]) {
    from = builder.child(from, tree.name[at]);
  }
  return from;
}

// All callees and callers of a function. For a recursive function, the outermost frames count.
/** @param {Graph} graph @param {(name: number) => boolean} isFunction */
function aroundFunction(graph, isFunction) {
  const callees = new Builder();
  const callers = new Builder();
  const { tree } = graph;
  for (let node = 1; node < tree.size; node++) {
    if (!isFunction(tree.name[node])) {
      continue;
    }
    const place = new Map([[node, 0]]);
    callees.add(0, tree.own[node], tree.ownBefore[node]);
    for (let below = node + 1; below < graph.end[node]; below++) {
      const at = callees.child(place.get(tree.parent[below]), tree.name[below]);
      place.set(below, at);
      callees.add(at, tree.own[below], tree.ownBefore[below]);
    }
    const end = climb(callers, 0, tree, tree.parent[node]);
    callers.add(end, graph.after[node], graph.before[node]);
    node = graph.end[node] - 1;
  }
  return { callees: callees.finish(), callers: callers.finish() };
}
