// @ts-check
// Formats counts and shares.

// The names of units, and their size in terms of the smallest one.
/** @type {Record<string, number>} */
const BYTES = { bytes: 1, byte: 1, b: 1, kb: 1024, kib: 1024, mb: 1048576, mib: 1048576 };
/** @type {Record<string, number>} */
const NANOSECONDS = {
  ns: 1, nanoseconds: 1, '10 nanoseconds': 10, us: 1e3, '\u00b5s': 1e3, microseconds: 1e3,
  ms: 1e6, milliseconds: 1e6, s: 1e9, seconds: 1e9,
};

class Counts {
  // `unit` is the number of samples per tick, as text; counts in the script are ticks.
  /** @param {Settings} settings */
  constructor({ unit, factor, countName, scaled = false }) {
    const [whole, fraction = ''] = unit.split('.');
    this.nanos = BigInt(whole + fraction.padEnd(9, '0'));
    this.unit = Number(unit);
    this.factor = factor;
    this.name = countName;
    this.isWhole = fraction === '';
    // Whether the profile has a unit that is displayed.
    this.hasUnit = scaled;
    this.isScaled = scaled;
    const name = countName.toLowerCase();
    this.sizes = Object.hasOwn(BYTES, name) ? BYTES[name] : 0;
    this.times = Object.hasOwn(NANOSECONDS, name) ? NANOSECONDS[name] : 0;
  }

  get hasUnits() {
    return this.sizes > 0 || this.times > 0;
  }

  // `1,234.5`: the exact count, or the rounded product with the factor.
  /** @param {number} ticks */
  text(ticks) {
    if (this.factor !== 1) {
      return grouped(String(Math.max(Math.round(ticks * this.unit * this.factor), 0)));
    }
    if (this.isWhole && ticks * this.unit <= Number.MAX_SAFE_INTEGER) {
      return grouped(String(ticks * this.unit));
    }
    const nanos = String(BigInt(Math.round(ticks)) * this.nanos).padStart(10, '0');
    const fraction = nanos.slice(-9).replace(/0+$/, '');
    return grouped(nanos.slice(0, -9)) + (fraction && '.') + fraction;
  }

  // `1,234 samples`, or `1.19 s` if the profile has a unit.
  /** @param {number} ticks */
  named(ticks) {
    return this.isScaled ? this.human(ticks) : `${this.text(ticks)} ${this.name}`;
  }

  // The same, but `1 sample`.
  /** @param {number} ticks */
  numbered(ticks) {
    return this.isScaled ? this.human(ticks) : numbered(this.text(ticks), this.name);
  }

  // `1.5 MiB`, `20 ms`.
  /** @param {number} ticks */
  human(ticks) {
    const [radix, units, perTick] = this.scale();
    return scaled(ticks * perTick, radix, units);
  }

  // The ratio of units, their names, and the value of a tick in the smallest one.
  /** @returns {[number, string[], number]} */
  scale() {
    const perTick = this.unit * this.factor;
    if (this.sizes > 0) {
      return [1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], perTick * this.sizes];
    }
    return this.times > 0
      ? [1000, ['ns', '\u00b5s', 'ms', 's'], perTick * this.times]
      : [1000, [this.name], perTick];
  }
}

// With three digits, as in the generated image.
/** @param {number} value @param {number} step @param {string[]} units */
function scaled(value, step, units) {
  let at = 0;
  while (value >= step - 0.5 && at + 1 < units.length) {
    value /= step;
    at++;
  }
  const places = value < 9.995 ? 100 : value < 99.95 ? 10 : 1;
  const [whole, fraction] = String(Math.round(value * places) / places).split('.');
  return `${grouped(whole)}${fraction === undefined ? '' : '.' + fraction} ${units[at]}`;
}

/** @param {string} digits */
function grouped(digits) {
  return digits.length > 3 ? digits.replace(/\B(?=(\d{3})+$)/g, ',') : digits;
}

// `1 frame`, `2 frames`.
/** @param {number | string} count @param {string} plural */
function numbered(count, plural) {
  return `${count} ${String(count) === '1' ? singular(plural) : plural}`;
}

// `ns`, which is not a plural, stays as it is.
/** @param {string} plural */
function singular(plural) {
  return plural.replace(/(ss|ch|sh|x)es$|(..[^s])s$/, '$1$2');
}

// `12.34%`. What would round to none is `<0.01%`.
/** @param {number} part @param {number} whole @param {number} [places] */
function percentText(part, whole, places = 2) {
  const share = (100 * part) / whole;
  const least = 10 ** -places;
  return share > 0 && share < least / 2 ? `<${least}%` : `${share.toFixed(places)}%`;
}

// The same in the titles of the published tool: `0.00%`.
/** @param {number} part @param {number} whole */
function roundedPercent(part, whole) {
  return `${((100 * part) / whole).toFixed(2)}%`;
}

// A difference with its sign.
/** @param {number} change @param {number} whole @param {(part: number, whole: number) => string} [textOf] */
function changeText(change, whole, textOf = percentText) {
  const sign = change > 0 ? '+' : change < 0 ? '-' : '';
  return sign + textOf(Math.abs(change), whole);
}
