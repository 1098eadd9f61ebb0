// The types of plain objects, of the variables above the script, and of what is put into it, for `tsc`; see
// tests/browser/tsconfig.json.

/** The rules of tools.css; see tests/browser/minify.mjs. */
declare const TOOLS_STYLE: string;

declare const nametype: string;
declare const fontsize: number;
declare const xpad: number;
declare const inverted: boolean;
declare const searchcolor: string;
declare const fluiddrawing: boolean;
declare const truncate_text_right: boolean;

/** The first line of the profile; src/flamegraph/data/ documents it. */
interface Settings {
  unit: string;
  stacks: number;
  frames: number;
  names: number;
  kind: string;
  width: string;
  negate: boolean;
  byWidth: boolean;
  factor: number;
  row: number;
  minWidth: number;
  countName: string;
  scaled?: boolean;
  scale?: string;
  /** Whether names have annotations. */
  annotated?: boolean;
  theme?: string;
  modules?: [string, number][];
  parts?: string;
  /** The number of samples with times. */
  samples?: number;
  /** The length of a tick of the times of samples, in nanoseconds. */
  tick?: number;
  light?: string;
  dark?: string;
}

/** Red, green and blue. */
type Color = number[];

/** A part of the width, in ticks. */
interface Extent {
  first: number;
  span: number;
}

/** What is displayed, except for the zoom. */
interface View {
  view: string;
  name: number;
  order: string;
  side: string;
  recursion: boolean;
  /** The number of a part's name, or a constant in parts.js. */
  part: number;
  /** The part of the time that is shown, in ticks of the heat map; null for all. */
  time: Extent | null;
  /** Whether the samples of a profile with times are in their order. */
  isChart: boolean;
}

/** Cells of the heat map, from one to another. */
interface CellRange {
  from: number;
  to: number;
}

/** What the heat map does. */
interface HeatActions {
  select: (range: Extent | null) => boolean;
  order: (isWanted: boolean) => void;
}

/** A change of the tree: of a function (`name`), a module, or a node of the profile's tree. */
interface Edit {
  kind: string;
  name?: number;
  module?: number;
  node?: number;
}

interface Query {
  term: string;
  isPlain: boolean;
  ignoreCase: boolean;
}

/** Properties of frames in the file: elements to clone, by name, and exact titles, by node. */
interface Marks {
  groups: Map<number, any>;
  titles: Map<number, string>;
}

/** What is said about a frame, of most interest first; `name` is in the first part. */
interface Details {
  parts: string[];
  name: string;
}

/** The frames with elements in the file. */
type Found = { node: number; group: Element; rect: Element }[] & { isExact?: boolean };

/** Nodes in any order, parents first. */
interface Nodes {
  name: ArrayLike<number>;
  parent: ArrayLike<number>;
  own: ArrayLike<number>;
  ownBefore: ArrayLike<number>;
  place: Int32Array | null;
}

/** How narrow frames are painted. */
interface NarrowStyle {
  colorOf: (node: number) => Color;
  isMatch: (node: number) => boolean;
  step: number;
}

/** Stacks with the same current function. */
interface Group {
  name: number;
  count: number;
}

/** Counts of functions. */
interface Sums {
  own: Float64Array;
  total: Float64Array;
}

interface MenuItem {
  id: string;
  text: string;
  key?: string;
  isChecked?: boolean;
  action: () => void;
}

/** A row of the table; columns name its other fields. */
interface Row {
  number: number;
  name: string;
  color?: Color;
  [key: string]: any;
}

interface Cell {
  text: string;
  /** Where there is little room. */
  short?: string;
  share?: number;
  color?: Color;
}

interface Column {
  key: string;
  heading: string;
  whole?: string;
  isName?: boolean;
  isRelative?: boolean;
  cell?: (row: Row) => Cell;
}

interface Sort {
  by: string;
  isAscending: boolean;
}

/** A part of a pattern. */
interface Part {
  kind: string;
  source?: string;
  body?: Part;
  part?: Part;
  parts?: Part[];
  options?: Part[];
  least?: number;
  most?: number;
}

/** The effort of matching a part of a pattern. */
interface Cost {
  steps: number;
  ways: number;
}

type Actions = Record<string, (...values: any[]) => void>;

type Mouse = MouseEvent & { target: any };
type Key = KeyboardEvent & { target: any };

/** Not supported by all browsers. */
interface Navigator {
  scheduling?: { isInputPending(): boolean };
}

interface Element {
  setAttribute(name: string, value: string | number): void;
}
