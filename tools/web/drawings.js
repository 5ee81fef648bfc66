// drawings.js - what the page draws with libraries: flame graphs and cycles.
//
// Never: sets markup; names reach the libraries as text.
import cytoscape from "cytoscape";
import { select } from "d3-selection";
import flamegraph from "d3-flame-graph";

const LABELS_MAX = 60; // objects of a cycle up to which every label is drawn from the start
const NODE_SPACE = 130; // along the ring, in the drawing's own units

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// ---- cycles

function elements(finding, { size, hex, count }) {
  const listed = finding.cycle.length;
  const isCut = finding.cycle_length > listed;
  const places = listed + (isCut ? 1 : 0);
  const radius = Math.max(90, places * NODE_SPACE / (2 * Math.PI));
  const position = (index) => {
    const angle = 2 * Math.PI * index / places - Math.PI / 2;
    return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
  };
  const nodes = finding.cycle.map((entry, index) => ({
    data: { id: `n${index}`, index, label: `${entry.label}\n${size(entry.size)}` },
    position: position(index),
  }));
  const edges = finding.cycle.map((entry, index) => ({
    data: {
      id: `e${index}`, source: `n${index}`, target: `n${(index + 1) % places}`,
      label: hex(entry.offset) + (entry.target_offset ? ` to ${hex(entry.target_offset)}` : ""),
    },
  }));
  if (isCut) {
    nodes.push({ data: { id: `n${listed}`, label: `${count(finding.cycle_length - listed)} more` },
      position: position(listed), classes: "rest" });
    edges.push({ data: { id: "rest", source: `n${listed}`, target: "n0", label: "" }, classes: "rest" });
  }
  return { nodes, edges };
}

function style(many) {
  const text = color("--text"), ground = color("--ground"), line = color("--cycle"), faint = color("--faint");
  return [
    { selector: "node", style: {
      label: "data(label)", "text-wrap": "wrap", "text-valign": "center", "font-size": 13, color: text,
      "background-color": ground, "border-color": line, "border-width": 2, shape: "round-rectangle",
      width: 92, height: 44, "text-max-width": 90, "min-zoomed-font-size": many ? 7 : 0 } },
    { selector: "edge", style: {
      label: "data(label)", "font-size": 12, color: faint, "line-color": line, "target-arrow-color": line,
      "target-arrow-shape": "triangle", width: 2, "curve-style": many ? "straight" : "bezier", "text-background-color": ground,
      "text-background-opacity": 1, "text-background-padding": 2, "min-zoomed-font-size": many ? 7 : 0 } },
    { selector: ".rest", style: { "border-style": "dashed", "line-style": "dashed" } },
    { selector: "node:selected", style: { "border-width": 4, "border-color": color("--accent") } },
  ];
}

function cycle(container, finding, tools) {
  const many = finding.cycle.length > LABELS_MAX;
  const drawing = cytoscape({
    container, elements: elements(finding, tools), style: style(many), layout: { name: "preset", fit: true, padding: 20 },
    autoungrabify: true, boxSelectionEnabled: false, minZoom: 0.002, maxZoom: 3,
    hideEdgesOnViewport: many, textureOnViewport: many,
  });
  drawing.on("tap", "node", (event) => {
    const index = event.target.data("index");
    if (index !== undefined) tools.choose(index);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawing.style(style(many)));
  new ResizeObserver(() => drawing.resize().fit(undefined, 20)).observe(container);
  container.dataset.nodes = String(drawing.nodes().length);
}

// ---- flame graph

function toArrays(node) {
  return { name: node.name, value: node.value, children: [...node.children.values()].map(toArrays) };
}

// The library's graph is for a mouse; this makes every frame a button.
function makeReachable(container) {
  for (const group of container.querySelectorAll("g.frame")) {
    const title = group.querySelector("title");
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
  new MutationObserver(() => makeReachable(container)).observe(container, { childList: true, subtree: true });

  let tree = null;
  const draw = () => {
    container.replaceChildren();
    chart = flamegraph().width(container.clientWidth).cellHeight(20).minFrameSize(1).transitionDuration(0).inverted(true)
      .tooltip(false).title("").selfValue(false).sort(true).setLabelHandler(label);
    select(container).datum(toArrays(tree)).call(chart);
    makeReachable(container);
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

window.castawayDrawings = { cycle, flame };
