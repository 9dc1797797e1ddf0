// Filters and sorts the rows; without this script the page has them all, in the order of their ids.
const rows = [...document.querySelectorAll("tbody tr")];
const text = document.getElementById("filter-rows"), front = document.getElementById("filter-front");
const show = () => {
  const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of rows) {
    const told = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => told.includes(word)) || (front.checked && !told.includes("●"));
    count += !row.hidden;
  }
  document.getElementById("shown").textContent = `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
};
text.addEventListener("input", show);
front.addEventListener("change", show);
document.querySelector(".controls").hidden = false;
for (const head of document.querySelectorAll(".sortable th[scope=col]")) {
  const button = document.createElement("button");
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0], place = head.cellIndex;
    const value = (row) => row.cells[place].textContent.replaceAll(",", "");
    const order = (a, b) => value(a).localeCompare(value(b), "en", { numeric: true }) * (up ? 1 : -1);
    body.append(...[...body.rows].sort(order));
  });
}
