// The person's choice of light or dark, set before anything is painted; without one the system's choice holds.
(() => {
  const root = document.documentElement;
  const kept = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const show = (theme) => { if (theme) root.dataset.theme = theme; else delete root.dataset.theme; };
  show(kept());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const order = ["", "light", "dark"];
    const names = { "": "Theme: system", light: "Theme: light", dark: "Theme: dark" };
    button.textContent = names[kept() || ""];
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(kept() || "") + 1) % order.length];
      try { localStorage.setItem("theme", next); } catch { /* a browser that keeps nothing */ }
      show(next);
      button.textContent = names[next];
    });
  });
})();
