// drawings.js - what the page draws with libraries: flame graphs and cycles; charts are charts.js's.
//
// Never: sets markup; names reach the libraries as text.
import cytoscape from "cytoscape";
import { select } from "d3-selection";
import { interrupt } from "d3-transition";
import flamegraph from "d3-flame-graph";
import { chart } from "./charts.js";

const RING_MAX = 60; // objects of a cycle up to which it is a ring; a longer one runs in rows, where it is still seen whole
const NODE_WIDTH = 96, NODE_HEIGHT = 44; // in the drawing's own units, as all here
const NODE_SPACE = 190; // along the ring

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// ---- cycles

function ringPosition(index, places) {
  const radius = Math.max(100, places * NODE_SPACE / (2 * Math.PI));
  const angle = 2 * Math.PI * index / places - Math.PI / 2;
  return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
}

// To and fro through an even number of rows, and back to the start by the first column.
function rowsPosition(index, places) {
  const rows = 2 * Math.ceil(Math.sqrt(places * 1.4) / 2);
  const columns = Math.ceil((places - rows) / rows);
  const row = Math.floor(index / columns);
  const [x, y] = row < rows && index < places - rows ? [row % 2 ? columns - index % columns : 1 + index % columns, row] :
    [0, rows - 1 - (index - (places - rows))];
  return { x: x * NODE_WIDTH * 1.9, y: y * NODE_HEIGHT * 2.2 };
}

function elements(finding, { size, sizes, hex, count }) {
  const listed = finding.cycle.length;
  const isCut = finding.cycle_length > listed;
  const places = listed + (isCut ? 1 : 0);
  const many = places > RING_MAX;
  const pointer = (entry) => (entry.member === null ? hex(entry.offset) : `.${entry.member}`) + (entry.target_offset ? `${many ? " " : "\n"}to ${hex(entry.target_offset)}` : "");
  const position = (index) => (many ? rowsPosition : ringPosition)(index, places);
  const type = (entry) => (entry.type && !entry.label.startsWith(entry.type) ? `${entry.type}\n` : "");
  const nodes = finding.cycle.map((entry, index) => ({
    data: { id: `n${index}`, index, label: `${entry.label}\n${type(entry)}${sizes(entry, size)}${many ? `, ${pointer(entry)}` : ""}` },
    position: position(index),
  }));
  const edges = finding.cycle.map((entry, index) => ({
    data: {
      id: `e${index}`, source: `n${index}`, target: `n${(index + 1) % places}`,
      label: many ? "" : pointer(entry) + (entry.rank === 1 ? "\nmake weak" : ""), // measuring as many labels again would take seconds
    },
    classes: entry.rank === 1 ? "break" : "",
  }));
  if (isCut) {
    nodes.push({ data: { id: `n${listed}`, label: `${count(finding.cycle_length - listed)} more` },
      position: position(listed), classes: "rest" });
    edges.push({ data: { id: "rest", source: `n${listed}`, target: "n0", label: "" }, classes: "rest" });
  }
  return { nodes, edges, many };
}

function style(many) {
  const text = color("--text"), ground = color("--ground"), line = color("--cycle"), faint = color("--faint");
  return [
    { selector: "node", style: {
      label: "data(label)", "text-wrap": "wrap", "text-valign": "center", "font-size": 13, color: text,
      "background-color": ground, "border-color": line, "border-width": many ? 6 : 2, shape: many ? "rectangle" : "round-rectangle",
      width: NODE_WIDTH, height: NODE_HEIGHT, "text-max-width": NODE_WIDTH - 4, "min-zoomed-font-size": many ? 7 : 0 } },
    { selector: "edge", style: {
      label: "data(label)", "text-wrap": "wrap", "font-size": 12, color: faint, "line-color": line, "target-arrow-color": line,
      "target-arrow-shape": "triangle", width: many ? 6 : 2, "arrow-scale": many ? 2 : 1,
      "curve-style": many ? "straight" : "bezier", "control-point-step-size": 100, "text-background-color": ground,
      "text-background-opacity": 1, "text-background-padding": 2, "min-zoomed-font-size": many ? 7 : 0 } },
    { selector: "edge.break", style: { color: color("--break"), "line-color": color("--break"), "target-arrow-color": color("--break"),
      "line-style": "dashed", width: many ? 12 : 4 } },
    { selector: ".rest", style: { "border-style": "dashed", "line-style": "dashed" } },
    { selector: "node:selected", style: { "border-width": 4, "border-color": color("--accent") } },
  ];
}

// All in view. The library's own way measures every label first.
function fit(drawing, nodes) {
  const reach = (axis) => nodes.reduce(([lo, hi], node) => [Math.min(lo, node.position[axis]), Math.max(hi, node.position[axis])],
    [Infinity, -Infinity]);
  const [[left, right], [top, bottom]] = [reach("x"), reach("y")];
  drawing.resize();
  const zoom = Math.min(drawing.width() / (right - left + 2 * NODE_WIDTH), drawing.height() / (bottom - top + 2 * NODE_HEIGHT));
  drawing.viewport({ zoom, pan: {
    x: drawing.width() / 2 - zoom * (left + right) / 2, y: drawing.height() / 2 - zoom * (top + bottom) / 2 } });
}

function cycle(container, finding, tools) {
  const { nodes, edges, many } = elements(finding, tools);
  const drawing = cytoscape({
    container, elements: { nodes, edges }, style: style(many), layout: { name: "preset", fit: false },
    autoungrabify: true, boxSelectionEnabled: false, minZoom: 0.002, maxZoom: 3,
    hideEdgesOnViewport: many, textureOnViewport: many,
  });
  drawing.on("tap", "node", (event) => {
    const index = event.target.data("index");
    if (index !== undefined) tools.choose(index);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawing.style(style(many)));
  new ResizeObserver(() => fit(drawing, nodes)).observe(container);
  container.dataset.nodes = String(drawing.nodes().length);
  if (!many) container.dataset.edges = JSON.stringify(edges.map((edge) => edge.data.label));
}

// ---- flame graph

function toArrays(node) {
  return { name: node.name, value: node.value, children: [...node.children.values()].map(toArrays) };
}

// The library's graph is for a mouse, and grows for a while; this makes every frame a button that has its size at once.
function settle(container) {
  for (const group of container.querySelectorAll("g.frame")) {
    const title = group.querySelector("title"), box = group.querySelector("rect");
    interrupt(box);
    box.setAttribute("width", group.getAttribute("width"));
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", title ? title.textContent : "");
  }
}

function flame(container, { size, details }) {
  let chart = null, all = 0;
  const label = (node) => `${node.data.name}: ${size(node.data.value)} (${(100 * node.data.value / (all || 1)).toFixed(1)} %)`;
  const usual = details.textContent;
  const describe = (event) => {
    const group = event.target.closest("g.frame");
    details.textContent = group ? group.getAttribute("aria-label") : usual;
  };
  container.addEventListener("keydown", (event) => {
    const group = event.target.closest("g.frame");
    if (!group || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    group.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  container.addEventListener("focusin", describe);
  container.addEventListener("mouseover", describe);
  new MutationObserver(() => settle(container)).observe(container, { childList: true, subtree: true });

  let tree = null;
  const draw = () => {
    container.replaceChildren();
    chart = flamegraph().width(container.clientWidth).cellHeight(20).minFrameSize(1).transitionDuration(0).inverted(true)
      .tooltip(false).title("").selfValue(false).sort(true).setLabelHandler(label);
    select(container).datum(toArrays(tree)).call(chart);
    settle(container);
  };
  let width = container.clientWidth;
  new ResizeObserver(() => {
    if (!tree || container.clientWidth === width) return;
    width = container.clientWidth;
    draw();
  }).observe(container);
  return {
    show(next) {
      tree = next;
      all = next.value;
      draw();
    },
    mark: (words) => (words ? chart.search(words) : chart.clear()),
    reset: () => chart.resetZoom(),
  };
}

window.castawayDrawings = { cycle, flame, chart };
