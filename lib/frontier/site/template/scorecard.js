// Sorts and filters the scorecard. Without it the table is whole and in the order of the reports.
"use strict";
const table = document.querySelector("table.claims");
const rows = [...table.querySelectorAll("tr[data-verdict]")].map((row, order) => ({ row, order, home: row.parentNode }));
const control = (id) => document.getElementById(id);
const flat = table.appendChild(document.createElement("tbody"));
const keys = {
  verdict: ({ row }) => Number(row.dataset.rank),
  met: ({ row }) => -Number(row.dataset.met ?? -1),
};

function update() {
  const text = control("filter-text").value.trim().toLowerCase();
  const verdict = control("filter-verdict").value;
  const report = control("filter-report").value;
  const key = keys[control("sort").value];
  const sorted = key ? [...rows].sort((a, b) => key(a) - key(b) || a.order - b.order) : rows;
  let shown = 0;
  for (const { row, home } of sorted) {
    row.hidden = !(
      (!text || row.textContent.toLowerCase().includes(text)) &&
      (!verdict || row.dataset.verdict === verdict) &&
      (!report || row.dataset.report === report)
    );
    shown += row.hidden ? 0 : 1;
    (key ? flat : home).append(row);
  }
  const filtered = Boolean(text || verdict || report);
  for (const body of table.tBodies) {
    const has = [...body.querySelectorAll("tr[data-verdict]")].some((row) => !row.hidden);
    body.hidden = !has && (filtered || Boolean(key) || body === flat);
  }
  control("shown").textContent = `${shown} of ${rows.length} claims`;
}

for (const id of ["filter-text", "filter-verdict", "filter-report", "sort"]) {
  control(id).addEventListener("input", update);
}
document.querySelector(".controls").hidden = false;
update();
