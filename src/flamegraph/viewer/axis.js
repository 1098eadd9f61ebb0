// @ts-check
// The axis next to the root: counts from the start of what is zoomed, or in a chart, time.

// The least distance of ticks, in pixels, and the length of their marks.
const TICK_DISTANCE = 90;
const TICK = 4;

// The least gap between texts.
const TEXT_GAP = 10;

class Axis {
  /** @param {Picture} picture @param {Counts} counts */
  constructor(picture, counts) {
    this.picture = picture;
    this.counts = counts;
    this.group = create(SVG, 'svg', { id: 'axis', overflow: 'visible', 'aria-hidden': 'true' }, picture.root);
    this.font = new Font(create(SVG, 'text', {}, this.group));
  }

  // `extent` are the ticks of the graph to show; they count from the start of the frame `from`.
  /** @param {Graph} graph @param {Extent} extent @param {number} from */
  draw(graph, { first, span }, from) {
    const { picture, counts, group } = this;
    const width = picture.framesWidth();
    const start = first - graph.start[from];
    const isAbove = picture.isDownward;
    const line = isAbove ? AXIS_HEIGHT - 1 : 1;
    group.setAttribute('x', options.padding + picture.side);
    group.setAttribute('y', picture.top + (isAbove ? 0 : picture.rowsHeight));
    const most = Math.max(Math.floor(width / TICK_DISTANCE), 1);
    const marks = span > 0 ? ticksOf(counts, start, span, most) : [];
    const places = marks.map(({ at }) => ((at - start) / span) * width);
    const d = places.map((x) => `M${x.toFixed(1)} ${line}v${isAbove ? -TICK : TICK}`).join('');
    group.replaceChildren();
    create(SVG, 'path', { d: `M0 ${line}h${width}${d}` }, group);
    const texts = marks.map(({ text }, index) => ({ text, x: places[index] }));
    for (const { text, x } of this.apart(texts, width)) {
      create(SVG, 'text', { x, y: isAbove ? AXIS_HEIGHT - 8 : AXIS_HEIGHT - 5 }, group).textContent = text;
    }
  }
  // The texts around the given positions, within the graph, without those that would touch the one before.
  /** @param {{ text: string, x: number }[]} texts @param {number} width */
  apart(texts, width) {
    const kept = [];
    let end = -TEXT_GAP;
    for (const { text, x } of texts) {
      const size = this.font.measure(text);
      const left = Math.max(Math.min(x - size / 2, width - size), 0);
      if (left >= end + TEXT_GAP) {
        kept.push({ text, x: left });
        end = left + size;
      }
    }
    return kept;
  }
}

// At most so many round numbers in a range: their place in ticks, and a text.
/** @param {Counts} counts @param {number} start @param {number} span @param {number} most */
function ticksOf(counts, start, span, most) {
  const [radix, units, perTick] = counts.scale();
  const high = (start + span) * perTick;
  let at = 0;
  while (at + 1 < units.length && high >= radix ** (at + 1)) {
    at++;
  }
  const size = radix ** at / perTick;
  const step = roundStep(span / size / most, counts.hasUnits ? 0 : 1);
  const decimals = Math.max(-Math.floor(Math.log10(step) + 1e-9), 0);
  const ticks = [];
  for (let index = Math.ceil(start / size / step - 1e-9); index * step * size <= (start + span) * (1 + 1e-9); index++) {
    const [whole, fraction] = (index * step).toFixed(index === 0 ? 0 : decimals).split('.');
    const number = grouped(whole) + (fraction ? '.' + fraction : '');
    // The name of counts is said once.
    ticks.push({ at: index * step * size, text: counts.hasUnits || ticks.length === 0 ? `${number} ${units[at]}` : number });
  }
  return ticks;
}

// The smallest of 1, 2, 5, 10, 20, ... that is at least `least`, and not less than `lowest`.
/** @param {number} least @param {number} lowest */
function roundStep(least, lowest) {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9));
  return Math.max(step, lowest);
}
