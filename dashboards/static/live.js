// Swaps what the server sends, by element id; keeps times fresh; copies commands. Everything works without it.

const parse = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html; // from our own server, where every value was escaped; the policy forbids scripts besides
  const all = [...template.content.querySelectorAll("[id]")];
  return all.filter((element) => !element.parentElement?.closest("[id]")); // rows come within a table, or none would be read
};

const mark = (element) => {
  element.classList.add("swapped");
  element.addEventListener("animationend", () => element.classList.remove("swapped"), { once: true });
};

const put = (fresh) => {
  const old = document.getElementById(fresh.id);
  if ("gone" in fresh.dataset) { old?.remove(); return; }
  if (old && old.outerHTML === fresh.outerHTML) return;
  if (old) {
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    old.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((details, place) => { if (place in open) details.open = open[place]; });
    if (focused) fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  } else if (fresh.dataset.into) {
    document.getElementById(fresh.dataset.into)?.append(fresh);
  } else return;
  if (fresh.matches("tr, .cell")) mark(fresh);
};

const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const ago = (seconds) => {
  const size = Math.abs(seconds);
  if (size < 1) return "just now";
  const [name, unit] = units.find(([, unit]) => size >= unit);
  const text = `${Math.floor(size / unit)} ${name}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
};
const drift = (() => { // the server's clock is the one that counts
  const shown = document.querySelector(".foot time")?.dateTime;
  return shown ? Date.now() - Date.parse(shown) : 0;
})();
const refreshTimes = () => {
  for (const time of document.querySelectorAll("main time")) {
    time.textContent = ago((Date.now() - drift - Date.parse(time.dateTime)) / 1000);
  }
};

const pulse = (state, word) => {
  const place = document.getElementById("pulse");
  if (place) place.className = `pulse ${state}`;
  const said = document.getElementById("pulse-word");
  if (said) said.textContent = word;
};

const follow = (address) => {
  let source = null;
  let seen = "";
  const open = () => {
    const url = new URL(address, location.href);
    if (seen) url.searchParams.set("after", seen);
    source = new EventSource(url);
    source.addEventListener("open", () => pulse("live", "live"));
    source.addEventListener("error", () => pulse("away", "reconnecting"));
    source.addEventListener("swap", (event) => {
      seen = event.lastEventId || seen;
      const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 40;
      parse(event.data).forEach(put);
      if (atEnd && document.getElementById("tail")) scrollTo(0, document.documentElement.scrollHeight);
    });
    source.addEventListener("end", () => { source.close(); pulse("", "ended"); });
  };
  let sleep = 0;
  document.addEventListener("visibilitychange", () => { // a hidden page asks for nothing after a minute
    clearTimeout(sleep);
    if (document.hidden) sleep = setTimeout(() => { source.close(); pulse("away", "asleep"); }, 60_000);
    else if (source.readyState === EventSource.CLOSED && document.getElementById("pulse-word")?.textContent === "asleep") open();
  });
  addEventListener("pagehide", () => source.close());
  open();
};

const copyable = (code) => {
  code.setAttribute("role", "button");
  code.tabIndex = 0;
  code.title = "Copy";
};
const copy = async (code) => {
  await navigator.clipboard.writeText(code.textContent);
  code.classList.add("copied");
  setTimeout(() => code.classList.remove("copied"), 900);
};

if (navigator.clipboard) {
  document.querySelectorAll("[data-copies]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      button.textContent = "Copied";
    });
  });
  document.querySelectorAll("[data-copy]").forEach(copyable);
  document.addEventListener("click", (event) => { const code = event.target.closest("[data-copy]"); if (code) copy(code); });
  document.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches("[data-copy]")) { event.preventDefault(); copy(event.target); }
  });
}
setInterval(refreshTimes, 10_000);
if (document.body.dataset.stream) follow(document.body.dataset.stream);
