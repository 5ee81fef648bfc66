// page.js - the page without its drawings: what was found, a table to search and sort, the details of a finding.
//
// Names come from the program that was watched: they are only ever set as text, never as markup.
// Start: at the end. Drawings, when the page has them, are window.castawayDrawings (drawings.js).
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ROWS_AT_ONCE = 200;
  const ENTRIES_AT_ONCE = 200;
  const byId = (id) => document.getElementById(id);

  // ---- pieces

  function element(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {}))
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }
  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const things = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
  function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    const units = ["KiB", "MiB", "GiB", "TiB"];
    let value = bytes / 1024, unit = 0;
    for (; value >= 1023.95 && unit < units.length - 1; unit++) value /= 1024;
    return `${value.toFixed(1)} ${units[unit]}`;
  }
  const sizes = (entry, words, least = words) => (entry.size === entry.size_max ? "" : `${least(entry.size)} to `) + words(entry.size_max);
  const hex = (offset) => `+0x${offset.toString(16).padStart(2, "0")}`;

  // ---- frames and stacks: [function, place, file, module, inlined] by number

  const frame = (number) => data.frames[number];
  const functionOf = (number) => frame(number)[0] || "??";
  const held = (finding) => finding.bytes + finding.indirect_bytes;

  function stackList(stack) {
    const frames = data.stacks[stack];
    if (!frames.length) return element("p", { class: "hint" }, "No stack was recorded.");
    return element("ol", { class: "stack" }, ...frames.map((number) => {
      const [, place, file, module, inlined] = frame(number);
      return element("li", { title: [file, module].filter(Boolean).join("\n") || null },
        element("span", {}, functionOf(number)),
        element("span", { class: "where" }, place + (inlined ? " (inlined)" : "")));
    }));
  }

  // ---- head

  function verdict() {
    const lost = data.summary.filter((tally) => ["lost", "lost-indirect", "cycle"].includes(tally.kind));
    const objects = lost.reduce((sum, tally) => sum + tally.objects, 0);
    const bytes = lost.reduce((sum, tally) => sum + tally.bytes, 0);
    if (data.unjudged && data.unjudged === data.processes) return "Not judged.";
    if (!objects) return "Nothing is unreachable.";
    return `${things(objects, "object")}, ${size(bytes)} unreachable.`;
  }

  function head() {
    document.title = `${data.program}: castaway`;
    byId("title").textContent = `${data.program}[${data.pid}]`;
    byId("command").textContent = data.argv.join(" ") + (data.processes > 1 ? ` and ${count(data.processes - 1)} more` : "");
    byId("verdict").textContent = verdict();
    byId("summary").append(...data.summary.map((tally) => element("div", {},
      element("dt", {}, tally.kind), element("dd", {}, size(tally.bytes)),
      element("dd", {}, `${things(tally.objects, "object")}, ${things(tally.findings, "finding")}`))));
    if (data.scans) byId("notes").append(element("li", {}, data.scans));
    byId("notes").append(...data.notes.map((note) => element("li", {},
      note.text + (note.count === null ? "" : `: ${count(note.count)}`) + (note.detail ? ` (${note.detail})` : ""))));
  }

  // ---- details of a finding

  // Reference counts tell which pointers would free the cycle: rank 1 is the best.
  const breakWords = (entry) => element("div", { class: "break" }, `${entry.rank === 1 ? "best made weak" : "or this one weak"}: frees ` +
    `${things(entry.frees_objects, "object")}, ${size(entry.frees_bytes)}` +
    (entry.references > 1 ? ` (${things(entry.references, "reference")} like it)` : "") +
    (entry.parts > 1 ? ` (with ${things(entry.parts - 1, "other")}, see above)` : ""));

  function entryRow(finding, index, hidden) {
    const entry = finding.cycle[index];
    const next = finding.cycle[(index + 1) % finding.cycle.length];
    const cut = index === finding.cycle.length - 1 && finding.cycle_length > finding.cycle.length;
    const target = cut ? "an object that is not listed" : next.label + (entry.target_offset ? hex(entry.target_offset) : "");
    return element("tr", { "data-index": index, hidden },
      element("td", {}, element("button", { class: "open", "aria-expanded": "false", onclick: toggleEntry }, entry.label)),
      element("td", { class: "number" }, sizes(entry, (bytes) => things(bytes, "byte"), count)),
      element("td", {}, `${entry.member === null ? "" : `.${entry.member}, `}${hex(entry.offset)} → ${target}`, entry.rank ? breakWords(entry) : null));
  }

  function toggleEntry(event) {
    const button = event.currentTarget, row = button.closest("tr");
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) return row.nextElementSibling.remove();
    const finding = data.findings[Number(row.closest("table").dataset.finding)];
    const entry = finding.cycle[Number(row.dataset.index)];
    row.after(element("tr", { class: "details" }, element("td", { colspan: 3 },
      entry.type && !entry.label.startsWith(entry.type) ? element("p", {}, `type ${entry.type}`) : null, element("h3", {}, "Allocated by"), stackList(entry.stack),
      ...(entry.taker === null ? [] : [element("h3", {}, "Reference taken by"), stackList(entry.taker)]))));
  }

  function entriesTable(finding, number) {
    const body = element("tbody", {});
    const more = element("button", { type: "button", onclick: () => add() });
    const add = (upTo = body.childElementCount + ENTRIES_AT_ONCE) => {
      const from = Number(more.dataset.shown || 0), to = Math.min(upTo, finding.cycle.length);
      for (let index = from; index < to; index++) body.append(entryRow(finding, index));
      more.dataset.shown = String(Math.max(from, to));
      more.hidden = to >= finding.cycle.length;
      more.textContent = `Show more of ${things(finding.cycle.length, "object")}`;
    };
    add(ENTRIES_AT_ONCE);
    const table = element("table", { "data-finding": number },
      element("thead", {}, element("tr", {}, element("th", {}, "object"), element("th", { class: "number" }, "size"),
        element("th", {}, "pointer"))), body);
    const box = element("div", { class: "entries" }, table, more);
    return { box, choose: (index) => {
      add(Math.max(index + 1, Number(more.dataset.shown)));
      for (const row of body.querySelectorAll(".chosen")) row.classList.remove("chosen");
      const row = body.querySelector(`tr[data-index="${index}"]`);
      row.classList.add("chosen");
      row.scrollIntoView({ block: "nearest" });
    } };
  }

  function cycleDetails(finding, number) {
    const entries = entriesTable(finding, number);
    const words = [];
    if (finding.count > 1) words.push(`${things(finding.count, "group")} of this shape.`);
    if (finding.cycle_length_max > finding.cycle_length)
      words.push(`Cycles of this place have up to ${things(finding.cycle_length_max, "object")}.`);
    if (finding.group_objects_max > finding.cycle_length_max)
      words.push(`The smallest cycle of a group of up to ${things(finding.group_objects_max, "object")}.`);
    if (finding.cycle_length > finding.cycle.length)
      words.push(`${count(finding.cycle.length)} of ${things(finding.cycle_length, "object")} are listed.`);
    if (!finding.cycle.some((entry) => entry.rank)) words.push("To break the cycle, make one of these pointers weak, or clear it.");
    const drawings = window.castawayDrawings;
    const ring = drawings ? element("div", { class: "ring", role: "img", "aria-label": `Drawing of ${finding.name}` }) :
      element("p", { class: "hint" }, "This castaway was built without the libraries that draw.");
    if (drawings) requestAnimationFrame(() => drawings.cycle(ring, finding, { size, sizes, hex, count, choose: entries.choose }));
    return [element("p", {}, words.join(" ")), element("div", { class: "around" }, ring, entries.box)];
  }

  // From the root on; each object opens to the stack that made it.
  function pathList(path) {
    return element("ol", { class: "path" }, ...path.map(({ text, stack }) => element("li", {}, stack === null ?
      element("span", {}, text) : element("details", {}, element("summary", {}, text), stackList(stack)))));
  }

  function growthChart(finding) {
    const drawings = window.castawayDrawings;
    const told = ({ seconds, objects, bytes }) => `${seconds.toFixed(1)} s: ${things(objects, "object")}, ${size(bytes)}`;
    if (!drawings) return [element("ul", {}, ...finding.points.map((point) => element("li", {}, told(point))))];
    const box = element("div", { class: "chart" }), words = element("p", { class: "hint", "aria-live": "polite" },
      "Old objects of this place at each full scan.");
    requestAnimationFrame(() => drawings.chart(box)({
      moments: finding.points.map(({ seconds, bytes }) => ({ at: seconds, values: [bytes] })), layers: ["g2"],
      format: size, binary: true, label: `Growth of ${finding.name}`, describe: (index) => { words.textContent = told(finding.points[index]); },
    }));
    return [box, words];
  }

  function details(finding, number) {
    const parts = [];
    if (finding.indirect_objects)
      parts.push(element("p", {}, `${things(finding.indirect_objects, "object")}, ${size(finding.indirect_bytes)} ` +
        "more are reached only from here."));
    for (const words of [...finding.told, finding.age, finding.growth, finding.dangling])
      if (words) parts.push(element("p", {}, words));
    if (finding.points && finding.points.length > 1) parts.push(...growthChart(finding));
    if (finding.path && finding.path.length) parts.push(element("h3", {}, "Held by"), pathList(finding.path));
    if (finding.kind === "cycle" && finding.cycle.length) parts.push(...cycleDetails(finding, number));
    else parts.push(element("h3", {}, finding.dangling ? "Made weak by" : "Allocated by"), stackList(finding.stack));
    for (const { label, stack } of finding.culprits) parts.push(element("h3", {}, label), stackList(stack));
    parts.push(element("p", { class: "hint" }, `Fingerprint ${finding.fingerprint}`));
    return parts;
  }

  // ---- the table

  const columns = [
    { head: "finding", class: "place", key: (finding) => finding.name },
    { head: "kind", key: (finding) => finding.kind },
    { head: "objects", class: "number", key: (finding) => finding.objects, down: true },
    { head: "bytes", class: "number", key: (finding) => finding.bytes, down: true },
    { head: "with what hangs", class: "number", key: held, down: true },
    { head: "fingerprint", class: "fingerprint", key: (finding) => finding.fingerprint },
  ];
  const table = { order: null, down: false, kinds: new Set(data.findings.map((finding) => finding.kind)), shown: [], open: new Set() };
  const stackTexts = new Map();

  function stackText(stack) {
    if (!stackTexts.has(stack))
      stackTexts.set(stack, data.stacks[stack].map((number) => frame(number).slice(0, 4).join(" ")).join(" ").toLowerCase());
    return stackTexts.get(stack);
  }
  function matches(finding, words) {
    const own = `${finding.name} ${finding.kind} ${finding.fingerprint}`.toLowerCase();
    const stacks = [finding.stack, ...(finding.cycle || []).map((entry) => entry.stack)];
    const types = (finding.cycle || []).map((entry) => entry.type || "").join(" ").toLowerCase();
    return words.every((word) => own.includes(word) || types.includes(word) || stacks.some((stack) => stackText(stack).includes(word)));
  }

  function choose() {
    const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = [];
    data.findings.forEach((finding, number) => {
      if (table.kinds.has(finding.kind) && matches(finding, words)) shown.push(number);
    });
    if (table.order) {
      const direction = table.down ? -1 : 1;
      const key = table.order.key;
      shown.sort((a, b) => {
        const left = key(data.findings[a]), right = key(data.findings[b]);
        return (left < right ? -1 : left > right ? 1 : 0) * direction || a - b;
      });
    }
    table.shown = shown;
    byId("rows").replaceChildren();
    byId("matches").textContent = `${count(shown.length)} of ${things(data.findings.length, "finding")}`;
    addRows();
  }

  function findingRow(number) {
    const finding = data.findings[number];
    const open = element("button", { class: "open", type: "button", "aria-expanded": "false", onclick: toggle }, finding.name);
    const row = element("tr", { class: "finding", "data-number": number },
      element("td", { class: "place" }, open),
      element("td", { class: `kind ${finding.kind}` }, finding.kind),
      element("td", { class: "number" }, count(finding.objects)),
      element("td", { class: "number" }, size(finding.bytes)),
      element("td", { class: "number" }, size(held(finding))),
      element("td", { class: "fingerprint" }, element("code", {}, finding.fingerprint.slice(0, 8))));
    return row;
  }

  function toggle(event) {
    const row = event.currentTarget.closest("tr"), number = Number(row.dataset.number);
    const isOpen = event.currentTarget.getAttribute("aria-expanded") === "true";
    event.currentTarget.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) return row.nextElementSibling.remove();
    row.after(element("tr", { class: "details" },
      element("td", { colspan: columns.length }, ...details(data.findings[number], number))));
  }

  function addRows() {
    const rows = byId("rows"), from = rows.querySelectorAll("tr.finding").length;
    rows.append(...table.shown.slice(from, from + ROWS_AT_ONCE).map(findingRow));
    const left = table.shown.length - from - ROWS_AT_ONCE;
    byId("more").hidden = left <= 0;
    byId("more").textContent = `Show more (${count(Math.max(left, 0))} left)`;
  }

  function sortBy(column, cell) {
    table.down = table.order === column ? !table.down : Boolean(column.down);
    table.order = column;
    for (const other of byId("heads").children) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", table.down ? "descending" : "ascending");
    for (const other of byId("heads").querySelectorAll("[data-arrow]")) other.textContent = "";
    cell.querySelector("[data-arrow]").textContent = table.down ? " ↓" : " ↑";
    choose();
  }

  function tableControls() {
    byId("heads").append(...columns.map((column) => {
      const cell = element("th", { class: column.class, scope: "col" });
      cell.append(element("button", { type: "button", onclick: () => sortBy(column, cell) }, column.head,
        element("span", { "data-arrow": true, "aria-hidden": "true" })));
      return cell;
    }));
    byId("kinds").append(...[...table.kinds].map((kind) => {
      const box = element("input", { type: "checkbox", checked: true, onchange: () => {
        table.kinds[box.checked ? "add" : "delete"](kind);
        choose();
      } });
      return element("label", {}, box, ` ${kind}`);
    }));
    byId("search").addEventListener("input", choose);
    byId("more").addEventListener("click", addRows);
  }

  // ---- keys

  function step(by) {
    const buttons = [...document.querySelectorAll("tr.finding .open")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = buttons[Math.min(Math.max(at + by, 0), buttons.length - 1)];
    if (next) next.focus();
  }
  function onKey(event) {
    const typing = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && event.target === byId("search")) {
      byId("search").value = "";
      choose();
    } else if (typing) return;
    else if (event.key === "/") byId("search").focus();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  }

  // ---- scans and generations

  const time_measures = [
    { name: "bytes", values: (scan) => scan.bytes, format: size, binary: true },
    { name: "objects", values: (scan) => scan.objects, format: count },
    { name: "pauses", values: (scan) => [scan.pause_ms], format: (milliseconds) => `${milliseconds} ms`, layers: ["pause"] },
  ];

  function scanWords(scan) {
    const alive = scan.bytes.map((bytes, generation) => `${generation ? `generation ${generation}` : "unreachable"} ` +
      `${size(bytes)} in ${things(scan.objects[generation], "object")}`);
    return `Scan ${count(scan.number)} of generation ${scan.generation} at ${scan.seconds.toFixed(1)} s: pause ${scan.pause_ms} ms, ` +
      `${scan.scan_ms} ms in all; ${alive.join(", ")}.`;
  }

  function scansTable(scans) {
    const heads = ["scan", "generation", "at", "pause", "in all", "unreachable", "generation 1", "generation 2"];
    return element("div", {}, element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { class: "number", scope: "col" }, head)))),
      element("tbody", {}, ...scans.map((scan) => element("tr", {}, ...[count(scan.number), scan.generation,
        `${scan.seconds.toFixed(1)} s`, `${scan.pause_ms} ms`, `${scan.scan_ms} ms`, ...scan.bytes.map(size)]
        .map((cell) => element("td", { class: "number" }, cell)))))));
  }

  function time() {
    const drawings = window.castawayDrawings, scans = data.timeline ? data.timeline.scans : [];
    byId("time").hidden = !scans.length;
    if (!scans.length) return;
    byId("scans").addEventListener("toggle", () => byId("scans").append(scansTable(scans)), { once: true });
    if (!drawings) {
      byId("time").querySelector(".bar").remove();
      byId("moment").textContent = "Not drawn: this castaway was built without the libraries that draw.";
      return;
    }
    const show = drawings.chart(byId("timeline"));
    const draw = ({ name, values, format, binary, layers = ["g0", "g1", "g2"] }) => show({
      moments: scans.map((scan) => ({ at: scan.seconds, values: values(scan), row: scan.generation })), layers, rows: 3, format, binary,
      label: `${name} at each of ${things(scans.length, "scan")} of process ${data.timeline.pid}`,
      describe: (index) => { byId("moment").textContent = scanWords(scans[index]); },
    });
    byId("time-measures").append(...time_measures.map((measure, index) => element("label", {},
      element("input", { type: "radio", name: "time-measure", checked: index === 0, onchange: () => draw(measure) }), ` ${measure.name}`)));
    draw(time_measures[0]);
  }

  // ---- flame graph

  const measures = [
    { name: "lost", field: 1 },
    { name: "live", field: 2 },
    { name: "allocated", field: 3 },
  ].filter((measure) => data.flame.some((entry) => entry[measure.field]));

  function flameTree(field) {
    const root = { name: "all", value: 0, children: new Map() };
    for (const entry of data.flame) {
      const bytes = entry[field] || 0;
      if (!bytes) continue;
      let node = root;
      root.value += bytes;
      const frames = data.stacks[entry[0]];
      const names = frames.length ? frames.map((number) => frame(number)[0] || frame(number)[1]).reverse() : ["(no stack recorded)"];
      for (const name of names) {
        if (!node.children.has(name)) node.children.set(name, { name, value: 0, children: new Map() });
        node = node.children.get(name);
        node.value += bytes;
      }
    }
    return root;
  }

  function memory() {
    const drawings = window.castawayDrawings;
    if (!drawings || !measures.length) {
      byId("memory").querySelector(".bar").remove();
      byId("frame-details").textContent = measures.length ?
        "Not drawn: this castaway was built without the libraries that draw. `castaway report --folded FILE` writes the same for flame graph tools." :
        "No memory is live.";
      return;
    }
    const flame = drawings.flame(byId("flame"), { size, details: byId("frame-details") });
    byId("measures").append(...measures.map((measure, index) => element("label", {},
      element("input", { type: "radio", name: "measure", checked: index === 0, onchange: () => flame.show(flameTree(measure.field)) }),
      ` ${measure.name}`)));
    byId("mark").addEventListener("input", () => flame.mark(byId("mark").value));
    byId("unzoom").addEventListener("click", flame.reset);
    flame.show(flameTree(measures[0].field));
  }

  // ---- start

  head();
  tableControls();
  choose();
  document.addEventListener("keydown", onKey);
  document.addEventListener("DOMContentLoaded", () => {
    time();
    memory();
    performance.mark("castaway-ready");
    document.body.dataset.ready = "yes";
  });
})();
