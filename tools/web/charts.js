// charts.js - charts over time: what was alive at each scan, layer upon layer, and the scans themselves below.
//
// One tab stop a chart: the arrow keys go from moment to moment, and so does the mouse.
// Never: sets markup.
import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { area } from "d3-shape";

const MARGIN = { left: 68, right: 12, top: 8, bottom: 26 };
const HEIGHT = 190, ROW_HEIGHT = 12; // of the layers; of a row of marks below them
const DAY = 86400, HOUR = 3600, MINUTE = 60;

// Seconds, at the ticks of an axis.
function time(seconds) {
  for (const [unit, letter] of [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"]])
    if (seconds >= unit) return `${Number((seconds / unit).toFixed(1))} ${letter}`;
  return `${Number(seconds.toFixed(3))} s`;
}

// Ticks of bytes lie at multiples of a power of two, others at those of ten.
function heights(highest, binary) {
  if (!binary) return scaleLinear([0, highest], [0, 1]).ticks(4);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(highest / 4)));
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step);
}

// [{ at, lo: [], hi: [] }]: where each layer begins and ends, one upon the other.
function stacked(moments) {
  return moments.map(({ at, values }) => {
    let sum = 0;
    const lo = [], hi = [];
    for (const value of values) {
      lo.push(sum);
      hi.push(sum += value);
    }
    return { at, lo, hi };
  });
}

function axes(svg, { x, y, width, height, rows, format, ticks }) {
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height + rows * ROW_HEIGHT})`)
    .call(axisBottom(x).ticks(Math.max(2, Math.floor(width / 110))).tickFormat(time).tickSizeOuter(0));
  svg.append("g").attr("class", "axis").call(axisLeft(y).tickValues(ticks).tickFormat(format).tickSizeOuter(0));
}

// The line that shows which moment is described. Returns choose(index).
function cursor(svg, container, { x, height, moments, describe }) {
  const line = svg.append("line").attr("class", "cursor").attr("y1", 0).attr("y2", height).attr("visibility", "hidden");
  return (index) => {
    const at = Math.min(Math.max(index, 0), moments.length - 1);
    container.dataset.moment = String(at);
    line.attr("visibility", "visible").attr("x1", x(moments[at].at)).attr("x2", x(moments[at].at));
    describe(at);
  };
}

function nearest(moments, at) {
  let best = 0;
  moments.forEach((moment, index) => {
    if (Math.abs(moment.at - at) < Math.abs(moments[best].at - at)) best = index;
  });
  return best;
}

// Draw { moments: [{ at, values, row }], layers: [class], rows, format, binary, describe, label } in `container`: `at` in seconds, a
// value for each layer, from the lowest; `row`, from 0: where the moment's mark stands, when there are rows; `binary`: of bytes.
function draw(container, { moments, layers, rows = 0, format, binary, describe, label }) {
  const width = Math.max(120, container.clientWidth - MARGIN.left - MARGIN.right), height = HEIGHT - MARGIN.top;
  const all = stacked(moments), highest = Math.max(1, ...all.map(({ hi }) => hi[hi.length - 1]));
  const first = moments[0].at, last = moments[moments.length - 1].at;
  const x = scaleLinear([first, last > first ? last : first + 1], [0, width]), y = scaleLinear([0, highest], [height, 0]);
  container.replaceChildren();
  const svg = select(container).append("svg").attr("width", width + MARGIN.left + MARGIN.right)
    .attr("height", HEIGHT + rows * ROW_HEIGHT + MARGIN.bottom).attr("role", "img").attr("aria-label", label)
    .append("g").attr("transform", `translate(${MARGIN.left},${MARGIN.top})`);
  layers.forEach((name, layer) => svg.append("path").datum(all).attr("class", `layer ${name}`)
    .attr("d", area().x((moment) => x(moment.at)).y0((moment) => y(moment.lo[layer])).y1((moment) => y(moment.hi[layer]))));
  if (rows)
    svg.append("path").attr("class", "marks").attr("d", moments.map(({ at, row }) =>
      `M${x(at).toFixed(1)},${height + row * ROW_HEIGHT + 2}v${ROW_HEIGHT - 4}`).join(""));
  axes(svg, { x, y, width, height, rows, format, ticks: heights(highest, binary) });
  const choose = cursor(svg, container, { x, height: height + rows * ROW_HEIGHT, moments, describe });
  const at = (event) => x.invert(event.clientX - container.firstChild.getBoundingClientRect().left - MARGIN.left);
  container.onmousemove = (event) => choose(nearest(moments, at(event)));
  container.onkeydown = (event) => {
    const now = Number(container.dataset.moment ?? -1);
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: moments.length - 1 }[event.key];
    if (next === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    choose(next);
  };
}

// The same, drawn again when the room for it changes. Returns show(chart).
export function chart(container) {
  let shown = null, width = 0;
  container.tabIndex = 0;
  const again = () => {
    if (!shown || !container.clientWidth || container.clientWidth === width) return;
    width = container.clientWidth;
    draw(container, shown);
  };
  new ResizeObserver(again).observe(container);
  return (next) => {
    shown = next;
    width = 0;
    delete container.dataset.moment;
    again();
  };
}
