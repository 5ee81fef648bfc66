// html_check.mjs PORT - check pages in the headless Chromium that listens there. Each check is a page and its steps on standard
// input, every word ended by a NUL, the check by one more; its answer is a line for all that is wrong, then `done STATUS`.
// Whatever the page logs as an error, and every request that is not for the page itself, is wrong too.
//
// STEP is NAME or NAME=VALUE, of the table below. Start: the end.
import puppeteer from "puppeteer-core";

const port = process.argv[2];
let wrong = []; // in this check
const expect = (holds, words) => { if (!holds) wrong.push(words); };
const rows = (page) => page.$$eval("tr.finding", (found) => found.length);
const plain = (words) => words.replace(/[\u00a0\u202f]/g, " "); // digits are grouped by narrow spaces
const text = async (page, selector) => plain(await page.$eval(selector, (element) => element.textContent));

const doings = {
  async size(page, value) {
    const [width, height] = value.split("x").map(Number);
    await page.setViewport({ width, height });
  },
  async dark(page) { await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]); },
  async opened_within(page, value) { // milliseconds of the page's own thread: whatever else the machine is busy with
    const session = await page.createCDPSession();
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const spent = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
    const before = await spent();
    await page.reload({ waitUntil: "load" });
    await page.waitForSelector("body[data-ready]");
    const taken = 1000 * (await spent() - before);
    expect(taken > 0 && taken < Number(value), `took ${Math.round(taken)} ms to open`);
  },
  async rows(page, value) { expect(await rows(page) === Number(value), `${await rows(page)} rows, not ${value}`); },
  async matches(page, value) { expect(await text(page, "#matches") === value, `matches: ${await text(page, "#matches")}`); },
  async search(page, value) {
    await page.$eval("#search", (box) => { box.value = ""; });
    await page.focus("#search");
    await page.keyboard.type(value || " ");
  },
  async sort(page, value) {
    await page.evaluate((name) => [...document.querySelectorAll("#heads button")].find((b) => b.textContent.startsWith(name)).click(), value);
  },
  async first(page, value) {
    const first = await text(page, "tr.finding");
    expect(first.includes(value), `the first row is ${first}`);
  },
  async key(page, value) { await page.keyboard.press(value); },
  async focused(page, value) {
    const label = await page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    expect(label.includes(value), `focus is on ${label}`);
  },
  async details(page, value) {
    const found = await page.$$eval("tr.details", (all) => all.map((element) => element.innerText).join("\n"));
    expect(plain(found).includes(value), `details are ${found.slice(0, 400)}`);
  },
  async no_details(page) { expect(!(await page.$("tr.details")), "details are open"); },
  async ring(page, value) {
    await page.waitForSelector(".ring[data-nodes] canvas", { timeout: 60000 });
    const nodes = await page.$eval(".ring", (ring) => ring.dataset.nodes);
    expect(nodes === value, `${nodes} nodes drawn`);
    await new Promise((done) => setTimeout(done, 300));
    const inked = await page.$eval(".ring", (ring) => Math.max(...[...ring.querySelectorAll("canvas")].map((canvas) => {
      const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
      return pixels.reduce((sum, pixel) => sum + (pixel >>> 24 > 32), 0) / pixels.length;
    })));
    expect(inked > 0.02, `only ${(inked * 100).toFixed(2)} % of the drawing is drawn on`);
  },
  async edges(page, value) { // WORDS COUNT: of the labels that the drawing was given
    const [, words, number] = value.match(/^(.*) (\d+)$/);
    const labels = JSON.parse(await page.$eval(".ring", (ring) => ring.dataset.edges || "[]"));
    const found = labels.filter((label) => label.includes(words)).length;
    expect(found === Number(number), `edges: ${labels.join(", ").slice(0, 300)}`);
  },
  async flame(page, value) {
    const labels = await page.$$eval("#flame g.frame", (all) => all.map((frame) => frame.getAttribute("aria-label")));
    expect(labels.some((label) => label.startsWith(value)), `frames: ${labels.join(", ").slice(0, 300)}`);
  },
  async measure(page, value) {
    await page.evaluate((name) => [...document.querySelectorAll("#measures label, #time-measures label")].find((l) => l.textContent.trim() === name).click(), value);
  },
  async zoom(page, value) {
    await page.evaluate((name) => [...document.querySelectorAll("#flame g.frame")].find((f) => f.getAttribute("aria-label").startsWith(name)).focus(), value);
    await page.keyboard.press("Enter");
    await new Promise((done) => setTimeout(done, 200));
    const width = await page.evaluate((name) => [...document.querySelectorAll("#flame g.frame")]
      .find((f) => f.getAttribute("aria-label").startsWith(name)).getBoundingClientRect().width, value);
    const all = await page.$eval("#flame", (element) => element.clientWidth);
    expect(width > all * 0.95, `${value} is ${width} of ${all} wide`);
  },
  async chart(page, value) { // SELECTOR LAYERS
    const [, selector, layers] = value.match(/^(.*) (\d+)$/);
    await page.waitForSelector(`${selector} svg`, { timeout: 5000 });
    const drawn = await page.$$eval(`${selector} .layer`, (all) => all.map((layer) => layer.getBoundingClientRect())
      .filter((box) => box.width > 100 && box.height > 2).length);
    expect(drawn === Number(layers), `${drawn} layers of ${selector} are drawn`);
  },
  async ticks(page, value) { // SELECTOR TICK
    const [, selector, tick] = value.match(/^(\S+) (.*)$/);
    const found = await page.$$eval(`${selector} .tick`, (all) => all.map((each) => each.textContent));
    expect(found.includes(tick), `ticks: ${found.join(", ")}`);
  },
  async walk(page, value) { // SELECTOR KEY
    const [, selector, key] = value.match(/^(.*) (\w+)$/);
    await page.focus(selector);
    await page.keyboard.press(key);
  },
  async open(page, value) {
    await page.focus(`${value} summary`);
    await page.keyboard.press("Enter");
    await new Promise((done) => setTimeout(done, 100));
  },
  async path(page, value) {
    const step = await page.evaluateHandle((words) => [...document.querySelectorAll(".path summary")].find((s) => s.textContent.includes(words)), value);
    await step.focus();
    await page.keyboard.press("Enter");
  },
  async hidden(page, value) { expect(!(await page.$eval(value, (found) => found.checkVisibility())), `${value} is shown`); },
  async fits(page) {
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(inner <= outer, `the page is ${inner} wide in a window of ${outer}`);
  },
  async says(page, value) {
    const found = await page.evaluate(() => document.body.innerText);
    expect(plain(found).includes(value), `no ${JSON.stringify(value)} on the page`);
  },
  async no_markup(page) {
    const made = await page.$$eval("main img, main script, main iframe, header img, [onerror]", (all) => all.length);
    expect(made === 0 && !(await page.evaluate(() => window.owned)), `${made} elements came out of names`);
  },
  async labelled(page) {
    const bare = await page.$$eval("button, input", (all) => all.filter((control) =>
      !control.hidden && !control.textContent.trim() && !control.labels?.length && !control.getAttribute("aria-label")).length);
    expect(bare === 0, `${bare} controls without a name`);
  },
  async picture(page, value) { await page.screenshot({ path: value, fullPage: true }); },
};

async function open(page, path, steps) {
  const early = steps.filter((step) => /^(size|dark)/.test(step));
  for (const step of early) await doings[step.split("=")[0]](page, step.slice(step.indexOf("=") + 1));
  await page.goto(`file://${path}`, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("body[data-ready]", { timeout: 15000 });
  return steps.filter((each) => !early.includes(each));
}

async function check(browser, path, steps) {
  const page = await browser.newPage(), report = [];
  wrong = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) wrong.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== `file://${path}` && !request.url().startsWith("data:")) wrong.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width: 1280, height: 900 });
  try {
    for (const step of await open(page, path, steps)) {
      const [name] = step.split("="), before = wrong.length;
      await doings[name](page, step.includes("=") ? step.slice(name.length + 1) : "");
      if (wrong.length > before) report.push(`${step}: ${wrong.slice(before).join("; ")}`);
    }
  } catch (error) {
    wrong.push(String(error.message));
    report.push(String(error.message));
  }
  await page.close();
  for (const line of report.length ? report : wrong) console.log(line.replaceAll("\n", " "));
  console.log(`done ${wrong.length ? 1 : 0}`);
}

async function* words() {
  let rest = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    const parts = (rest + chunk).split("\0");
    rest = parts.pop();
    yield* parts;
  }
}

const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}`, defaultViewport: null });
let given = [];
for await (const word of words()) {
  if (word) {
    given.push(word);
    continue;
  }
  const [path, ...steps] = given;
  given = [];
  await check(browser, path, steps);
}
await browser.disconnect();
