// The operator's page. Everything that comes from outside is put in with textContent: a title is never markup.
// Written for old phones: no optional chaining, no class fields, nothing fetched from elsewhere.

const words = JSON.parse(document.getElementById("words").textContent);
const SILENT_AFTER_MS = 6000;    // the station says something every 2 s
const OBEY_WITHIN_MS = 8000;
const FLOOR_DB = -60;
const SILENT_DB = -90;
const LEVEL_OF_STATE = {on_air: "good", unobserved: "warn", silence: "idle", noise: "warn", hum: "warn", foreign: "bad"};

let status = null;
let person = null;
let afterLogin = null;
let lastWord = Date.now();
let obeyTimer = 0;
const peaks = {};

const $ = (id) => document.getElementById(id);
const say = (code) => (code in words ? words[code] : code);
const word = (code) => (("word." + code) in words ? words["word." + code] : code);

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  return node;
}

function fill(node, children) {
  node.textContent = "";
  children.forEach((child) => node.appendChild(child));
}

function show(node, visible) { node.hidden = !visible; }

// ---- time: by the station's clock and in its zone, whatever the phone believes
let stationWall = null;
const stationNow = () => (stationWall ? new Date(stationWall).getTime() : Date.now());
const clock = new Intl.DateTimeFormat("en-GB", {timeZone: "Asia/Ho_Chi_Minh", hour: "2-digit", minute: "2-digit"});
const date = new Intl.DateTimeFormat("en-GB", {timeZone: "Asia/Ho_Chi_Minh", day: "2-digit", month: "2-digit",
  year: "numeric"});
const timeOf = (iso) => clock.format(new Date(iso));
const dayOf = (iso) => date.format(new Date(iso));
// With its seconds where it has any.
const momentOf = (iso) => timeOf(iso) + (iso.slice(17, 19) === "00" ? "" : iso.slice(16, 19));
const slot = (item) => momentOf(item.starts_at) + "–" + momentOf(item.ends_at);

function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const rest = two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
  return seconds >= 3600 ? Math.floor(seconds / 3600) + ":" + rest : rest;
}

// The same in words: "16:55" alone looks like a time of day.
function durationInWords(ms) {
  if (ms === null || ms === undefined) return "–";
  const seconds = Math.floor(ms / 1000), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
  const parts = hours ? [[hours, "hours"], [minutes % 60, "minutes"]] : [[minutes, "minutes"], [seconds % 60, "seconds"]];
  return parts.filter(([n], at) => n || at).map(([n, unit]) => n + " " + say(unit)).join(" ");
}

// Whole seconds of parts that add up to the whole of their sum, by the largest remainders.
function wholeSeconds(parts) {
  const shares = parts.map((ms) => Math.floor(ms / 1000));
  let left = Math.round(parts.reduce((a, b) => a + b, 0) / 1000) - shares.reduce((a, b) => a + b, 0);
  const order = parts.map((ms, n) => n).sort((a, b) => parts[b] % 1000 - parts[a] % 1000);
  order.forEach((n) => { if (left > 0) { shares[n] += 1; left -= 1; } });
  return shares.map((seconds) => 1000 * seconds);
}

// The four figures of the account, for reading: what is printed adds up.
function figures(account) {
  const parts = PARTS.map((key) => account[key]);
  const known = parts.every((ms) => ms !== null && ms !== undefined);
  return [account.planned_ms].concat(known ? wholeSeconds(parts) : parts);
}

// ---- what is said
function drawStatus() {
  const verdict = status.verdict;
  $("verdict").className = "banner " + verdict.level;
  $("verdict").textContent = say(verdict.code);
  drawNow();
  drawChannels();
  drawStopped();
  drawFaults();
  drawDay();
  drawFoot();
}

function noNews(name) { return el("p", "error", say("no_news." + name)); }

function broadcast(item, empty) {
  if (!item) return [el("p", "more", say(empty))];
  const kind = word(item.kind);
  return [el("div", "name", item.programme), el("div", "more", slot(item) + " · " + kind)];
}

function drawNow() {
  const playout = status.playout;
  fill($("on-air"), playout ? broadcast(playout.on_air, "nothing_on_air") : [noNews("playout")]);
  fill($("next"), playout ? broadcast(playout.next, "nothing_next") : [noNews("playout")]);
  if (playout && heldBack(playout)) $("next").appendChild(el("p", "error", say("held_back")));
  show($("bar"), Boolean(playout && playout.on_air));
}

// A stop is in force when it would begin; an emergency sounds all the same.
function heldBack(playout) {
  const until = playout.stopped && playout.stopped.until;
  if (!playout.next || !playout.stopped || playout.next.class === "emergency") return false;
  return !until || new Date(playout.next.starts_at) < new Date(until);
}

function drawChannels() {
  if (!status.meter) return fill($("channels"), [noNews("meter")]);
  const channels = status.meter.channels;
  if (!channels.length) return fill($("channels"), [el("p", "hint", say("no_channel"))]);
  const known = Array.from($("channels").querySelectorAll("canvas"));
  if (known.length !== channels.length) fill($("channels"), channels.map(channelBox));
  channels.forEach(drawChannel);
}

function channelBox(channel, n) {
  const box = el("div", "meter");
  const head = el("div", "meter-head");
  head.appendChild(el("span", "label"));
  head.appendChild(el("span", "chip"));
  head.appendChild(el("span", "db"));
  box.appendChild(head);
  const canvas = el("canvas");
  canvas.setAttribute("aria-hidden", "true");
  canvas.id = "heard-" + n;
  box.appendChild(canvas);
  return box;
}

function drawChannel(channel, n) {
  const box = $("heard-" + n).parentNode;
  box.querySelector(".label").textContent = say("heard") + " (" + channel.name + ")";
  const lost = channel.device === "lost";
  const poor = channel.state === "on_air" && channel.quality && channel.quality !== "ok";
  const chip = box.querySelector(".chip");
  const bad = status.playout && status.playout.on_air && channel.state !== "on_air" && channel.state !== "unobserved";
  chip.className = "chip " + (lost || bad ? "bad" : poor ? "warn" : LEVEL_OF_STATE[channel.state] || "warn");
  chip.textContent = lost ? word("device.lost") : word(channel.state) + (poor ? ", " + word(channel.quality) : "");
}

function drawStopped() {
  const stopped = status.playout && status.playout.stopped;
  const pressed = document.activeElement === $("stop") || document.activeElement === $("resume");
  show($("stopped"), Boolean(stopped));
  show($("resume"), Boolean(stopped));
  show($("stop"), !stopped);
  if (pressed && document.activeElement !== $(stopped ? "resume" : "stop")) $(stopped ? "stopped" : "stop").focus();
  if (stopped) {
    const end = stopped.until ? say("until") + " " + timeOf(stopped.until) + " " + dayOf(stopped.until)
      : say("until_resumed");
    $("stopped").textContent = say("stopped_by") + " " + stopped.by + (stopped.why ? ": " + stopped.why : "") +
      " (" + end + ")";
  }
}

function drawFaults() {
  if (!status.ledger) return fill($("faults"), [noNews("ledger")]);
  const faults = status.ledger.faults || [];
  if (!faults.length) return fill($("faults"), [el("p", "more", say("no_faults"))]);
  fill($("faults"), faults.map(faultBox));
}

function faultBox(fault) {
  const lang = document.documentElement.lang;
  const grave = fault.severity === "critical" || fault.severity === "major" || fault.severity === "error";
  const box = el("div", "fault " + (grave ? "bad" : "warn"));
  box.appendChild(el("strong", "", fault["title_" + lang]));
  const about = word(fault.severity) + " · " + say("since") + " " + timeOf(fault.since) + " " + dayOf(fault.since);
  box.appendChild(el("p", "more", (fault.target && fault.target !== "station" ? fault.target + " · " : "") + about));
  if (fault["advice_" + lang]) box.appendChild(el("p", "", say("what_to_do") + " " + fault["advice_" + lang]));
  if (fault["why_" + lang]) box.appendChild(el("p", "more", say("reason") + " " + fault["why_" + lang]));
  return box;
}

const PARTS = ["on_air_ms", "not_on_air_ms", "unobserved_ms"];
const TOTALS = ["planned", "on_air_time", "not_on_air", "unobserved"];

function drawDay() {
  const today = status.ledger && status.ledger.today;
  fill($("totals"), today ? figures(today).map((ms, n) => {
    const box = el("div", "total");
    box.appendChild(el("b", "", durationInWords(ms)));
    box.appendChild(el("span", "", say(n ? TOTALS[n] : "planned_day")));
    return box;
  }) : [noNews("ledger")]);
  if (!status.playout) return fill($("today"), [noNews("playout")]);
  const lines = status.playout.today;
  fill($("today"), [lines.length ? dayTable(lines) : el("p", "more", say("nothing_today"))]);
}

function dayTable(lines) {
  const table = el("table");
  const head = el("tr");
  head.appendChild(el("th", "", say("time")));
  head.appendChild(el("th", "", say("programme")));
  TOTALS.forEach((text) => head.appendChild(el("th", "number figure", say(text))));
  head.appendChild(el("th", "", say("state")));
  const top = el("thead");
  top.appendChild(head);
  const body = el("tbody");
  lines.forEach((line) => body.appendChild(dayRow(line)));
  table.appendChild(top);
  table.appendChild(body);
  return table;
}

function dayRow(line) {
  const row = el("tr", line.state === "on_air" ? "current" : "");
  row.appendChild(el("td", "", slot(line)));
  const title = el("td", "title", line.programme);
  const account = figures(line);
  const kind = word(line.kind) + (line.class && line.class !== "normal" ? ", " + word(line.class) : "");
  const settled = line.on_air_ms !== null && line.on_air_ms !== undefined;
  title.appendChild(el("span", "small", kind + (settled ? " · " + say("on_air_time") + " " +
    duration(account[1]) + " / " + duration(account[0]) : "")));
  row.appendChild(title);
  account.forEach((ms) => row.appendChild(el("td", "number figure", duration(ms))));
  row.appendChild(el("td", "state " + (line.state === "missed" ? "missed" : ""), say("state." + line.state)));
  return row;
}

function drawFoot() {
  $("clock").textContent = status.playout ? word("clock." + status.playout.clock) : say("no_news.playout");
  const ledger = status.ledger;
  $("uplink").textContent = ledger ? word("uplink." + ledger.uplink) + (ledger.uplink === "off" ? "" : " · " +
    ledger.acknowledged_seq + "/" + ledger.seq + " " + say("records")) : say("no_news.ledger");
}

// ---- what moves
function drawLevels(levels) {
  stationWall = levels.wall;
  $("time").textContent = stationWall ? timeOf(stationWall) + " " + dayOf(stationWall) : "";
  const onAir = status.playout && status.playout.on_air;
  if (onAir) {
    const share = Math.max(0, Math.min(1, (levels.position_ms || 0) / onAir.planned_ms));
    $("bar-fill").style.width = (100 * share).toFixed(1) + "%";
    const line = $("on-air").querySelector(".more");
    line.textContent = slot(onAir) + " · " + word(onAir.kind) + " · " + duration(levels.position_ms) + " / " +
      duration(onAir.planned_ms);
  }
  drawMeter($("sent-meter"), $("sent-db"), levels.sent_dbfs);
  levels.heard.forEach((pair, n) => {
    const canvas = $("heard-" + n);
    if (canvas) drawMeter(canvas, canvas.parentNode.querySelector(".db"), pair[1]);
  });
}

function decibels(dbfs) {
  if (dbfs < SILENT_DB) return "−∞ dB";
  const text = dbfs.toFixed(1).replace("-", "−");
  return (document.documentElement.lang === "vi" ? text.replace(".", ",") : text) + " dB";
}

function drawMeter(canvas, label, dbfs) {
  const known = dbfs !== null && dbfs !== undefined;
  label.textContent = known ? decibels(dbfs) : say("no_signal");
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  const at = (db) => Math.max(0, Math.min(1, (db - FLOOR_DB) / -FLOOR_DB)) * width;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#e4e9ee";
  pen.fillRect(0, 0, width, height);
  if (known) {
    [[FLOOR_DB, -12, "#1d9150"], [-12, -3, "#d99a1b"], [-3, 0, "#c9252b"]].forEach(([from, to, colour]) => {
      pen.fillStyle = colour;
      pen.fillRect(at(from), 0, Math.max(0, at(Math.min(dbfs, to)) - at(from)), height);
    });
    const peak = peaks[canvas.id] = Math.max(dbfs, (canvas.id in peaks ? peaks[canvas.id] : FLOOR_DB) - 0.8);
    pen.fillStyle = "#16202b";
    pen.fillRect(Math.max(0, at(peak) - 2 * ratio), 0, 2 * ratio, height);
  }
  pen.fillStyle = "rgba(255,255,255,.65)";
  [-48, -36, -24, -12].forEach((db) => pen.fillRect(at(db), 0, ratio, height));
}

// ---- hearing from the station
function listen() {
  const events = new EventSource("/api/events");
  const on = (name, act) => events.addEventListener(name, (event) => {
    lastWord = Date.now();
    act(JSON.parse(event.data));
  });
  on("status", (news) => { status = news; drawStatus(); checkObeyed(); });
  on("levels", drawLevels);
  events.onerror = () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  };
}

function tick() {
  const silent = Date.now() - lastWord > SILENT_AFTER_MS;
  show($("contact"), silent);
  if (silent && status) forget();
}

// What was said long ago is no news: with the contact lost, nothing good stays on the page.
function forget() {
  status = {news: {}, verdict: {level: "bad", code: "verdict.no_playout"}, playout: null, meter: null, ledger: null};
  drawStatus();
  $("time").textContent = "";
}

// ---- orders
function send(path, body) {
  return fetch(path, {method: "POST", credentials: "same-origin", headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body)})
    .then((answer) => answer.json().then((said) => ({status: answer.status, said})))
    .catch(() => ({status: 0, said: {message: say("error.failed")}}));
}

function showPerson() {
  show($("who"), Boolean(person));
  $("who-name").textContent = person ? say("logged_in") + ": " + person : "";
}

function closePanels() {
  ["login", "confirm", "order-error"].forEach((id) => show($(id), false));
  $("orders").classList.remove("asking");
  $("code").value = "";
}

// Beside a question there is only its own answer to press.
function ask(panel, field) {
  show($(panel), true);
  $("orders").classList.add("asking");
  $(field).focus();
}

// Whoever works with the keyboard stays where he was.
function leavePanels() {
  closePanels();
  ($("stop").hidden ? $("resume") : $("stop")).focus();
}

function complain(message) {
  $("order-error").textContent = message;
  show($("order-error"), true);
}

function asPerson(act) {
  closePanels();
  if (person) return act();
  afterLogin = act;
  ask("login", $("name").value ? "code" : "name");
}

function order(path, body, waiting) {
  send(path, body).then((answer) => {
    if (answer.status === 401) { person = null; showPerson(); return asPerson(() => order(path, body, waiting)); }
    if (answer.status !== 202) return complain(answer.said.message);
    leavePanels();
    $("order-state").textContent = say(waiting);
    show($("order-state"), true);
    clearTimeout(obeyTimer);
    wantStopped = path === "/api/stop";
    obeyTimer = setTimeout(() => { $("order-state").textContent = say("not_obeyed"); }, OBEY_WITHIN_MS);
    checkObeyed();
  });
}

let wantStopped = null;

function checkObeyed() {
  if (wantStopped === null || !status.playout) return;
  if (Boolean(status.playout.stopped) !== wantStopped) return;
  wantStopped = null;
  clearTimeout(obeyTimer);
  show($("order-state"), false);
}

function untilOf(choice) {
  if (choice === "ever") return null;
  if (choice === "hour") return new Date(stationNow() + 3600000).toISOString();
  const [day, month, year] = dayOf(new Date(stationNow()).toISOString()).split("/");
  const midnight = new Date(year + "-" + month + "-" + day + "T00:00:00+07:00").getTime() + 86400000;
  return new Date(midnight).toISOString();
}

$("stop").addEventListener("click", () => asPerson(() => ask("confirm", "why")));
$("resume").addEventListener("click", () => asPerson(() => order("/api/resume", {why: ""}, "sent_resume")));
$("confirm").addEventListener("submit", (event) => {
  event.preventDefault();
  order("/api/stop", {why: $("why").value, until: untilOf($("until").value)}, "sent_stop");
});
$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  send("/api/login", {name: $("name").value, code: $("code").value}).then((answer) => {
    if (answer.status !== 200) { $("code").select(); return complain(answer.said.message); }
    person = answer.said.name;
    showPerson();
    closePanels();
    afterLogin();
  });
});
$("logout").addEventListener("click", () => send("/api/logout", {}).then(() => { person = null; showPerson(); }));
Array.from(document.querySelectorAll(".cancel")).forEach((button) => button.addEventListener("click", leavePanels));
$("orders").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && $("orders").classList.contains("asking")) leavePanels();
});

const first = JSON.parse($("first").textContent);
status = first.status;
drawStatus();
drawLevels(first.levels);
tick();
setInterval(tick, 1000);
listen();
fetch("/api/me", {credentials: "same-origin"}).then((answer) => answer.json()).then((said) => {
  person = said.name;
  showPerson();
}).catch(() => {});
