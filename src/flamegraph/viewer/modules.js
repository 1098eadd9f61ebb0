// @ts-check
// The modules of functions, which determine colors in the modern theme.

const VARIANTS = 3;

// The number of modules in the legend.
const MAX_LEGEND = 14;

// Frames of other modules than the selected one.
const FADED = { light: [236, 236, 238], dark: [52, 52, 56] };

class Modules {
  // `numbers` has a number for each name; src/flamegraph/data/ documents it.
  /** @param {Settings} settings @param {number[]} numbers */
  constructor({ modules, light, dark }, numbers) {
    this.names = modules.map(([name]) => name);
    this.hues = modules.map(([, hue]) => hue);
    this.light = colorsIn(light);
    this.dark = colorsIn(dark);
    // By name of a function.
    this.index = numbers.map((number) => Math.floor(number / VARIANTS));
    this.variant = numbers.map((number) => number % VARIANTS);
    // The module to show; -1 for all.
    this.selected = -1;
  }

  get selectedName() {
    return this.selected < 0 ? null : this.names[this.selected];
  }

  // The color of a function, or of the root, whose name is negative.
  /** @param {number} name @param {boolean} isDark */
  color(name, isDark) {
    const module = name < 0 ? 0 : this.index[name];
    if (this.selected >= 0 && this.selected !== module) {
      return isDark ? FADED.dark : FADED.light;
    }
    return this.shade(module, name < 0 ? 1 : this.variant[name], isDark);
  }

  /** @param {number} module @param {number} variant @param {boolean} isDark */
  shade(module, variant, isDark) {
    return (isDark ? this.dark : this.light)[this.hues[module] * VARIANTS + variant];
  }

  // The self counts of the modules at and below `top`, without the callers around a function.
  /** @param {Graph} graph @param {number} top */
  counts(graph, top) {
    const { tree, row, own } = graph;
    const counts = new Float64Array(this.names.length);
    const least = Math.min(row[top], 0);
    for (let node = top; node < graph.end[top]; node++) {
      // What is omitted, which is name 0, counts for its caller.
      const name = tree.name[node] === 0 ? tree.name[tree.parent[node]] : tree.name[node];
      if (row[node] >= least) {
        counts[this.index[Math.max(name, 0)]] += own[node];
      }
    }
    return counts;
  }
}

// Colors of six digits each.
/** @param {string} text */
function colorsIn(text) {
  return text.match(/.{6}/g).map((digits) => colorOf('#' + digits));
}

// The legend: the largest modules with their shares, as buttons.
class ModuleLegend {
  /** @param {HTMLElement} place @param {Modules} modules @param {(module: number) => void} select */
  constructor(place, modules, select) {
    this.place = place;
    this.modules = modules;
    this.select = select;
    place.setAttribute('role', 'group');
    place.setAttribute('aria-label', 'modules');
  }

  /** @param {Graph} graph @param {number} top @param {boolean} isDark */
  show(graph, top, isDark) {
    const { modules } = this;
    const counts = modules.counts(graph, top);
    const order = [...counts.keys()].filter((module) => counts[module] > 0);
    order.sort((a, b) => counts[b] - counts[a]);
    this.place.replaceChildren();
    for (const module of order.slice(0, MAX_LEGEND)) {
      const share = percentText(counts[module], graph.total[top], 0);
      const name = modules.names[module];
      const label = `${name}: ${percentText(counts[module], graph.total[top])} self`;
      const chip = button(`${name} ${share}`, label, this.place, () => this.select(module));
      press(chip, modules.selected === module);
      const swatch = html('i', '', {});
      swatch.style.background = css(modules.shade(module, 1, isDark));
      chip.prepend(swatch);
    }
  }
}

// Shows the frames of one module in their colors, or all again.
/** @param {Viewer} viewer @param {number} module */
function selectModule(viewer, module) {
  const { modules } = viewer.profile;
  modules.selected = modules.selected === module ? -1 : module;
  remember(viewer, true);
  showModules(viewer);
  viewer.canvas.forgetLooks();
  updateTable(viewer);
}

/** @param {Viewer} viewer */
function showModules({ legend, canvas, colors }) {
  legend?.show(canvas.graph, canvas.zoomed, colors.isDark);
}
