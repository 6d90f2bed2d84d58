// Keys of the log page, and ranges of lines in the address. Everything works without it.

const rows = () => [...document.querySelectorAll(".log .row.failing")];
const show = (row) => {
  row.closest("details")?.setAttribute("open", "");
  history.replaceState(null, "", `#${row.id}`);
  choose();
  row.scrollIntoView({ block: "center" });
};
const step = (by) => {
  const all = rows();
  if (!all.length) return;
  const here = all.findIndex((row) => `#${row.id}` === location.hash);
  show(all[(here + by + all.length) % all.length]);
};
const choose = () => { // #L120-L140 marks a range
  const range = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
  document.querySelectorAll(".log .chosen").forEach((row) => row.classList.remove("chosen"));
  if (!range) return;
  const [from, to] = [Number(range[1]), Number(range[2] ?? range[1])];
  for (let number = from; number <= Math.min(to, from + 5000); number += 1) {
    const row = document.getElementById(`L${number}`);
    row?.classList.add("chosen");
    if (number === from && row) { row.closest("details")?.setAttribute("open", ""); row.scrollIntoView({ block: "center" }); }
  }
};
const keys = {
  n: () => step(1),
  p: () => step(-1),
  g: () => scrollTo(0, 0),
  G: () => scrollTo(0, document.documentElement.scrollHeight),
  w: () => document.getElementById("log").classList.toggle("wrap"),
  r: () => document.getElementById("raw").click(),
};

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  keys[event.key]?.();
});
document.getElementById("log").addEventListener("click", (event) => { // Shift makes a range
  const link = event.target.closest(".no");
  const start = /^#L(\d+)/.exec(location.hash);
  if (!link || !event.shiftKey || !start) return;
  event.preventDefault();
  const ends = [Number(start[1]), Number(link.textContent)].sort((a, b) => a - b);
  history.replaceState(null, "", `#L${ends[0]}-L${ends[1]}`);
  choose();
});
addEventListener("hashchange", choose);
document.querySelector(".keys").hidden = false;
choose();
