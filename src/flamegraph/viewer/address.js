// The state of the viewer in the URL.

function remember(viewer, isNew) {
  if (!viewer.picture.isDocument) {
    return;
  }
  const { view, picture, query, filter } = viewer;
  const { zoomed, graph } = viewer.canvas;
  const { counts: { unit }, modules } = viewer.profile;
  const only = (condition, value) => (condition ? String(value) : null);
  writeQuery({
    x: only(zoomed !== 0, graph.start[zoomed] * unit),
    y: only(zoomed !== 0, picture.fileY(graph.row[zoomed])),
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
    only: only(filter.term, filter.term),
    onlyic: only(filter.term && filter.ignoreCase, 1),
  }, isNew);
}

// Restores the state of an entry in the browser's history. A search that is not part of it stays.
function goBack(viewer) {
  const { query, committed } = viewer;
  restore(viewer);
  if (committed && !viewer.committed) {
    viewer.query = { ...query, term: committed };
    finishSearch(viewer, committed);
  }
}

// Restores the state in the URL. Invalid parts are ignored.
function restore(viewer) {
  const query = viewer.picture.isDocument ? readQuery() : new Map();
  const value = (key) => decode(query.get(key));
  if (restoreView(viewer, value)) {
    viewer.build();
    // Programs that read the image find all frames in order, whatever the URL.
    viewer.zoomTo(0);
    if (value('x')) {
      viewer.canvas.drawAll();
    }
  }
  const x = parseFloat(value('x')) / viewer.profile.counts.unit;
  const row = viewer.picture.fileRow(parseFloat(value('y')));
  const node = viewer.canvas.graph.find(x, row);
  viewer.query = { term: '', isPlain: value('plain') === '1', ignoreCase: value('ic') === '1' };
  viewer.zoomTo(node > 0 && viewer.canvas.graph.total[node] > 0 ? node : 0);
  searchFor(viewer, value('s'));
  viewer.committed = viewer.query.term;
}

// Returns whether the view changed.
function restoreView(viewer, value) {
  const { profile, picture } = viewer;
  const name = profile.names.indexOf(value('of'));
  const oneOf = (key, choices, usual) => (choices.includes(value(key)) ? value(key) : usual);
  const views = ['table', 'both', ...(profile.isChart ? [] : name > 0 ? ['callers', 'sandwich'] : ['callers'])];
  const { modules } = profile;
  const state = () => JSON.stringify([viewer.view, picture.isFlipped, viewer.filter, modules?.selected]);
  const before = state();
  const isEditable = !profile.isChart;
  if (modules) {
    modules.selected = modules.names.indexOf(value('module'));
  }
  viewer.filter = {
    term: isEditable ? value('only') ?? '' : '',
    isPlain: false,
    ignoreCase: value('onlyic') === '1',
  };
  viewer.view = {
    view: oneOf('view', views, 'plain'),
    name,
    order: oneOf('order', profile.isChart ? [] : ['width'], 'name'),
    side: oneOf('side', ['after', 'before', 'larger'], profile.settings.width),
    recursion: isEditable && value('norec') === '1',
  };
  picture.isFlipped = options.inverted !== (value('flip') === '1');
  return !viewer.canvas.graph || before !== state();
}
