// Comfort only; every page works without it.
// Menus close, secrets and commands can be copied, bars say their figures where the pointer is, and what is
// under way is looked at again.
"use strict";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

for (const box of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(box.querySelector("code").textContent.trim());
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  box.append(button);
}

// A bar's tip is its row of the table below the picture, so both always say the same.
for (const chart of document.querySelectorAll("figure.chart")) {
  const plot = chart.querySelector(".plot");
  if (!plot) continue;
  const names = [...chart.querySelectorAll(".twin thead th")].map((cell) => cell.textContent);
  const rows = [...chart.querySelectorAll(".twin tbody tr")];
  if (!rows.length) continue;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  plot.append(tip);
  chart.querySelectorAll(".hit").forEach((hit, index) => {
    hit.querySelector("title").remove();
    hit.addEventListener("pointerenter", () => {
      tip.replaceChildren(list(names, rows[index]));
      tip.hidden = false;
      const bar = hit.getBoundingClientRect();
      const box = plot.getBoundingClientRect();
      const right = bar.left + bar.width / 2 > box.left + box.width / 2;
      const left = right ? bar.left - box.left - tip.offsetWidth - 8 : bar.right - box.left + 8;
      tip.style.left = `${Math.max(0, Math.min(left, box.width - tip.offsetWidth))}px`;
    });
    hit.addEventListener("pointerleave", () => (tip.hidden = true));
    const link = rows[index].querySelector("a");
    if (!link) return;
    hit.classList.add("leads");
    hit.addEventListener("click", () => link.click());
  });
}

function list(names, row) {
  const dl = document.createElement("dl");
  const cells = [...row.children].map((cell) => cell.textContent);
  const title = document.createElement("dt");
  title.className = "strong";
  title.textContent = cells[0];
  dl.append(title);
  for (let i = cells.length - 1; i > 0; i--) {
    if (cells[i] === "–") continue;
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = names[i];
    dd.textContent = cells[i];
    dl.append(dt, dd);
  }
  return dl;
}

// A part that says so is asked for again until it no longer does; a page in the background waits.
async function refresh() {
  const part = document.querySelector("[data-refresh]");
  if (!part) return;
  if (!document.hidden) {
    const answer = await fetch(location.href).catch(() => null);
    if (answer && answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (fresh) part.replaceWith(fresh);
    }
  }
  setTimeout(refresh, 1000 * part.dataset.refresh);
}
setTimeout(refresh, 1000);
