/* The explorer: what a deployment would give at a speed, and whether a claimed ratio is there.

   One module, two homes. anywidget calls `render` in JupyterLab, where the choice is the traits of
   `frontier.explorer.Explorer`; in a page every element with `data-frontier-explorer` is filled,
   and the choice is in the address's fragment. The arithmetic is that of `frontier.explorer`
   (names too, so that the two can be read side by side), and a test compares them on all rows.
   Text of data becomes text nodes and attributes, never markup. */
// Data -------------------------------------------------------------------------------------------

/** Return data as `encoded` in Python wrote them, with a typed array for every number of a row. */
export function decode(raw) {
  const { rows, counts } = raw;
  const size = rows.interactivity.length;
  const config = new Int32Array(size);
  const starts = [];
  counts.reduce((at, count, c) => (config.fill(c, at, at + count), starts.push(at), at + count), 0);
  const number = {};
  for (const name of ["interactivity", "throughput_per_gpu", "output_throughput_per_gpu", "ttft",
    "joules_per_output_token", "concurrency", "day"]) {
    number[name] = Float64Array.from({ length: size }, (_, r) => rows[name]?.[r] ?? NaN);
  }
  const shapes = {};
  raw.configurations.model.forEach((m, c) => {
    const shape = `${raw.configurations.isl[c]}/${raw.configurations.osl[c]}`;
    (shapes[raw.texts.model[m]] ??= new Set()).add(shape);
  });
  for (const model in shapes) shapes[model] = [...shapes[model]].sort().reverse();
  // Rows of one configuration may come from two sources; told apart, it would be listed twice.
  const { source, ...fixed } = raw.configurations;
  const twin = counts.map((_, c) => Object.values(fixed).map((places) => places[c]).join(" "));
  return { ...raw, config, starts, number, shapes, twin, memory: new Map() };
}

const textOf = (data, name, c) => data.texts[name][data.configurations[name][c]];

/** Return what the words of a system ask for, by column; throws an Error for what is no system. */
export function conditions(data, system) {
  const [key, ...words] = system.trim().split(/\s+/);
  if (!Object.hasOwn(data.hardware, key)) throw new Error(`no accelerator “${key}”`);
  const found = { hardware: key };
  for (const word of words) {
    const text = ["precision", "framework"].find((name) => data.texts[name].includes(word));
    const [column, value] = Object.hasOwn(data.conditions, word) ? data.conditions[word] : [text, word];
    if (!column || column in found) throw new Error(`“${word}” in “${system}”`);
    found[column] = value;
  }
  if (found.disaggregated && found.single_node) throw new Error(`“${system}”: one node, yet split`);
  return found;
}

// Arithmetic, as in frontier.explorer -------------------------------------------------------------

/** Return the rows of one system that meet a choice, with the quantities as arrays. */
export function matching(data, choice, system, shape = choice.shape) {
  const asked = conditions(data, system);
  const [isl, osl] = shape.split("/").map(Number);
  const { configurations: all, number } = data;
  const wanted = Object.entries({ model: choice.model, isl, osl, ...asked })
    .filter(([name]) => name in all)
    .map(([name, v]) => [all[name], data.texts[name] ? data.texts[name].indexOf(v) : Number(v)]);
  const until = (Date.parse(choice.as_of) - Date.parse(data.first_day)) / 864e5;
  const rows = [];
  for (let c = 0; c < data.counts.length; c++) {
    if (wanted.some(([values, value]) => values[c] !== value)) continue;
    if ((textOf(data, "source", c) === data.own) !== Boolean(asked.own)) continue;
    if (asked.single_node && (all.disaggregated[c] || all.gpus[c] > 8)) continue;
    for (let r = data.starts[c], end = r + data.counts[c]; r < end; r++) {
      if (choice.as_of && !(number.day[r] <= until)) continue;
      if (choice.ttft_limit && !(number.ttft[r] <= choice.ttft_limit)) continue;
      rows.push(r);
    }
  }
  const kw = data.hardware[asked.hardware].kw[choice.power_edition] ?? NaN;
  const usd = data.hardware[asked.hardware].usd[choice.price] ?? NaN;
  const counted = choice.tokens === "output" ? 1 : (isl + osl) / osl; // for each output token
  const of = (name) => Float64Array.from(rows, (r) => number[name][r]);
  const [total, output] = [of("throughput_per_gpu"), of("output_throughput_per_gpu")];
  const [joules, interactivity] = [of("joules_per_output_token"), of("interactivity")];
  const tokens = choice.tokens === "output" ? output : total;
  const there = choice.gpus ?? (choice.megawatts * 1000) / kw;
  const gpus = Float64Array.from(rows, (r) => all.gpus[data.config[r]]);
  const deployments = gpus.map((each) => Math.floor(((there || 0) / each) * (1 + 1e-9)));
  return {
    system, key: asked.hardware, rows, interactivity, deployments, isl, osl, kw, counted,
    tok_s_per_gpu: tokens,
    tok_s_per_mw: tokens.map((t) => (t * 1000) / kw),
    tok_per_usd: tokens.map((t) => (t * 3600) / usd),
    tok_per_joule: joules.map((j) => counted / j),
    usd_per_million_tokens: tokens.map((t) => (usd / (t * 3600)) * 1e6),
    wh_per_answer: total.map((t) => (kw * 1000) / 3600 / (t / (isl + osl))),
    wh_measured: joules.map((j) => (j * osl) / 3600),
    users: deployments.map((many, i) => Math.min(
      Math.floor(many * gpus[i] * (output[i] / interactivity[i]) * (1 + 1e-9)),
      many * number.concurrency[rows[i]],
    )),
  };
}

/** Return the same, remembered while nothing that it depends on changes. */
function remembered(data, choice, system, shape = choice.shape) {
  const { model, ttft_limit, as_of, power_edition, price, tokens, megawatts, gpus } = choice;
  const key = JSON.stringify([system, shape, model, ttft_limit, as_of, power_edition, price, tokens,
    megawatts, gpus]);
  if (!data.memory.has(key)) {
    if (data.memory.size > 400) data.memory.clear();
    data.memory.set(key, matching(data, choice, system, shape));
  }
  return data.memory.get(key);
}

export const measured = (data, choice) => choice.systems.map((one) => remembered(data, choice, one));

/** Return the places of the points that no other beats in speed and one quantity, by speed. */
export function front(data, points, quantity, fits = true) {
  const memory = ((points.fronts ??= {})[fits] ??= {});
  if (memory[quantity]) return memory[quantity];
  const [x, values] = [points.interactivity, points[quantity]];
  const sign = data.quantities[quantity][2] ? 1 : -1;
  const kept = [...values.keys()].filter((i) => Number.isFinite(values[i]) && values[i] > 0
    && (!fits || points.deployments[i] >= 1));
  kept.sort((a, b) => x[b] - x[a] || sign * (values[b] - values[a]) || a - b);
  let most = -Infinity;
  const found = kept.filter((i) => sign * values[i] > most && ((most = sign * values[i]), true));
  return (memory[quantity] = found.reverse());
}

/** Return the best value of a quantity at the speed or faster; NaN where there is none. */
export function atSpeed(data, choice, points, quantity) {
  const found = front(data, points, quantity).find((i) => points.interactivity[i] >= choice.speed);
  return points[quantity][found] ?? NaN;
}

/** Return the deployments that have the speed at the least energy or cost, best first. */
export function best(data, choice, most = 5) {
  const column = data.least[choice.least];
  const found = measured(data, choice).flatMap((points, place) => [...points.rows.keys()]
    .filter((i) => points.interactivity[i] >= choice.speed && points.deployments[i] >= 1
      && !Number.isNaN(points[column][i]))
    .map((i) => ({ points, i, r: points.rows[i], place, value: points[column][i] })));
  found.sort((a, b) => a.value - b.value); // stable: of equal ones the first stays
  const first = new Map();
  for (const one of found) {
    const key = `${one.place} ${data.twin[data.config[one.r]]}`;
    if (!first.has(key)) first.set(key, one);
  }
  return [...first.values()].slice(0, most);
}

/** Return one system over another (see `Compared` in Python); null if they share no speed. */
export function compare(data, choice, above, below, shape = choice.shape) {
  const column = data.per[choice.per];
  const [up, low] = [above, below].map((system) => {
    const points = remembered(data, choice, system, shape);
    const kept = front(data, points, column, false);
    return { points, kept, x: kept.map((i) => points.interactivity[i]), y: kept.map((i) => points[column][i]) };
  });
  const start = Math.max(up.x[0], low.x[0]);
  const end = Math.min(up.x.at(-1), low.x.at(-1));
  if (!(start <= end)) return null;
  const share = choice.tokens === "output" ? low.points.osl / (low.points.isl + low.points.osl) : 1;
  const limit = (data.floor * share * low.y[0]) / low.points.tok_s_per_gpu[low.kept[0]];
  const floor = Math.min(low.y[0] / 10, limit);
  const at = ({ x, y }, speed) => y[x.findIndex((one) => one >= speed)];
  const ratio = (speed) => at(up, speed) / at(low, speed);
  const joined = [...new Set([...up.x, ...low.x])].sort((a, b) => a - b);
  const edges = [start, ...joined.filter((x) => x > start && x < end), end];
  const found = {
    edges, ratio: edges.slice(1).map(ratio), typical: NaN, largest: NaN, largest_at: NaN, share: NaN,
    floor_at: Math.min(end, low.x[low.y.findLastIndex((y) => y >= floor)]), met: [],
    at_speed: choice.speed >= start && choice.speed <= end ? ratio(choice.speed) : NaN,
  };
  if (!(found.floor_at >= start)) found.floor_at = NaN;
  else [found.largest, found.largest_at] = [ratio(start), start];
  const width = Math.log(found.floor_at / start);
  let [sum, there] = [0, 0];
  found.ratio.forEach((value, i) => {
    const [from, to] = [edges[i], edges[i + 1]];
    const counts = Math.log(Math.min(to, found.floor_at) / from); // of the part above the floor
    if (counts > 0) sum += Math.log(value) * counts;
    if (counts > 0 && value > found.largest) [found.largest, found.largest_at] = [value, to];
    if (!choice.claim || value < choice.claim) return;
    if (counts > 0) there += counts;
    if (i && found.met.at(-1)?.[1] === from) found.met.at(-1)[1] = to;
    else found.met.push([from, to]);
  });
  if (width >= 0) found.typical = width ? Math.exp(sum / width) : ratio(start);
  if (choice.claim && width > 0) found.share = there / width;
  return found;
}

/** Return how a claim stands in each traffic, over the chosen baseline and the two of Hopper. */
export function claimed(data, choice) {
  const baselines = [...new Set([choice.below, ...data.baselines])].filter((one) => one !== choice.above);
  return baselines.flatMap((below) => data.shapes[choice.model].map((shape) => (
    { below, shape, found: compare(data, choice, choice.above, below, shape) }
  ))).filter((one) => one.found);
}

/** Return what the serving model says of a system, {x, y, outside} by speed; empty if nothing. */
function modelled(data, choice, points, quantity) {
  const asked = conditions(data, points.system);
  const small = (choice.gpus ?? (choice.megawatts * 1000) / points.kw) < 72;
  const known = ["framework", "disaggregated", "own"].every((name) => !(name in asked));
  if (small || !known || /users|measured|joule/.test(quantity)) return [];
  const more = data.quantities[quantity][2];
  const [one, tokens] = [points[quantity][0], points.tok_s_per_gpu[0]]; // they are proportional
  const share = points.counted * (points.osl / (points.isl + points.osl));
  const drafts = { true: [""], false: [" no-mtp"] }[asked.speculative] ?? ["", " no-mtp"];
  const best = [];
  for (const precision of asked.precision ? [asked.precision] : data.texts.precision) {
    for (const draft of drafts) {
      const name = `${points.key} ${precision}${asked.single_node ? " node" : ""}${draft}`;
      (data.modelled[`${choice.model} ${choice.shape} ${name}`] ?? []).forEach((value, i) => {
        if (Math.abs(value) > Math.abs(best[i] ?? 0)) best[i] = value;
      });
    }
  }
  return best.map((value, i) => {
    const factor = (Math.abs(value) * share) / tokens;
    return { x: data.grid[i], y: more ? one * factor : one / factor, outside: value < 0 };
  }).filter((p) => p.y > 0);
}

// Choice ------------------------------------------------------------------------------------------

const WORDINGS = { "": "typically", "up to": "“up to”", at: "at this speed" };

/** Return for each part of a choice what reads it from text; undefined for what is not in the data. */
function readers(data, choice) {
  const among = (known) => (text) => (known.includes(text) ? text : undefined);
  const positive = (text) => (Number(text) > 0 && Number(text) < Infinity ? Number(text) : undefined);
  const optional = (read) => (text) => (text === "" ? null : read(text));
  return {
    model: among(Object.keys(data.shapes)),
    shape: among(data.shapes[choice.model]),
    systems: (text) => {
      const systems = text.split(",").map((one) => one.trim().replace(/\s+/g, " "));
      systems.forEach((one) => conditions(data, one));
      return [...new Set(systems)];
    },
    speed: positive,
    ttft_limit: optional(positive),
    as_of: optional((text) => (/^\d{4}-\d\d-\d\d$/.test(text) && Date.parse(text) ? text : undefined)),
    power_edition: among(data.power_editions),
    price: among(data.prices),
    tokens: among(["input and output", "output"]),
    megawatts: positive,
    gpus: optional((text) => (Number.isInteger(positive(text)) ? Number(text) : undefined)),
    least: among(Object.keys(data.least)),
    above: among(choice.systems),
    below: among(choice.systems),
    per: among(Object.keys(data.per)),
    claim: optional(positive),
    wording: among(Object.keys(WORDINGS)),
  };
}
const KEYS = Object.keys(readers({ shapes: {}, least: {}, per: {} }, { systems: [] }));
/** Return a choice whose traffic its model has, and whose compared systems are among its systems. */
function settled(data, choice) {
  const { systems, model, shape } = choice;
  const named = (name, other) => (systems.includes(name) ? name : other);
  return { ...choice, shape: data.shapes[model].includes(shape) ? shape : data.shapes[model][0],
    above: named(choice.above, systems[0]), below: named(choice.below, systems.at(-1)) };
}

/** Return the choice of an address's fragment on top of another, and what it names in vain. */
export function fromFragment(data, fragment, defaults) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const problems = [...asked.keys()].filter((key) => !KEYS.includes(key)).map((key) => `“${key}”`);
  const choice = { ...defaults };
  for (const key of KEYS.filter((one) => asked.has(one))) {
    try {
      const value = readers(data, choice)[key](asked.get(key));
      if (value === undefined) throw new Error(`${key} “${asked.get(key)}”`);
      choice[key] = value;
    } catch (error) {
      problems.push(error.message);
    }
  }
  return { choice: settled(data, choice), problems };
}

/** Return the fragment of a choice: what differs from the defaults. */
export function toFragment(choice, defaults) {
  const changed = KEYS.filter((key) => `${choice[key] ?? ""}` !== `${defaults[key] ?? ""}`);
  return new URLSearchParams(changed.map((key) => [key, `${choice[key] ?? ""}`])).toString();
}

// Words -------------------------------------------------------------------------------------------

/** Return a number with three significant digits, thousands set apart. */
export function number(value, digits = 3) {
  if (!Number.isFinite(value)) return "–";
  return Number(value.toPrecision(digits)).toLocaleString("en-US", { maximumFractionDigits: 12 });
}

const times = (value) => (Number.isFinite(value) ? `${number(value)}×` : "–");
const short = (value) => [[1e9, "G"], [1e6, "M"], [1e3, "k"], [0, ""]].filter(([size]) => value >= size)
  .map(([size, letter]) => number(value / (size || 1)) + letter)[0] ?? "–";
const counted = (count, noun) => `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
const traffic = (shape) => {
  const [isl, osl] = shape.split("/").map((n) => (n % 1024 ? n : `${n / 1024}k`));
  return `${isl} in, ${osl} out`;
};
const fleetOf = ({ gpus, megawatts }) => (gpus ? counted(gpus, "GPU") : `${number(megawatts)} MW`);
/** Return what a reader calls a model, an engine or a number format. */
const spoken = (data, key) => (Object.hasOwn(data.names, key) ? data.names[key] : key);

function named(data, system) {
  const [key, ...words] = system.split(" ");
  return [data.hardware[key].name, ...words.map((word) => data.words[word] ?? spoken(data, word))].join(", ");
}

function unitOf(data, choice, quantity) {
  const unit = data.quantities[quantity][1];
  return choice.tokens === "output" ? unit.replace(/tok/, "output $&") : unit;
}

function deployment(data, r) {
  const c = data.config[r];
  const of = Object.fromEntries(Object.entries(data.configurations).map(([k, v]) => [k, v[c]]));
  const split = ` (${of.prefill_gpus} prefill + ${of.decode_gpus} decode)`;
  return [
    data.rows.label?.[r], ["framework", "precision"].map((name) => spoken(data, textOf(data, name, c))).join(" "),
    of.speculative && "MTP or draft",
    counted(of.gpus, "GPU") + (of.disaggregated && of.decode_gpus ? split : ""), of.tp && `TP ${of.tp}`,
    of.ep > 1 && `EP ${of.ep}`, of.dp_attention && "attention DP", data.texts.caveat[data.rows.caveat[r]],
  ].filter(Boolean).join(", ");
}

const dayOf = (data, r) => (Number.isNaN(data.number.day[r]) ? "undated"
  : new Date(Date.parse(data.first_day) + data.number.day[r] * 864e5).toISOString().slice(0, 10));

/** Return an address if it is one of the web; text from data may say anything, javascript: too. */
export const web = (address) => (/^https?:\/\/[^\0-\x20/]+[^\0-\x20]*$/i.test(address) ? address : null);

// Drawing -----------------------------------------------------------------------------------------

const DRAWN = /^(svg|g|path|text|circle|rect)$/;

/** Return an element; strings among the children become text, functions listeners. */
function h(tag, attributes = {}, ...children) {
  const made = DRAWN.test(tag) ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  // Else JupyterLab takes arrow keys and Enter for commands of its own.
  if (/^(input|select|button|summary|a)$/.test(tag)) made.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((one) => one));
  return made;
}

/** Return a logarithmic scale, with round values for its axis that are so far apart, in px. */
function scale(values, first, last, gap) {
  let [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  [low, high] = high / low < 1.3 ? [low / 1.2, high * 1.2] : [low * 0.96, high * 1.04];
  const to = (value) => first + (Math.log(value / low) / Math.log(high / low)) * (last - first);
  const [least, span] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high / low)) + 1];
  const ticks = [[1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]
    .map((steps) => Array.from({ length: span + 1 }, (_, d) => steps.map((s) => Number(`${s}e${least + d}`)))
      .flat().filter((value) => value >= low * 0.999 && value <= high * 1.001));
  const apart = (t) => t.every((value, i) => !i || Math.abs(to(value) - to(t[i - 1])) >= gap);
  return { to: (value) => Number(to(value).toFixed(1)), ticks: ticks.find(apart) ?? [] };
}

// A mark for each way in which a row was obtained.
const MARKS = {
  measured: "m-1.7 0a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0z",
  "measured, labels inferred": "m0-2.4l2.4 2.4-2.4 2.4-2.4-2.4z",
  "derived from latencies": "m-1.6-1.6h3.2v3.2h-3.2z",
  yours: "m-4-1h3v-3h2v3h3v2h-3v3h-2v-3h-3z",
};

/** Draw a chart into a figure: `series` with name, colour, dash, line and dots; `level` a claim. */
function chart(figure, spec, width) {
  const [left, right, bottom] = [52, 14, 40];
  const line = (d, stroke, more = {}) => h("path", { d, stroke, fill: "none", ...more });
  const text = (x, y, words, more = {}) => h("text", { x, y, ...more }, words);
  const key = [];
  let [across, down] = [0, 46];
  for (const { name, colour, dash } of spec.series.filter((one) => one.name)) {
    const wide = 40 + name.length * 6.6;
    if (across && across + wide > width) [across, down] = [0, down + 17];
    key.push(line(`M${across} ${down - 4}h20`, colour, { "stroke-width": 2, "stroke-dasharray": dash }),
      text(across + 26, down, name));
    across += wide;
  }
  const top = down + (key.length ? 16 : -4);
  const end = top + Math.round(Math.min(Math.max(width * 0.56, 190), 300));
  const svg = h("svg", { role: "img", "aria-label": `${spec.title}, ${spec.unit}: ${spec.alt}`,
    viewBox: `0 0 ${width} ${end + bottom}`, width, height: end + bottom, style: `width:${width}px`,
    class: "chart" }, text(0, 13, spec.title, { class: "name" }), text(0, 29, spec.unit, { class: "unit" }));
  const all = spec.series.flatMap((one) => [...one.line, ...(one.dots ?? [])]);
  Object.assign(figure, { spec, overlay: h("g"), scales: null });
  if (!all.length) svg.append(text(0, top + 30, "Nothing to show for this choice."));
  else {
    const x = scale(all.map((p) => p.x), left, width - right, 32);
    const y = scale([...all.map((p) => p.y), ...(spec.with ?? [])], end, top, 28);
    figure.scales = { x, y, top, end, left, right: width - right };
    const pixel = (p) => `${x.to(p.x)} ${y.to(p.y)}`;
    svg.append(
      ...y.ticks.flatMap((v) => [line(`M${left} ${y.to(v)}H${width - right}`, "var(--x-grid)"),
        text(left - 7, y.to(v) + 4, short(v), { "text-anchor": "end" })]),
      ...x.ticks.flatMap((v) => [line(`M${x.to(v)} ${end}v4`, "var(--x-muted)"),
        text(x.to(v), end + 17, short(v), { "text-anchor": "middle" })]),
      line(`M${left} ${end}H${width - right}`, "var(--x-muted)"),
      text((left + width - right) / 2, end + 36, "speed per user, tok/s", { "text-anchor": "middle", class: "unit" }),
      ...key,
    );
    for (const { dots = [], colour } of spec.series) {
      for (const [kind, some] of Object.entries(Object.groupBy(dots, (dot) => dot.kind))) {
        const d = some.map((dot) => `M${pixel(dot)}${MARKS[kind]}`).join("");
        svg.append(h("path", { d, fill: colour, "fill-opacity": kind === "yours" ? 1 : 0.32 }));
      }
    }
    if (spec.level) {
      const at = y.to(spec.level);
      const style = { "text-anchor": "end", class: "claim" };
      svg.append(line(`M${left} ${at}H${width - right}`, "var(--x-claim)", { "stroke-dasharray": "6 3" }),
        text(width - right, at - 5, `claimed ${number(spec.level)}×`, style),
        ...spec.met.map(([a, b]) => line(`M${x.to(a)} ${at}H${Math.max(x.to(b), x.to(a) + 2)}`,
          "var(--x-claim)", { "stroke-width": 5 })));
    }
    for (const { line: points, smooth, colour, dash } of spec.series.filter((one) => one.line.length)) {
      // What a point attains holds for every lower speed, so a frontier is a staircase.
      const d = points.map((p, i) => (!i ? `M${pixel(p)}` : smooth ? `L${pixel(p)}`
        : `V${y.to(p.y)}H${x.to(p.x)}`)).join("");
      svg.append(line(d, colour, { "stroke-width": smooth ? 1.3 : 2.1, "stroke-dasharray": dash }));
    }
  }
  svg.append(figure.overlay);
  figure.picture.replaceChildren(svg);
}

/** Draw what follows the slider: the chosen speed, rings, and where a claimed ratio would be. */
function overlay({ scales, overlay: layer }, choice, rings = [], claim = null) {
  if (!scales) return;
  const { x, y, top, end, left, right } = scales;
  const at = x.to(choice.speed);
  if (at < left - 1 || at > right + 1) return void layer.replaceChildren();
  const ink = { fill: "none", stroke: "var(--x-ink)" };
  const red = { fill: "none", stroke: "var(--x-claim)", "stroke-width": 2 };
  const [low, side] = [rings.at(-1), at > (left + right) / 2 ? -1 : 1];
  layer.replaceChildren(
    h("path", { d: `M${at} ${top}V${end}`, "stroke-dasharray": "2 3", ...ink }),
    ...rings.filter((one) => one > 0).map((one) => h("circle", { cx: at, cy: y.to(one), r: 6, ...ink })),
    ...(claim && low ? [h("path", { d: `M${at} ${y.to(low)}V${y.to(low * claim)}m-5 0h10`, ...red }),
      h("text", { x: at + side * 10, y: y.to(low * claim) + 4, class: "claim halo",
        "text-anchor": side < 0 ? "end" : "start" }, `${number(claim)}× would be here`)] : []),
  );
}

// Saving ------------------------------------------------------------------------------------------

function save(name, content) {
  const url = URL.createObjectURL(new Blob([content]));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Return a chart as a picture of its own, with the colours that it has on the page. */
function standalone(svg) {
  const copy = svg.cloneNode(true);
  const [from, to] = [svg, copy].map((one) => [...one.querySelectorAll("*")]);
  from.forEach((one, i) => {
    const { fill, stroke, fontWeight, fontSize } = getComputedStyle(one);
    for (const [name, value] of Object.entries({ fill, stroke })) to[i].setAttribute(name, value);
    if (one.tagName === "text") to[i].setAttribute("style", `font:${fontWeight} ${fontSize} sans-serif`);
  });
  copy.prepend(h("rect", { width: "100%", height: "100%", fill: getComputedStyle(svg).backgroundColor }));
  return new XMLSerializer().serializeToString(copy);
}

function savePng(name, svg) {
  const image = new Image();
  image.onload = () => {
    const canvas = h("canvas", { width: image.width * 2, height: image.height * 2 });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(name, blob));
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
}

/** Return rows as CSV; text that a spreadsheet would run as a formula begins with an apostrophe. */
export function csv(rows) {
  const cell = (value) => {
    const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r]/, "'$&") : `${value ?? ""}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

function shownRows(data, { title, unit, series }) {
  const of = (name, mark) => ({ x, y, r, kind }) => [name ?? title, kind ?? mark, x, y,
    ...(r === undefined ? [] : [deployment(data, r), dayOf(data, r), data.rows.row_id[r]])];
  return [["series", "mark", "tok_s_per_user", `${title}, ${unit}`, "configuration", "date", "row_id"],
    ...series.flatMap(({ name, dots = [], line, smooth }) => [...dots.map(of(name)),
      ...line.map(of(name, smooth ? "modelled" : "frontier"))])];
}

// The view ----------------------------------------------------------------------------------------

const STEPS = 240; // of the slider, from 5 to 1,000 tok/s/user
const speedAt = (step) => Number((5 * 200 ** (step / STEPS)).toPrecision(2));
const stepOf = (speed) => Math.round((Math.log(speed / 5) / Math.log(200)) * STEPS);
const SECONDS = [0.2, 0.5, 1, 2, 3, 5, 10, 30];
let elements = 0;

/** Fill an element with the explorer of a choice; returns a function that shows another choice. */
export function mount(root, data, { choice, problems = [], options = {}, store = () => {} }) {
  let state = settled(data, choice);
  const { compact } = options;
  const syncs = []; // what sets a control to the choice
  let systemSyncs = [];

  const update = (changes) => {
    state = settled(data, { ...state, ...changes });
    told.replaceChildren();
    store(state);
    draw();
  };
  /** Take what a control says; what is no value leaves the choice as it is. */
  const put = (name, text) => {
    const value = readers(data, state)[name](text);
    if (value !== undefined) update({ [name]: value });
    return value !== undefined;
  };

  // Controls
  const select = (get, set, choices, more = {}, list = syncs) => {
    const control = h("select", { ...more, change: () => set(control.value) });
    list.push(() => {
      const [value, all] = [`${get() ?? ""}`, choices()];
      if (!all.some(([one]) => `${one}` === value)) all.push([value, value]);
      control.replaceChildren(...all.map(([one, text]) => h("option", { value: `${one}` }, `${text}`)));
      control.value = value;
    });
    return control;
  };
  const labelled = (text, ...controls) => {
    controls[0].id = `frontier-explorer-${++elements}`;
    return h("div", { class: "field" }, h("label", { for: controls[0].id }, text), ...controls);
  };
  const pick = (label, name, choices) => labelled(label,
    select(() => state[name], (value) => put(name, value), choices));
  const input = (name, more) => {
    const reset = () => { control.value = state[name] ?? ""; };
    const control = h("input", { step: "any", min: 0, ...more, change: () => put(name, control.value) || reset() });
    syncs.push(() => control === document.activeElement || reset()); // not while somebody types in it
    return control;
  };
  const typed = (label, name, type = "number") => labelled(label, input(name, { type }));
  const same = (values) => () => [...values].map((one) => [one, one]);
  const names = (systems) => systems.map((one) => [one, named(data, one)]);
  const slider = h("input", { type: "range", min: 0, max: STEPS, step: 1,
    input: () => update({ speed: speedAt(slider.value) }) });
  const exact = input("speed", { type: "number", "aria-label": "Speed per user as a number" });
  const syncSpeed = () => {
    slider.value = stepOf(state.speed);
    slider.setAttribute("aria-valuetext", `${number(state.speed)} tok/s/user`);
    if (exact !== document.activeElement) exact.value = state.speed;
  };
  const speed = labelled("Speed per user, tok/s", slider, exact);
  speed.classList.add("slider");
  const shapes = pick("Traffic, tokens", "shape", () => data.shapes[state.model].map((one) => [one, traffic(one)]));

  const colours = () => state.systems.map((one, place) => {
    const [key] = one.split(" ");
    if (one.endsWith(" own")) return "var(--x-ink)";
    const colour = `var(--${key}, ${data.hardware[key].colour})`;
    const twins = state.systems.slice(0, place).filter((other) => other.split(" ")[0] === key).length;
    return twins ? `color-mix(in srgb, ${colour} 45%, var(--x-${twins > 1 ? "muted" : "ink"}))` : colour;
  });
  /** Put another system in a place, and follow it where it is compared. */
  const changeSystem = (place, text) => {
    const follow = (name) => (state[name] === state.systems[place] ? text : state[name]);
    const systems = state.systems.map((one, i) => (i === place ? text : one));
    if (new Set(systems).size < systems.length) return draw();
    return update({ systems, above: follow("above"), below: follow("below") });
  };
  const FIELDS = [
    ["hardware", "Accelerator", () => names(Object.keys(data.hardware))],
    ["framework", "Software", "any software"],
    ["precision", "Precision", "any precision"],
    ["speculative", "Speculation", () => [["", "MTP or not"], ["mtp", "with MTP"], ["no-mtp", "no MTP"]]],
    ["layout", "Layout", () => [["", "any layout"], ["split", "prefill split off"], ["no-split", "not split"],
      ["node", "one node"]]],
    ...(data.texts.source.includes(data.own) ? [["own", "Rows", () => [["", "public"], ["own", "yours"]]]] : []),
  ];
  const systemRow = (place) => {
    /** The words of the system, by the control that they are in. */
    const words = () => Object.fromEntries((state.systems[place] ?? "").split(" ").map((word, i) => {
      const column = data.conditions[word]?.[0] ?? (data.texts.precision.includes(word) ? "precision" : "framework");
      return [i ? column.replace(/disaggregated|single_node/, "layout") : "hardware", word];
    }));
    const used = (name, any) => () => {
      const there = data.counts.map((_, c) => textOf(data, "model", c) === state.model
        && textOf(data, "hardware", c) === words().hardware && textOf(data, name, c)).filter(Boolean);
      return [["", any], ...[...new Set(there)].sort().map((one) => [one, spoken(data, one)])];
    };
    const controls = FIELDS.map(([name, label, choices]) => select(() => words()[name], (word) => {
      const changed = { ...words(), [name]: word };
      changeSystem(place, FIELDS.map(([one]) => changed[one]).filter(Boolean).join(" "));
    }, typeof choices === "string" ? used(name, choices) : choices,
    { "aria-label": `${label} of system ${place + 1}` }, systemSyncs));
    const [swatch, count] = [h("span", { class: "swatch" }), h("span", { class: "count" })];
    systemSyncs.push(() => {
      swatch.style.background = colours()[place];
      count.textContent = counted(remembered(data, state, state.systems[place]).rows.length, "row");
    });
    const remove = () => [update({ systems: state.systems.filter((_, i) => i !== place) }), add.focus()];
    return h("div", { class: "system", role: "group", "aria-label": `System ${place + 1}` }, swatch, controls,
      count, state.systems.length > 1 && h("button", { type: "button", click: remove,
        "aria-label": `Remove system ${place + 1}` }, "×"));
  };
  const list = h("div", {});
  const add = h("button", { type: "button", click: () => {
    const free = ["", " node", " no-mtp", " node no-mtp"]
      .flatMap((words) => Object.keys(data.hardware).map((key) => key + words));
    update({ systems: [...state.systems, free.find((one) => !state.systems.includes(one))] });
    list.lastChild.querySelector("select").focus();
  } }, "Add a system");

  const two = (label, place) => labelled(label, select(() => state.systems[place],
    (text) => changeSystem(place, text), () => names([...new Set([...Object.keys(data.hardware), ...data.baselines])])));
  const group = (legend, ...children) => h("fieldset", {}, h("legend", {}, legend), children);
  const row = (...children) => h("div", { class: "controls" }, children);
  const controls = compact ? [row(two("System", 0), two("Compared with", 1), shapes, speed)] : [
    row(pick("Model", "model", () => Object.keys(data.shapes).map((one) => [one, spoken(data, one)])), shapes, speed),
    group("Systems", list, add),
    h("details", {}, h("summary", {}, "Conditions, power, prices and fleet"), row(
      pick("First token within", "ttft_limit", () => [["", "any time"], ...SECONDS.map((one) => [one, `${one} s`])]),
      typed("Rows up to the day", "as_of", "date"),
      pick("All-in power, table of", "power_edition", same(data.power_editions)),
      pick("Prices per GPU-hour", "price", same(data.prices)),
      pick("Tokens counted", "tokens", same(["input and output", "output"])),
      typed("Fleet, MW", "megawatts"), typed("or fleet, GPUs", "gpus"),
      pick("Best is least", "least", same(Object.keys(data.least))))),
    group("Compare two, and check a claim", row(
      pick("System", "above", () => names(state.systems)), pick("Over", "below", () => names(state.systems)),
      pick("Per", "per", same(Object.keys(data.per))), typed("Claimed, times", "claim"),
      pick("Said to hold", "wording", () => Object.entries(WORDINGS)))),
  ];

  // What is shown
  const told = h("p", { class: "problem", role: "status" });
  const [answer, ratioTold] = [0, 1].map(() => h("p", { class: "answer", "aria-live": "polite" }));
  const notes = h("p", { class: "note" });
  const [table, claims, more] = [h("div"), h("div"), h("a")];
  const tell = (inVain) => told.replaceChildren(inVain.length
    ? `Not in these data, so the default is kept: ${inVain.join("; ")}.` : "");

  /** Name the point next to the pointer, with its row. */
  const point = ({ spec, scales, picture, said }, event) => {
    const box = picture.getBoundingClientRect();
    const away = (p) => Math.hypot(scales.x.to(p.x) + box.left - event.clientX, scales.y.to(p.y) + box.top - event.clientY);
    const near = (scales ? spec.series : []).flatMap(({ name, line: points, dots = [] }) => [...points, ...dots]
      .filter((p) => p.r !== undefined && away(p) < 16).map((p) => ({ ...p, name })));
    const { name, x, y, r } = near.sort((a, b) => away(a) - away(b))[0] ?? {};
    said.textContent = name ? `${name}: ${short(y)} ${spec.unit} at ${number(x)} tok/s/user. `
      + `${deployment(data, r)}, ${dayOf(data, r)}, ${data.rows.row_id[r]}` : "";
  };
  const figure = (name) => {
    const made = { picture: h("div"), said: h("span", { class: "point" }) };
    const as = (kind, act) => h("button", { type: "button", "aria-label": `Save ${name} as ${kind}`,
      click: () => act(`explorer-${name}.${kind.toLowerCase()}`, made.picture.firstChild) }, kind);
    made.element = h("figure", { pointermove: (event) => point(made, event) }, made.picture,
      h("figcaption", {}, made.said, h("span", { class: "save" }, as("SVG", (file, svg) => save(file, standalone(svg))),
        as("PNG", savePng), as("CSV", (file) => save(file, csv(shownRows(data, made.spec)))))));
    return made;
  };
  const charts = ["throughput", ...(compact ? [] : ["ratio", "cost", "energy", "energy-measured", "users"])];
  const figures = Object.fromEntries(charts.map((name) => [name, figure(name)]));
  const body = h("div", {}, told, controls, answer, ratioTold,
    h("div", { class: "charts" }, charts.map((name) => figures[name].element)), table, claims, notes,
    options.more && h("p", {}, more));

  /** Return what a chart of one quantity shows: frontiers, with the points, and with the model. */
  function spec(quantity, parts, { dots = false, model = false } = {}) {
    const of = (points) => (i) => ({ x: points.interactivity[i], y: points[quantity][i], r: points.rows[i],
      kind: textOf(data, "source", data.config[points.rows[i]]) === data.own ? "yours"
        : data.evidence[data.configurations.source[data.config[points.rows[i]]]] });
    const series = parts.flatMap((points, place) => {
      const colour = colours()[place];
      const smooth = model ? modelled(data, state, points, quantity) : [];
      // The model is apart where it was not checked on measured rows.
      return [{ name: named(data, points.system), colour, dash: points.system.endsWith(" own") && "4 2",
        dots: dots ? [...points.rows.keys()].map(of(points)).filter((p) => p.y > 0) : [],
        line: front(data, points, quantity).map(of(points)) },
      ...[false, true].map((outside) => ({ colour, smooth: true, dash: outside ? "1 4" : "6 4",
        line: smooth.filter((p, i) => p.outside === outside || smooth[i + 1]?.outside === outside) }))];
    });
    const alt = parts.map((points) => `${named(data, points.system)} ${number(atSpeed(data, state, points, quantity))}`);
    return { title: data.quantities[quantity][0], unit: unitOf(data, state, quantity), series, alt: alt.join(", ") };
  }

  function ratioSpec(found, quantity) {
    const title = `${named(data, state.above)} over ${named(data, state.below)}`;
    const points = (found?.edges ?? []).map((x, i) => ({ x, y: found.ratio[Math.max(i - 1, 0)] }));
    const cut = points.filter((p) => p.x <= found.floor_at).length;
    const colour = colours()[state.systems.indexOf(state.above)];
    return { title, unit: `ratio of ${unitOf(data, state, quantity)}`, level: state.claim, met: found?.met ?? [],
      with: state.claim ? [state.claim] : [], alt: `typically ${number(found?.typical)}`,
      series: [{ colour, line: points.slice(0, cut) }, { colour, dash: "1 3", line: points.slice(Math.max(cut - 1, 0)) }] };
  }

  let [drawn, width, synced] = ["", 0, ""];
  function drawCharts(parts, found) {
    const { speed: _, least, wording, ...still } = state; // what the slider moves is laid over
    const quantity = data.per[state.per];
    const low = parts[state.systems.indexOf(state.below)];
    const key = JSON.stringify([still, width]);
    if (key !== drawn) {
      drawn = key;
      const narrow = width < 700;
      const [large, small] = [narrow || compact ? width : (width - 32) / 2, narrow ? width : (width - 64) / 3].map(Math.floor);
      const peak = front(data, low, quantity).map((i) => low[quantity][i] * state.claim)[0];
      chart(figures.throughput, { ...spec(quantity, parts, { dots: !compact, model: !compact }), with: peak ? [peak] : [] }, large);
      if (!compact) {
        chart(figures.ratio, ratioSpec(found, quantity), large);
        chart(figures.cost, spec("usd_per_million_tokens", parts, { model: true }), small);
        chart(figures.energy, spec("wh_per_answer", parts, { model: true }), small);
        chart(figures["energy-measured"], spec("wh_measured", parts), small);
        figures["energy-measured"].element.hidden = !figures["energy-measured"].scales;
        const users = spec("users", parts);
        chart(figures.users, { ...users, unit: `${users.unit} in ${fleetOf(state)}` }, small);
      }
    }
    const at = [state.above, state.below].map((one) => atSpeed(data, state, parts[state.systems.indexOf(one)], quantity));
    charts.forEach((name) => overlay(figures[name], state, { throughput: at, ratio: [found?.at_speed] }[name],
      name === "throughput" && state.claim));
  }

  function sentences(first, parts, found) {
    const asked = `${spoken(data, state.model)}, ${traffic(state.shape)}, at ${number(state.speed)} tok/s/user`
      + (state.ttft_limit ? `, first token within ${number(state.ttft_limit)} s` : "");
    const [quantity, unit] = [data.per[state.per], unitOf(data, state, data.per[state.per])];
    if (compact) {
      answer.replaceChildren(`${asked}: ${parts.map((points) => (
        `${named(data, points.system)} ${short(atSpeed(data, state, points, quantity))} ${unit}`)).join(", ")}.`);
    } else if (first) {
      const { points, i, r } = first;
      const [wh, usd] = [points.wh_per_answer[i], points.usd_per_million_tokens[i]].map((one) => number(one));
      answer.replaceChildren(h("b", {}, named(data, points.system)), ` takes the least ${state.least} for ${asked}: `
        + `${wh} Wh of provisioned energy per answer, $${usd} per million tokens, ${number(points.users[i])} answers `
        + `at once in ${fleetOf(state)}. Measured at ${number(points.interactivity[i])} tok/s/user, ${dayOf(data, r)}.`);
    } else {
      const [most, system] = parts.flatMap((points) => Array.from(points.interactivity, (x) => [x, points.system]))
        .sort((a, b) => b[0] - a[0])[0] ?? [];
      answer.replaceChildren(`${asked}: ${!most ? "nothing was measured for this choice." : most < state.speed
        ? `no measured deployment is so fast; the fastest, ${named(data, system)}, has ${number(most)} tok/s/user.`
        : `what is fast enough does not fit ${fleetOf(state)} whole${state.least === "cost" ? ", or has no price" : ""}.`}`);
    }
    const over = `${named(data, state.above)} over ${named(data, state.below)}, ${unit}: `;
    if (!found) return void ratioTold.replaceChildren(`${over}no speed is shared, so there is no ratio.`);
    const [start, end] = [found.edges[0], found.edges.at(-1)];
    ratioTold.replaceChildren(over, ...(Number.isFinite(found.at_speed)
      ? [h("b", {}, times(found.at_speed)), ` at ${number(state.speed)} tok/s/user, `]
      : [`no ratio at ${number(state.speed)} tok/s/user, because the two share only the speeds from ${number(start)} `
        + `to ${number(end)} tok/s/user; `]), Number.isFinite(found.typical)
      ? `typically ${times(found.typical)} from ${number(start)} to ${number(found.floor_at)} tok/s/user, `
        + `at most ${times(found.largest)}.`
      : `no typical one, because ${named(data, state.below)} serves hardly anything at the speeds that both have.`);
    if (!state.claim || compact) return;
    const [which, value] = { "": ["typical ratio", found.typical], "up to": ["largest ratio", found.largest],
      at: ["ratio at this speed", found.at_speed] }[state.wording];
    const where = found.met.map(([a, b]) => `from ${number(a)} to ${number(b)}`).join(", ");
    const part = Number.isFinite(value) ? `The ${which} is ${number((100 * value) / state.claim)} % of`
      : `There is no ${which} to set against`;
    ratioTold.append(` ${part} the claimed ${times(state.claim)}, which is there ${where ? `${where} tok/s/user` : "at no speed"}.`);
  }

  const tableOf = (title, head, rows) => [h("h3", {}, title), h("div", { class: "scroll", tabindex: "0",
    role: "group", "aria-label": title }, h("table", {}, h("thead", {}, h("tr", {}, head.map((text) => h("th",
    { scope: "col" }, text)))), h("tbody", {}, rows.map(([first, ...cells]) => h("tr", {}, h("th",
    { scope: "row" }, first), cells.map((cell) => h("td", {}, cell)))))))];

  function drawTable(found) {
    const quantity = data.per[state.per];
    const title = `Best deployments at ${number(state.speed)} tok/s/user or faster, least ${state.least} first`;
    const counting = state.tokens === "output" ? "output tokens" : "tokens, in and out";
    const head = ["System and configuration", "tok/s/user", "first token, s", unitOf(data, state, quantity),
      `$ per million ${counting}`, "Wh per answer", `deployments in ${fleetOf(state)}`,
      `answers at once in ${fleetOf(state)}`, "row, date"];
    table.replaceChildren(...tableOf(title, head, found.map(({ points, i, r }) => {
      const id = data.rows.row_id[r];
      const href = options.row_page ? options.row_page + encodeURIComponent(id) : web(data.texts.run_url[data.rows.run_url[r]]);
      const values = [points.interactivity[i], data.number.ttft[r], points[quantity][i],
        points.usd_per_million_tokens[i], points.wh_per_answer[i], points.deployments[i], points.users[i]];
      const held = counted(data.number.concurrency[r], "request");
      return [[h("b", {}, named(data, points.system)), `, ${deployment(data, r)}, ${held} at once`],
        ...values.map((one) => number(one)), [href ? h("a", { href }, id) : id, h("br"), dayOf(data, r)]];
    })));
  }

  function drawClaim() {
    if (!state.claim) return void claims.replaceChildren();
    const value = `${number(state.claim)}×`;
    const rows = claimed(data, state).map(({ below, shape, found }) => [named(data, below), traffic(shape),
      ...[found.typical, found.largest, found.at_speed].map(times),
      found.met.map(([a, b]) => `${number(a)}–${number(b)}`).join(", ") || "nowhere",
      Number.isFinite(found.share) ? `${number(100 * found.share, 2)} %` : "–"]);
    const missing = rows.some((cells) => cells.includes("–"));
    const [above, below] = [state.above, state.below].map((one) => one.split(" ")[0]);
    const command = [`frontier check --above ${above} --below ${below} --value ${state.claim}`,
      `--per ${state.per === "$" ? "'$'" : state.per}`, state.model !== "deepseek-r1" && `--model ${state.model}`,
      { at: `--at ${state.speed}`, "up to": '--wording "up to"' }[state.wording]].filter(Boolean).join(" ");
    claims.replaceChildren(...tableOf(`Where ${named(data, state.above)} gives ${value} per ${state.per}`, ["Over", "traffic",
      "typical", "largest", `at ${number(state.speed)}`, `${value} is there, tok/s/user`, "share of speeds"], rows),
    ...(missing ? [h("p", {}, "–: the two do not share that speed, or share one alone, or what stands below serves "
      + "hardly anything where they do.")] : []),
    h("p", {}, "The verdict with its uncertainty, over all traffics, of each accelerator as a whole:"),
    h("code", { tabindex: "0" }, command));
  }

  function drawNotes(parts) {
    const none = parts.filter((points) => !points.rows.length).map((points) => named(data, points.system));
    const rows = parts.flatMap((points) => points.rows);
    const undated = rows.filter((r) => Number.isNaN(data.number.day[r])).length;
    const large = parts.flatMap((points) => [...points.deployments]).filter((one) => one < 1).length;
    const power = [...new Set(parts.map((points) => points.key))].map((key) => `${data.hardware[key].name} `
      + `${data.hardware[key].kw[state.power_edition] ?? "–"} kW, $${data.hardware[key].usd[state.price] ?? "–"} an hour`);
    notes.replaceChildren([
      none.length && `Nothing was measured for ${none.join("; ")}.`,
      `${undated} of ${counted(rows.length, "row")} are undated.`,
      large && !compact && `${counted(large, "row")} of deployments too large for ${fleetOf(state)}: points, on no line.`,
      `Per GPU, all in: ${power.join("; ")}.`,
      "Lines: the best measured at a speed or a faster one.",
      !compact && "Requests at once are those that a deployment held in its run, waiting ones too; answers at once are "
        + "those being written.",
      !compact && "Thin broken lines: the serving model, of at most 72 GPUs, dotted where it was not checked. Points: "
        + "● measured, ◆ with labels inferred, ■ derived from latencies. Ratios are of deployments of any size, dotted "
        + "below the baseline’s floor.",
    ].filter(Boolean).join(" "));
  }

  function draw() {
    if (list.childElementCount !== state.systems.length) {
      systemSyncs = [];
      list.replaceChildren(...state.systems.map((_, place) => systemRow(place)));
    }
    const still = JSON.stringify({ ...state, speed: null });
    const moved = still === synced; // by the slider, which changes nothing else
    syncSpeed();
    if (!moved) [...syncs, ...systemSyncs].forEach((one) => one());
    synced = still;
    const parts = measured(data, state);
    const found = compare(data, state, state.above, state.below);
    const first = compact ? [] : best(data, state);
    drawCharts(parts, found);
    sentences(first[0], parts, found);
    if (!moved) drawNotes(parts);
    more.textContent = "More systems, cost, energy and users";
    more.setAttribute("href", `${options.more}#${toFragment(state, {})}`);
    if (compact) return;
    drawTable(first);
    drawClaim();
  }

  root.querySelectorAll(":scope > :not(style)").forEach((one) => one.remove());
  root.append(body);
  tell(problems);
  width = body.clientWidth || 900;
  draw();
  new ResizeObserver(() => {
    if (Math.abs((body.clientWidth || width) - width) < 2) return;
    width = body.clientWidth;
    draw();
  }).observe(body);
  return (other, inVain = []) => {
    state = settled(data, other);
    tell(inVain);
    draw();
  };
}

// The two homes -----------------------------------------------------------------------------------

/** In JupyterLab the choice is the widget's traits. */
function render({ model, el }) {
  el.classList.add("frontier-panel");
  const read = () => Object.fromEntries(KEYS.map((key) => [key, model.get(key)]));
  let storing = false; // what is stored here comes back as a change
  const show = mount(el, decode(model.get("_data")), { choice: read(), store: (state) => {
    storing = true;
    KEYS.forEach((key) => model.set(key, state[key]));
    model.save_changes();
    storing = false;
  } });
  const changed = () => storing || show(read());
  model.on("change", changed);
  return () => model.off("change", changed);
}

/** In a page the data are in the element, and the choice is in the address. */
async function fill(root) {
  const packed = Uint8Array.from(atob(root.querySelector("script").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const { choice, options, ...raw } = await new Response(stream).json();
  const data = decode(raw);
  const asked = () => fromFragment(data, !options.compact && location.hash.includes("=") ? location.hash : "", choice);
  const show = mount(root, data, { ...asked(), options, store: (state) => {
    if (!options.compact) history.replaceState(null, "", `#${toFragment(state, choice)}`);
  } });
  addEventListener("hashchange", () => show(asked().choice, asked().problems));
}

const waiting = globalThis.document?.querySelectorAll("[data-frontier-explorer]:not([data-filled])") ?? [];
for (const root of waiting) {
  root.dataset.filled = "yes";
  fill(root);
}

export default { render };
