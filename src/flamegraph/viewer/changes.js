// @ts-check
// The colors of changes on logarithmic scales, as in src/flamegraph/color/change.rs.

// No change, growth and shrinkage. The dark ones are as distinct from a dark background.
const CHANGE_COLORS = {
  light: {
    unchanged: [208, 208, 208],
    usual: [[224, 56, 48], [48, 88, 224]],
    safe: [[230, 97, 1], [94, 60, 153]],
  },
  dark: {
    unchanged: [80, 80, 84],
    usual: [[240, 84, 72], [88, 136, 255]],
    safe: [[253, 140, 40], [160, 130, 230]],
  },
};

const CHANGE_STEPS = 12;

// The smallest and the largest shares that can be told apart: of a change in its frame, and in all samples.
const OF_FRAME = [0.003, 1];
const OF_ALL = [0.00001, 0.01];

// Maps the logarithm of a share to a number from 0 to 1.
/** @param {number} share @param {number[]} of */
function levelOf(share, [least, most]) {
  return Math.min(Math.max(Math.log(share / least) / Math.log(most / least), 0), 1);
}

// The change of a frame in terms of its count before; infinite if it is new.
/** @param {number} before @param {number} after */
function relativeChange(before, after) {
  return after === before ? 0 : (after - before) / before;
}

// From -1 to 1, in steps.
/** @param {number} before @param {number} after @param {number} total */
function changeLevel(before, after, total) {
  const ofFrame = levelOf(Math.abs(relativeChange(before, after)), OF_FRAME);
  const ofAll = levelOf(Math.abs(after - before) / total, OF_ALL);
  return (Math.sign(after - before) * Math.round(ofFrame * Math.sqrt(ofAll) * CHANGE_STEPS)) / CHANGE_STEPS;
}

/** @param {number} level @param {boolean} isSafe @param {boolean} isDark */
function changeColor(level, isSafe, isDark) {
  const { unchanged, usual, safe } = CHANGE_COLORS[isDark ? 'dark' : 'light'];
  const [growing, shrinking] = isSafe ? safe : usual;
  return mixed(unchanged, level > 0 ? growing : shrinking, Math.abs(level)).map(Math.round);
}

// Switches to colors for the color-blind, or back.
/** @param {Viewer} viewer */
function toggleSafe(viewer) {
  viewer.colors.isSafe = !viewer.colors.isSafe;
  paintLegend(viewer.root, viewer.colors);
  viewer.canvas.forgetLooks();
  updateTable(viewer);
}

// The colors in the legend of the file.
/** @param {SVGSVGElement} root @param {Colors} colors */
function paintLegend(root, { isLog, isSafe, isDark, sign }) {
  for (const swatch of isLog ? root.querySelectorAll('#legend > rect') : []) {
    const after = 100 + number(swatch, 'fg:change');
    const color = changeColor(sign * changeLevel(100, after, 1), isSafe, isDark);
    swatch.setAttribute('fill', css(color));
    swatch.nextElementSibling.setAttribute('fill', onColor(color));
  }
}
